//! How many further messages the peer of a stream takes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Messages either side may send before it was granted any.
pub(super) const INITIAL: u32 = 32;

/// More than any stream waits for; grants beyond it are forgotten.
const MOST: u64 = 1 << 30;

/// What a sender may still send; without end where the peer knows no windows.
#[derive(Debug)]
pub(super) struct Credit(Option<Window>);

#[derive(Debug)]
struct Window {
    /// Bytes that may be on their way; one message may go over it.
    bytes: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    sent: u64,
    granted: u64,
    /// Sizes of what was sent beyond the grants: the peer may not have taken
    /// it yet.
    on_their_way: VecDeque<usize>,
}

impl Credit {
    /// For a peer that grants when it likes to.
    pub(super) fn new(windows: bool) -> Self {
        Self::with_bytes(windows, usize::MAX)
    }

    /// For a peer that grants what it took by bytes too, as this crate does: so
    /// many may be on their way.
    pub(super) fn with_bytes(windows: bool, bytes: usize) -> Self {
        Self(windows.then(|| Window {
            bytes,
            state: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Waits until one more message of so many bytes may be sent. One task at a
    /// time may wait.
    pub(super) async fn take(&self, bytes: usize) {
        let Some(window) = &self.0 else { return };
        while !window.try_take(bytes) {
            window.changed.notified().await;
        }
    }

    pub(super) fn grant(&self, messages: u32) {
        let Some(window) = &self.0 else { return };
        let mut state = window.lock();
        state.granted = (state.granted + u64::from(messages)).min(state.sent + MOST);
        while state.on_their_way.len() as u64 > state.sent.saturating_sub(state.granted) {
            state.on_their_way.pop_front();
        }
        drop(state);
        window.changed.notify_one();
    }
}

impl Window {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_take(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        if state.sent >= state.granted + u64::from(INITIAL) {
            return false;
        }
        if state.sent >= state.granted {
            let before: usize = state.on_their_way.iter().sum();
            if before > 0 && before.saturating_add(bytes) > self.bytes {
                return false;
            }
            state.on_their_way.push_back(bytes);
        }
        state.sent += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn takes(credit: &Credit) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(credit.take(100)).poll(&mut cx) == Poll::Ready(())
    }

    #[test]
    fn a_window_ends_and_is_granted_anew() {
        let credit = Credit::new(true);
        assert!((0..INITIAL).all(|_| takes(&credit)));
        assert!(!takes(&credit));
        credit.grant(1);
        assert!(takes(&credit));
        assert!(!takes(&credit));
        for _ in 0..3 {
            credit.grant(u32::MAX);
        }
        assert!(takes(&credit));
    }

    #[test]
    fn bytes_on_their_way_are_bounded_until_they_are_granted() {
        let credit = Credit::with_bytes(true, 250);
        assert!(takes(&credit) && takes(&credit));
        assert!(!takes(&credit));
        credit.grant(1);
        assert!(takes(&credit));
        assert!(!takes(&credit));
        // What is granted ahead is free.
        credit.grant(12);
        assert!((0..10).all(|_| takes(&credit)));
        assert!(takes(&credit) && takes(&credit));
        assert!(!takes(&credit));
        // One message may be of any size.
        let one = Credit::with_bytes(true, 50);
        assert!(takes(&one));
        assert!(!takes(&one));
    }

    #[test]
    fn without_windows_there_is_no_end() {
        let credit = Credit::new(false);
        assert!((0..1000).all(|_| takes(&credit)));
    }
}
