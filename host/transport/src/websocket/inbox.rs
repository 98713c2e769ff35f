//! What a socket received for one call and nobody has taken yet: bounded in
//! bytes by not reading the socket, in messages by the window that was granted.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::credit;

/// Bytes of a call that wait before its socket is read no further, where that
/// is the only flow control.
const BUDGET: usize = 64 << 10;

/// The same where windows are: a socket that is not read gives no grants
/// either, which the call may be waiting for, so this is for abuse alone.
const WINDOW_BUDGET: usize = 4 << 20;

/// Bytes that are granted anew at once, however few messages they are.
const GRANT_BYTES: usize = 64 << 10;

/// What an item costs beside its bytes.
const OVERHEAD: usize = 64;

/// A grant of fewer messages than this waits for more.
const GRANT: u32 = credit::INITIAL / 2;

/// The two ends of an inbox; one that `windows` refuses more messages than it
/// granted.
pub(super) fn inbox<T>(windows: bool) -> (Feeder<T>, Inbox<T>) {
    let shared = Arc::new(Shared {
        windows,
        state: Mutex::new(State {
            items: VecDeque::new(),
            used: 0,
            granted: credit::INITIAL,
            taken: 0,
            taken_bytes: 0,
            left: false,
            reader: None,
            feeder: None,
        }),
    });
    (Feeder(Arc::clone(&shared)), Inbox(shared))
}

/// The socket's end.
#[derive(Debug)]
pub(super) struct Feeder<T>(Arc<Shared<T>>);

/// The call's end; nothing more is kept once it is dropped.
#[derive(Debug)]
pub(super) struct Inbox<T>(Arc<Shared<T>>);

/// The peer sent more messages than it was granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Overrun;

#[derive(Debug)]
struct Shared<T> {
    windows: bool,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    /// Items, each with what it takes of the budget, and whether it is a
    /// message that windows count.
    items: VecDeque<(T, usize, bool)>,
    used: usize,
    /// Messages the peer may still send.
    granted: u32,
    /// Messages taken that no grant has given back yet.
    taken: u32,
    taken_bytes: usize,
    /// The reader is gone.
    left: bool,
    reader: Option<Waker>,
    feeder: Option<Waker>,
}

impl<T> Shared<T> {
    fn budget(&self) -> usize {
        if self.windows { WINDOW_BUDGET } else { BUDGET }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing here panics between two related changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Feeder<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Feeder<T> {
    /// Adds a message of so many bytes; it is dropped when nobody reads.
    ///
    /// # Errors
    /// [`Overrun`] when the window is spent.
    pub(super) fn message(&self, item: T, bytes: usize) -> Result<(), Overrun> {
        let mut state = self.0.state();
        if self.0.windows {
            state.granted = state.granted.checked_sub(1).ok_or(Overrun)?;
        }
        state.add(item, bytes, true);
        Ok(())
    }

    /// Adds what no window counts.
    pub(super) fn other(&self, item: T, bytes: usize) {
        self.0.state().add(item, bytes, false);
    }

    /// Waits until the budget is not spent, or nobody reads.
    pub(super) async fn room(&self) {
        poll_fn(|cx| {
            let mut state = self.0.state();
            if state.left || state.used < self.0.budget() {
                return Poll::Ready(());
            }
            state.feeder = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl<T> State<T> {
    fn add(&mut self, item: T, bytes: usize, counts: bool) {
        if self.left {
            return;
        }
        let cost = bytes + OVERHEAD;
        self.used += cost;
        self.items.push_back((item, cost, counts));
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl<T> Inbox<T> {
    /// The oldest item.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.state();
        let Some((item, cost, counts)) = state.items.pop_front() else {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        state.used -= cost;
        if self.0.windows && counts {
            state.taken += 1;
            state.taken_bytes += cost;
        }
        if state.used < self.0.budget()
            && let Some(feeder) = state.feeder.take()
        {
            feeder.wake();
        }
        Poll::Ready(item)
    }

    /// What the peer is to be granted now, if it is worth an envelope.
    pub(super) fn take_grant(&self) -> Option<u32> {
        let mut state = self.0.state();
        if state.taken < GRANT && state.taken_bytes < GRANT_BYTES {
            return None;
        }
        state.taken_bytes = 0;
        let grant = std::mem::take(&mut state.taken);
        state.granted += grant;
        Some(grant)
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.left = true;
        let unread = std::mem::take(&mut state.items);
        let feeder = state.feeder.take();
        drop(state);
        drop(unread);
        if let Some(feeder) = feeder {
            feeder.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;

    use super::*;

    fn next(inbox: &Inbox<u32>) -> Option<u32> {
        let mut cx = Context::from_waker(Waker::noop());
        match inbox.poll_next(&mut cx) {
            Poll::Ready(item) => Some(item),
            Poll::Pending => None,
        }
    }

    fn has_room(feeder: &Feeder<u32>) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(feeder.room()).poll(&mut cx).is_ready()
    }

    #[test]
    fn a_window_is_granted_by_halves_and_cannot_be_overrun() {
        let (feeder, inbox) = inbox(true);
        for n in 0..credit::INITIAL {
            feeder.message(n, 0).unwrap();
        }
        assert_eq!(feeder.message(99, 0), Err(Overrun));
        feeder.other(100, 0);
        for n in 0..GRANT {
            assert_eq!(inbox.take_grant(), None);
            assert_eq!(next(&inbox), Some(n));
        }
        assert_eq!(inbox.take_grant(), Some(GRANT));
        for n in 0..GRANT {
            feeder.message(n, 0).unwrap();
        }
        assert_eq!(feeder.message(99, 0), Err(Overrun));
    }

    #[test]
    fn large_messages_are_granted_one_by_one() {
        let (feeder, inbox) = inbox(true);
        feeder.message(1, GRANT_BYTES).unwrap();
        feeder.message(2, 1).unwrap();
        assert_eq!(next(&inbox), Some(1));
        assert_eq!(inbox.take_grant(), Some(1));
        assert_eq!(next(&inbox), Some(2));
        assert_eq!(inbox.take_grant(), None);
    }

    #[test]
    fn without_windows_only_bytes_count() {
        let (feeder, inbox) = inbox(false);
        for n in 0..1000 {
            feeder.message(n, 0).unwrap();
        }
        assert!(has_room(&feeder));
        feeder.message(1000, BUDGET).unwrap();
        assert!(!has_room(&feeder));
        assert_eq!(next(&inbox), Some(0));
        assert!(!has_room(&feeder));
        while next(&inbox).is_some() {}
        assert!(has_room(&feeder));
        assert_eq!(inbox.take_grant(), None);
    }

    #[test]
    fn nothing_waits_for_a_reader_that_left() {
        let (feeder, inbox) = inbox(true);
        feeder.message(1, WINDOW_BUDGET).unwrap();
        assert!(!has_room(&feeder));
        drop(inbox);
        assert!(has_room(&feeder));
        feeder.other(2, WINDOW_BUDGET);
        assert!(has_room(&feeder));
    }
}
