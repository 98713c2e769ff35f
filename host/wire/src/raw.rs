//! Raw bytes in chunks; borders carry no meaning.

use bytes::Bytes;

use crate::FramingError;
use crate::input::Input;

/// Cuts a body into chunks of a bounded size, without copying and without
/// waiting to fill one: what has arrived is given out.
#[derive(Debug)]
pub struct Splitter {
    input: Input,
    chunk_size: usize,
}

impl Splitter {
    /// A splitter into chunks of at most `chunk_size` bytes (at least one).
    pub fn new(chunk_size: usize) -> Self {
        Self {
            input: Input::default(),
            chunk_size: chunk_size.max(1),
        }
    }

    /// Adds the next bytes of the body.
    pub fn push(&mut self, chunk: Bytes) {
        self.input.push(chunk);
    }

    /// The next chunk, never an empty one; `None` when it needs more bytes.
    ///
    /// # Errors
    /// None; the result is that of the other splitters.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        let Some(front) = self.input.front() else {
            return Ok(None);
        };
        let len = front.len().min(self.chunk_size);
        Ok(Some(self.input.take(len)))
    }

    /// What is left after the last push, chunk by chunk; `None` when nothing
    /// is.
    ///
    /// # Errors
    /// As [`Splitter::next`].
    pub fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{cut, drain};

    #[test]
    fn gives_out_what_has_arrived_without_copying() {
        let chunk = Bytes::from_static(b"abcdefg");
        let mut splitter = Splitter::new(3);
        splitter.push(chunk.clone());
        splitter.push(Bytes::from_static(b"h"));
        let found = drain!(splitter, []).unwrap();
        assert_eq!(found, ["abc", "def", "g", "h"]);
        assert_eq!(found[1].as_ptr(), chunk[3..].as_ptr());
    }

    #[test]
    fn a_chunk_size_of_zero_still_ends() {
        let mut splitter = Splitter::new(0);
        assert_eq!(
            drain!(splitter, [Bytes::from_static(b"ab")]).unwrap(),
            ["a", "b"]
        );
    }

    proptest! {
        #[test]
        fn keeps_every_byte_in_bounded_chunks(
            body in prop::collection::vec(any::<u8>(), 0..200),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
            size in 1..50usize,
        ) {
            let mut splitter = Splitter::new(size);
            let found = drain!(splitter, cut(&body, &cuts)).unwrap();
            prop_assert!(found.iter().all(|c| (1..=size).contains(&c.len())));
            prop_assert_eq!(found.concat(), body);
        }
    }
}
