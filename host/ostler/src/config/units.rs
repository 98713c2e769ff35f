//! Durations, sizes and near misses, as people write them.

use std::time::Duration;

/// Units of a duration; `ms` before `m` and `s`, as the longest suffix counts.
const TIMES: [(&str, f64); 5] = [
    ("ms", 1e-3),
    ("us", 1e-6),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

const SIZES: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// A duration such as `30s`, `1.5m` or `250ms`.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, scale) = split(text, &TIMES)?;
    let number: f64 = decimal(number)?.parse().ok()?;
    Duration::try_from_secs_f64(number * scale).ok()
}

/// A size in bytes such as `64MiB`, `1GB` or `4096`.
pub(crate) fn size(text: &str) -> Option<usize> {
    let (number, scale) = split(text, &SIZES).unwrap_or((text, 1));
    let number: u64 = decimal(number)?.parse().ok()?;
    usize::try_from(number.checked_mul(scale)?).ok()
}

fn split<'a, T: Copy>(text: &'a str, units: &[(&str, T)]) -> Option<(&'a str, T)> {
    units.iter().find_map(|(unit, scale)| {
        let number = text.strip_suffix(unit)?;
        Some((number.trim_end(), *scale))
    })
}

/// Digits with at most one point; no sign, no exponent, no `inf`.
fn decimal(text: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_digit() || b == b'.';
    (!text.is_empty() && text.bytes().all(plain)).then_some(text)
}

/// The known word nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|k| (distance(word, k), k))
        .filter(|(d, _)| *d <= bound)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Levenshtein's distance, with one row kept.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y))
                .min(above + 1)
                .min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("30s", 30_000),
            ("250ms", 250),
            ("1.5s", 1_500),
            ("5m", 300_000),
            ("2 h", 7_200_000),
            ("0s", 0),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for bad in ["", "s", "30", "-1s", "1e9s", "infs", "1.2.3s", "5 days"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("4096", 4096),
            ("64MiB", 64 << 20),
            ("1 GiB", 1 << 30),
            ("2KB", 2000),
            ("7B", 7),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for bad in [
            "",
            "MiB",
            "-1",
            "1.5MiB",
            "64M",
            "99999999999999999999",
            "99999999999GiB",
        ] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn near_misses() {
        let known = ["memory", "message", "timeout"];
        assert_eq!(nearest("memmory", known), Some("memory"));
        assert_eq!(nearest("time-out", known), Some("timeout"));
        assert_eq!(nearest("colour", known), None);
    }
}
