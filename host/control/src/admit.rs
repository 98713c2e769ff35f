//! Who may run: the host's phase, and how many calls a deployment runs at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use ostler_call::Status;
use tokio::sync::Notify;

/// Whether the host takes calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It does.
    Serving = 0,
    /// It is leaving: health says so, but calls that still arrive on open
    /// connections are served, since their callers could not know.
    Draining = 1,
    /// It refuses every call.
    Closed = 2,
}

/// The phase of the host; it only moves forward.
#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicU8);

impl Gate {
    pub(crate) fn phase(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Draining,
            _ => Phase::Closed,
        }
    }

    pub(crate) fn advance(&self, to: Phase) {
        self.0.fetch_max(to as u8, Ordering::AcqRel);
    }

    pub(crate) fn check(&self) -> Result<(), Status> {
        if self.phase() == Phase::Closed {
            return Err(Status::unavailable("the host is shutting down"));
        }
        Ok(())
    }
}

/// Set in [`Concurrency`]'s count once no call may enter.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The calls a deployment runs now, and how many it may.
#[derive(Debug)]
pub(crate) struct Concurrency {
    running: AtomicUsize,
    /// The most there were.
    peak: AtomicUsize,
    limit: usize,
    /// Told when the last call has left.
    left: Notify,
}

/// The right to run one call; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Concurrency>);

/// Why a call may not run.
#[derive(Debug)]
pub(crate) enum NotEntered {
    /// The deployment takes no calls any more.
    Closed,
    /// As many run as may: `RESOURCE_EXHAUSTED`.
    Full(Status),
}

impl Concurrency {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            running: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            limit,
            left: Notify::new(),
        })
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire) & !CLOSED
    }

    /// The most calls that ran at once so far.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// One of the permits.
    ///
    /// # Errors
    /// [`NotEntered`].
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Permit, NotEntered> {
        // Counting up first and back on refusal keeps the common path at one
        // atomic; a refusal beside a leaving call may be one too many, never
        // one too few.
        let before = self.running.fetch_add(1, Ordering::AcqRel);
        if before < self.limit {
            if before >= self.peak.load(Ordering::Relaxed) {
                self.peak.fetch_max(before + 1, Ordering::Relaxed);
            }
            return Ok(Permit(self.clone()));
        }
        self.leave();
        if before & CLOSED != 0 {
            return Err(NotEntered::Closed);
        }
        Err(NotEntered::Full(Status::resource_exhausted(format!(
            "{} calls run already, the limit of this service's deployment (limits.concurrency)",
            self.limit
        ))))
    }

    fn leave(&self) {
        let before = self.running.fetch_sub(1, Ordering::AcqRel);
        if before & !CLOSED == 1 {
            self.left.notify_waiters();
        }
    }

    /// No call enters from now on.
    pub(crate) fn close(&self) {
        self.running.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// No call enters from now on, if none runs; says whether that is so.
    pub(crate) fn close_if_quiet(&self) -> bool {
        let closed = self
            .running
            .compare_exchange(0, CLOSED, Ordering::AcqRel, Ordering::Acquire);
        closed.is_ok()
    }

    /// Calls enter again.
    pub(crate) fn open(&self) {
        self.running.fetch_and(!CLOSED, Ordering::AcqRel);
    }

    /// Waits until no call runs.
    pub(crate) async fn quiet(&self) {
        loop {
            let left = self.left.notified();
            if self.running() == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use ostler_call::Code;

    use super::*;

    #[test]
    fn permits_come_back_when_dropped() {
        let calls = Concurrency::new(2);
        let first = calls.enter().unwrap();
        let _second = calls.enter().unwrap();
        let Err(NotEntered::Full(refused)) = calls.enter() else {
            panic!("three entered");
        };
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(
            refused.message(),
            "2 calls run already, the limit of this service's deployment (limits.concurrency)"
        );
        assert_eq!(calls.running(), 2);
        drop(first);
        assert!(calls.enter().is_ok());
    }

    #[tokio::test]
    async fn nobody_enters_what_is_closed() {
        let calls = Concurrency::new(2);
        let running = calls.enter().unwrap();
        calls.close();
        assert!(matches!(calls.enter(), Err(NotEntered::Closed)));
        assert_eq!(calls.running(), 1);
        let mut quiet = std::pin::pin!(calls.quiet());
        tokio::select! {
            biased;
            () = quiet.as_mut() => panic!("a call runs"),
            () = std::future::ready(()) => {}
        }
        drop(running);
        quiet.await;
        calls.open();
        assert!(calls.enter().is_ok());
    }

    #[test]
    fn the_gate_only_closes() {
        let gate = Gate::default();
        assert!(gate.check().is_ok());
        gate.advance(Phase::Draining);
        assert!(gate.check().is_ok());
        gate.advance(Phase::Closed);
        gate.advance(Phase::Serving);
        assert_eq!(gate.phase(), Phase::Closed);
        assert_eq!(gate.check().unwrap_err().code(), Code::Unavailable);
    }
}
