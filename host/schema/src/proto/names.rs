//! How WIT's names are spelt in protobuf.

/// `User` of `user`, `HTTPUrl` of `HTTP-url`, `UserId` of `user_id`.
pub fn upper_camel(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    words.map(capitalized).collect()
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// `USER_STATUS` of `UserStatus`, `HTTP_STATUS` of `HTTPStatus`; also of
/// `user-status`.
pub fn upper_snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let after = i.checked_sub(1).map(|before| chars[before]);
        let begins_word = c.is_ascii_uppercase()
            && after.is_some_and(|before| {
                let ends_acronym = before.is_ascii_uppercase()
                    && chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
                before.is_ascii_lowercase() || before.is_ascii_digit() || ends_acronym
            });
        if begins_word {
            out.push('_');
        }
        out.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_uppercase()
        });
    }
    out
}

/// The name that protobuf's compiler gives a field in JSON: `userId` of
/// `user_id`.
pub fn json_name(field: &str) -> String {
    after_underscores(field, false)
}

/// The name it gives the message of a map's entries: `TagsEntry` of `tags`.
pub fn map_entry(field: &str) -> String {
    after_underscores(field, true) + "Entry"
}

/// `STATUS_ACTIVE` of enum `Status` and case `active`.
pub fn value_name(name: &str, case: &str) -> String {
    format!("{}_{}", upper_snake(name), upper_snake(case))
}

fn after_underscores(name: &str, mut capital: bool) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '_' => capital = true,
            c if std::mem::take(&mut capital) => out.push(c.to_ascii_uppercase()),
            c => out.push(c),
        }
    }
    out
}

/// The first name of `candidates`, and then of the first with a number behind
/// it, that is free.
pub fn free_name(
    candidates: impl IntoIterator<Item = String>,
    mut is_free: impl FnMut(&str) -> bool,
) -> String {
    let mut numbered = None;
    for candidate in candidates {
        if is_free(&candidate) {
            return candidate;
        }
        numbered = Some(candidate);
    }
    let stem = numbered.unwrap_or_default();
    let mut number = 2_u32;
    loop {
        let candidate = format!("{stem}{number}");
        if is_free(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (wit, camel, snake) in [
            ("user", "User", "USER"),
            ("user-id", "UserId", "USER_ID"),
            ("HTTP-status", "HTTPStatus", "HTTP_STATUS"),
            ("v1-beta", "V1Beta", "V1_BETA"),
            ("a-1", "A1", "A1"),
        ] {
            assert_eq!(upper_camel(wit), camel);
            assert_eq!(upper_snake(camel), snake);
        }
        assert_eq!(upper_snake("not-found"), "NOT_FOUND");
    }

    /// As `protoc` spells them.
    #[test]
    fn names_that_the_compiler_derives() {
        for (field, json, entry) in [
            ("user_id", "userId", "UserIdEntry"),
            ("URL_id", "URLId", "URLIdEntry"),
            ("_a__b_1", "AB1", "AB1Entry"),
            ("x", "x", "XEntry"),
        ] {
            assert_eq!(json_name(field), json);
            assert_eq!(map_entry(field), entry);
        }
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = ["A", "BA", "BA2"];
        let free = |name: &str| !taken.contains(&name);
        assert_eq!(free_name(["A".into(), "BA".into()], free), "BA3");
        assert_eq!(free_name(["C".into()], free), "C");
    }
}
