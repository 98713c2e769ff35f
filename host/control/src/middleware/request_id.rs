//! The identity of a call in logs: the caller's, or one of ours.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use ostler_call::{Metadata, RequestId};

/// The metadata key that carries the caller's id.
const KEY: &str = "x-request-id";

/// Ids longer than this are replaced: they go into every log line.
const LONGEST: usize = 128;

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
        let mut id = String::with_capacity(20);
        // Writing into a String cannot fail.
        let _infallible = write!(id, "{:08x}{:012x}", self.prefix, n & 0xffff_ffff_ffff);
        id
    }
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
            assert_eq!(made.len(), 20);
            assert!(is_sane(&made));
        }
    }

    #[test]
    fn ids_differ() {
        let ids = RequestIds::new();
        let none = Metadata::new();
        assert_ne!(ids.of(&none), ids.of(&none));
    }
}
