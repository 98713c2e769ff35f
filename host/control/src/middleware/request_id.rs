//! The identity of a call in logs: the caller's, or one of ours.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use ostler_call::{Metadata, RequestId};

/// The metadata key that carries the caller's id.
const KEY: &str = "x-request-id";

/// Ids longer than this are replaced: they go into every log line.
const LONGEST: usize = 128;

/// The length of an id of ours.
const MADE: usize = 20;

const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// Makes ids that differ within the process and, by a random prefix, between
/// processes. A counter is enough: ids are names, not secrets.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        // The standard hasher's keys are random per process, which saves a
        // dependency on a source of randomness.
        let seed = RandomState::new().hash_one(0_u8);
        Self {
            prefix: (seed >> 32) as u32,
            next: AtomicU64::new(seed & 0xffff),
        }
    }

    /// The caller's id if it is fit to be logged, else a new one.
    pub(crate) fn of(&self, metadata: &Metadata) -> RequestId {
        match metadata.get(KEY) {
            Some(id) if is_sane(id) => id.to_owned(),
            _ => self.make(),
        }
    }

    fn make(&self) -> RequestId {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(MADE);
        id.extend(digits(self.prefix.into(), 8));
        id.extend(digits(n, 12));
        id
    }
}

/// The last `count` hexadecimal digits. Every call has an id: the formatting
/// of `std` takes several times as long.
fn digits(number: u64, count: u32) -> impl Iterator<Item = char> {
    let digit = move |place: u32| (number >> (4 * place)) as usize & 0xf;
    (0..count).rev().map(move |place| DIGITS[digit(place)])
}

/// Whether a log line can show this id without doubt about where it ends.
fn is_sane(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._:/+=@#~-".contains(&b);
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> (String, String) {
        let mut metadata = Metadata::new();
        metadata.insert(KEY, value).unwrap();
        (value.to_owned(), RequestIds::new().of(&metadata))
    }

    #[test]
    fn a_sane_id_of_the_caller_is_kept() {
        for id in ["abc", "0af7651916cd43dd8448eb211c80319c", "a:b/c+d=@#~._-"] {
            let (sent, kept) = of(id);
            assert_eq!(sent, kept);
        }
    }

    #[test]
    fn anything_else_is_replaced() {
        for id in ["", "two words", "quote\"", "back\\slash", &"x".repeat(129)] {
            let (sent, made) = of(id);
            assert_ne!(sent, made);
            assert_eq!(made.len(), MADE);
            assert!(is_sane(&made));
        }
    }

    #[test]
    fn digits_are_those_of_the_formatter() {
        for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            let all: String = digits(number, 16).collect();
            assert_eq!(all, format!("{number:016x}"));
            assert_eq!(digits(number, 8).collect::<String>(), all[8..]);
        }
    }

    #[test]
    fn ids_differ() {
        let ids = RequestIds::new();
        let none = Metadata::new();
        assert_ne!(ids.of(&none), ids.of(&none));
    }
}
