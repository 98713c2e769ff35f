//! What a method writes.

use std::fmt;

use crate::poll::Pollable;
use crate::types::Closed;

/// The stream a method writes.
///
/// It ends when the method returns; a returned error is the status of the
/// stream, after the items already sent. Dropping the sink earlier ends the
/// output while the method goes on.
///
/// ```
/// use ostler_guest::{Sink, Status, testing};
///
/// fn count(to: u32, mut out: Sink<u32>) -> Result<(), Status> {
///     out.send_all(1..=to)?;
///     Ok(())
/// }
///
/// let (out, sent) = testing::sink();
/// assert_eq!(count(3, out), Ok(()));
/// assert_eq!(sent.take(), [1, 2, 3]);
/// ```
pub struct Sink<T> {
    target: Box<dyn Target<T>>,
    closed: bool,
}

/// Where a [`Sink`] leads: the host's resource, or a test's list.
#[doc(hidden)]
pub trait Target<T> {
    /// How many items `send_all` gathers before it crosses into the host.
    fn batch(&self) -> usize {
        64
    }
    /// Waits while the peer is slow.
    fn send(&self, item: T) -> Result<(), Closed>;
    /// The same for several items.
    fn send_batch(&self, items: &[T]) -> Result<(), Closed>;
    /// Ready when `send` would not wait.
    fn subscribe(&self) -> Pollable;
}

impl<T> Sink<T> {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub fn from_target(target: impl Target<T> + 'static) -> Self {
        Self {
            target: Box::new(target),
            closed: false,
        }
    }

    /// Sends one item, waiting while the peer is slow.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the peer is gone.
    pub fn send(&mut self, item: T) -> Result<(), Closed> {
        let sent = self.target.send(item);
        self.note(sent)
    }

    /// Sends many items with few crossings into the host, a batch at a time
    /// (64 items, or one where an item is a chunk of bytes), waiting while the
    /// peer is slow. The iterator is asked for a batch only when the one
    /// before it is sent, so it may be endless; one that itself waits for
    /// something belongs in a loop of [`send`](Self::send), since its items
    /// would wait for each other here.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the peer is gone; the iterator is not asked further.
    pub fn send_all(&mut self, items: impl IntoIterator<Item = T>) -> Result<(), Closed> {
        let size = self.target.batch();
        let mut items = items.into_iter();
        if size == 1 {
            return items.try_for_each(|item| self.send(item));
        }
        let mut batch = Vec::with_capacity(size.min(items.size_hint().0.max(1)));
        loop {
            batch.extend(items.by_ref().take(size));
            if batch.is_empty() {
                return Ok(());
            }
            let sent = self.target.send_batch(&batch);
            self.note(sent)?;
            batch.clear();
        }
    }

    /// Whether a send has said that the peer is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Ready when [`send`](Self::send) would not wait.
    #[must_use]
    pub fn subscribe(&self) -> Pollable {
        self.target.subscribe()
    }

    fn note(&mut self, sent: Result<(), Closed>) -> Result<(), Closed> {
        self.closed |= sent.is_err();
        sent
    }
}

impl<T> fmt::Debug for Sink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// Takes a number of items, remembering the sizes of the batches.
    struct Some(Rc<RefCell<Vec<usize>>>, usize);

    impl Target<u32> for Some {
        fn send(&self, _item: u32) -> Result<(), Closed> {
            self.send_batch(&[0])
        }

        fn send_batch(&self, items: &[u32]) -> Result<(), Closed> {
            let taken: usize = self.0.borrow().iter().sum();
            if taken >= self.1 {
                return Err(Closed::Closed);
            }
            self.0.borrow_mut().push(items.len());
            Ok(())
        }

        fn subscribe(&self) -> Pollable {
            Pollable::always_ready()
        }
    }

    fn sink(takes: usize) -> (Sink<u32>, Rc<RefCell<Vec<usize>>>) {
        let sizes = Rc::default();
        (Sink::from_target(Some(Rc::clone(&sizes), takes)), sizes)
    }

    #[test]
    fn many_items_go_in_bounded_batches() {
        let (mut out, sizes) = sink(1000);
        assert_eq!(out.send_all(0..150), Ok(()));
        assert_eq!(sizes.take(), [64, 64, 22]);
        assert!(!out.is_closed());
    }

    #[test]
    fn an_endless_iterator_stops_when_the_peer_is_gone() {
        let (mut out, sizes) = sink(100);
        assert_eq!(out.send_all(0..), Err(Closed::Closed));
        assert_eq!(sizes.take(), [64, 64]);
        assert!(out.is_closed());
    }
}
