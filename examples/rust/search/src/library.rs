//! The documents, and what it means to find something in one.

/// Titles and texts, in order of title.
pub(crate) const DOCUMENTS: [(&str, &str); 12] = [
    (
        "bakeries",
        "Bread is baked before dawn, so that it is warm when the market opens.",
    ),
    (
        "bridges",
        "A bridge of stone stands on arches; where the river is wide, it needs many.",
    ),
    (
        "clocks",
        "A pendulum of one metre takes about one second from side to side.",
    ),
    (
        "ferries",
        "Where no bridge can be built, a ferry goes back and forth along a rope.",
    ),
    (
        "harbours",
        "Ships wait outside the harbour until the tide lets them in.",
    ),
    (
        "libraries",
        "Books stand by subject, then by author, and the catalogue knows both.",
    ),
    (
        "lighthouses",
        "Each lighthouse has a rhythm of its own, by which ships know where they are.",
    ),
    (
        "markets",
        "On market days carts come in from every village before the gates open.",
    ),
    (
        "mills",
        "The river turns the wheel, the wheel turns the stone, and the stone grinds the corn.",
    ),
    (
        "orchards",
        "Apples for winter are picked late, laid in straw and turned once a week.",
    ),
    (
        "rivers",
        "A river is named at its mouth: upstream, each branch claims to be the river.",
    ),
    (
        "stables",
        "An ostler takes the horses of travellers, feeds them, and has them ready at dawn.",
    ),
];

/// Characters of an excerpt on either side of the first word's place, and the
/// rest of the words they are in.
const AROUND: usize = 20;

/// What was found in a text.
pub(crate) struct Found<'a> {
    pub(crate) excerpt: &'a str,
    /// How often the words occur.
    pub(crate) score: u32,
}

/// Looks for words, given in lower case: all of them must be there.
pub(crate) fn look<'a>(text: &'a str, words: &[String]) -> Option<Found<'a>> {
    // The documents are ASCII, so lower case moves no place.
    let lower = text.to_ascii_lowercase();
    let mut score = 0;
    for word in words {
        match lower.matches(&**word).count() {
            0 => return None,
            count => score += count as u32,
        }
    }
    let first = lower.find(&**words.first()?)?;
    Some(Found {
        excerpt: excerpt(text, first),
        score,
    })
}

/// The words around a place.
fn excerpt(text: &str, place: usize) -> &str {
    let start = place.saturating_sub(AROUND);
    let end = (place + AROUND).min(text.len());
    let start = text[..start].rfind(' ').map_or(0, |space| space + 1);
    let end = text[end..]
        .find(' ')
        .map_or(text.len(), |space| end + space);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_in_order_and_ascii() {
        assert!(DOCUMENTS.is_sorted());
        assert!(DOCUMENTS.iter().all(|(_, text)| text.is_ascii()));
    }

    #[test]
    fn counts_and_cuts() {
        let words = ["stone".to_owned(), "wheel".to_owned()];
        let found = look(DOCUMENTS[8].1, &words).unwrap();
        assert_eq!(found.score, 4);
        assert_eq!(found.excerpt, "the wheel turns the stone, and the stone");
        assert!(look(DOCUMENTS[8].1, &["gate".to_owned()]).is_none());
    }
}
