//! What a method reads.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use std::vec;

use crate::Status;
use crate::poll::Pollable;

/// How many items one crossing into the host asks for at most. The host hands
/// over only what is already there, and bounds that in bytes.
const BATCH: u32 = 64;

/// The stream a method reads: an iterator over what the caller sends.
///
/// `None` means that the caller ended it. An error means that it broke: the
/// call was cancelled, its deadline passed, the connection was lost or an item
/// was malformed. Both are final and are given again when asked again, so that
/// a broken stream is never taken for a short one; `flatten` and the like,
/// which skip errors, would therefore never end.
///
/// Items that are already waiting cross into the guest together; an item is
/// never held back to wait for the next one.
///
/// ```
/// use ostler_guest::{Status, Stream};
///
/// fn sum(numbers: Stream<u64>) -> Result<u64, Status> {
///     let mut sum = 0;
///     for number in numbers {
///         sum += number?;
///     }
///     Ok(sum)
/// }
///
/// assert_eq!(sum(ostler_guest::testing::stream([1, 2, 3])), Ok(6));
/// ```
pub struct Stream<T> {
    source: Box<dyn Source<T>>,
    queued: vec::IntoIter<T>,
    end: Option<Result<(), Status>>,
    /// Shared with the pollables of this stream: true when `next` has
    /// something to say without asking the host.
    has_queued: Option<Rc<Cell<bool>>>,
    /// Made by the first `next_timeout` for all of them.
    input: Option<Pollable>,
}

/// Where a [`Stream`] comes from: the host's resource, or a test's items.
#[doc(hidden)]
pub trait Source<T> {
    /// Waits for the first item, then takes what is there; empty at the end.
    fn next_batch(&self, max: u32) -> Result<Vec<T>, Status>;
    /// Ready when `next_batch` would not wait.
    fn subscribe(&self) -> Pollable;
}

impl<T> Stream<T> {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub fn from_source(source: impl Source<T> + 'static) -> Self {
        Self {
            source: Box::new(source),
            queued: Vec::new().into_iter(),
            end: None,
            has_queued: None,
            input: None,
        }
    }

    /// Ready when [`next`](Iterator::next) would not wait. It stays good for
    /// the life of the stream, so one is enough; drop it or keep it.
    ///
    /// With it a method reads and writes independently; see
    /// [`poll`](crate::poll).
    pub fn subscribe(&mut self) -> Pollable {
        let has_queued = self.has_queued.get_or_insert_default().clone();
        self.tell_pollables();
        self.source.subscribe().or_when(has_queued)
    }

    /// As [`next`](Iterator::next), but gives up waiting after `timeout`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] when nothing came; the stream is as it was.
    pub fn next_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<Option<Result<T, Status>>, TimedOut> {
        let input = match self.input.take() {
            Some(input) => input,
            None => self.subscribe(),
        };
        let in_time = input.ready_within(timeout);
        self.input = Some(input);
        if in_time {
            Ok(self.next())
        } else {
            Err(TimedOut)
        }
    }

    fn fill(&mut self) {
        match self.source.next_batch(BATCH) {
            Ok(batch) if batch.is_empty() => self.end = Some(Ok(())),
            Ok(batch) => self.queued = batch.into_iter(),
            Err(status) => self.end = Some(Err(status)),
        }
    }

    fn tell_pollables(&self) {
        if let Some(flag) = &self.has_queued {
            flag.set(self.queued.len() > 0 || self.end.is_some());
        }
    }
}

impl<T> Iterator for Stream<T> {
    type Item = Result<T, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.queued.len() == 0 && self.end.is_none() {
            self.fill();
        }
        let item = match self.queued.next() {
            Some(item) => Some(Ok(item)),
            None => match &self.end {
                Some(Err(status)) => Some(Err(status.clone())),
                _ => None,
            },
        };
        self.tell_pollables();
        item
    }
}

impl<T> fmt::Debug for Stream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("queued", &self.queued.len())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Nothing came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing came in time")
    }
}

impl std::error::Error for TimedOut {}

impl From<TimedOut> for Status {
    fn from(timed_out: TimedOut) -> Self {
        Self::deadline_exceeded(timed_out.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::testing;

    /// Gives one batch after the other.
    struct Batches(RefCell<Vec<Result<Vec<u32>, Status>>>);

    impl Source<u32> for Batches {
        fn next_batch(&self, _max: u32) -> Result<Vec<u32>, Status> {
            self.0.borrow_mut().remove(0)
        }

        fn subscribe(&self) -> Pollable {
            Pollable::always_ready()
        }
    }

    fn stream(batches: Vec<Result<Vec<u32>, Status>>) -> Stream<u32> {
        Stream::from_source(Batches(RefCell::new(batches)))
    }

    #[test]
    fn batches_are_one_sequence_and_the_end_repeats() {
        let mut stream = stream(vec![Ok(vec![1, 2]), Ok(vec![3]), Ok(vec![])]);
        let all: Result<Vec<_>, _> = stream.by_ref().collect();
        assert_eq!(all, Ok(vec![1, 2, 3]));
        assert_eq!(stream.next(), None);
        assert_eq!(stream.next(), None);
    }

    #[test]
    fn an_error_comes_after_the_items_before_it_and_repeats() {
        let lost = Status::unavailable("lost");
        let mut stream = stream(vec![Ok(vec![1]), Err(lost.clone())]);
        assert_eq!(stream.next(), Some(Ok(1)));
        assert_eq!(stream.next(), Some(Err(lost.clone())));
        assert_eq!(stream.next(), Some(Err(lost)));
    }

    #[test]
    fn a_kept_pollable_knows_what_is_queued() {
        let mut stream = testing::stream([1, 2]);
        let flag = stream.has_queued.get_or_insert_default().clone();
        assert!(!flag.get());
        stream.next();
        assert!(flag.get(), "one item is queued");
        stream.next();
        assert!(!flag.get(), "the next one must be asked for");
        stream.next();
        assert!(flag.get(), "the end is known");
    }

    #[test]
    fn what_waits_wins_over_the_timer() {
        let mut stream = testing::stream([1]);
        assert_eq!(stream.next_timeout(Duration::ZERO), Ok(Some(Ok(1))));
    }
}
