//! Eight bytes at a time through what needs no attention.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The place at or after `from` of the first byte that cannot stand in a JSON
/// string as it is (a quote, a backslash, a control character); the length of
/// `bytes` when there is none.
#[inline]
pub(super) fn plain_run(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = bytes.get(at..at + 8).and_then(|w| w.try_into().ok()) {
        let special = special(u64::from_le_bytes(word));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|&byte| !is_special(byte)) {
        at += 1;
    }
    at.min(bytes.len())
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The top bit of the first special byte of `word`, and of some later bytes:
/// a borrow out of a match may mark bytes above it, never below.
#[inline]
fn special(word: u64) -> u64 {
    let zero_byte = |w: u64| w.wrapping_sub(ONES) & !w;
    let quote = zero_byte(word ^ (ONES * b'"' as u64));
    let backslash = zero_byte(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_plain_search() {
        for byte in 0..=255u8 {
            for place in 0..20 {
                let mut text = [b'a'; 20];
                text[place] = byte;
                text[19 - place / 2] = 0x80;
                for from in 0..=20 {
                    let slow = (from..20).find(|&i| is_special(text[i])).unwrap_or(20);
                    assert_eq!(
                        plain_run(&text, from),
                        slow,
                        "{byte} at {place} from {from}"
                    );
                }
            }
        }
    }
}
