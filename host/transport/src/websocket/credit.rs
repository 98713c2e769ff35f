//! How many further messages the peer of a stream takes.

use tokio::sync::Semaphore;

/// Messages either side may send before it was granted any.
pub(super) const INITIAL: u32 = 32;

/// More than any stream waits for; grants beyond it are forgotten.
const MOST: usize = 1 << 30;

/// What a sender may still send; without end where the peer knows no windows.
#[derive(Debug)]
pub(super) struct Credit(Option<Semaphore>);

impl Credit {
    pub(super) fn new(windows: bool) -> Self {
        Self(windows.then(|| Semaphore::new(INITIAL as usize)))
    }

    /// Waits until one more message may be sent.
    pub(super) async fn take(&self) {
        if let Some(left) = &self.0
            // Never closed, so this cannot fail.
            && let Ok(permit) = left.acquire().await
        {
            permit.forget();
        }
    }

    pub(super) fn grant(&self, messages: u32) {
        if let Some(left) = &self.0 {
            let room = MOST.saturating_sub(left.available_permits());
            left.add_permits(room.min(messages as usize));
        }
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
        pin!(credit.take()).poll(&mut cx) == Poll::Ready(())
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
    fn without_windows_there_is_no_end() {
        let credit = Credit::new(false);
        assert!((0..1000).all(|_| takes(&credit)));
    }
}
