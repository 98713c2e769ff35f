//! Who may run: the host's phase, and how many calls a deployment runs at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use ostler_call::Status;

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

/// The calls a deployment runs now, and how many it may.
#[derive(Debug)]
pub(crate) struct Concurrency {
    running: AtomicUsize,
    limit: usize,
}

/// The right to run one call; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Concurrency>);

impl Concurrency {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            running: AtomicUsize::new(0),
            limit,
        })
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// One of the permits.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Permit, Status> {
        // Counting up first and back on refusal keeps the common path at one
        // atomic; a refusal beside a leaving call may be one too many, never
        // one too few.
        if self.running.fetch_add(1, Ordering::AcqRel) >= self.limit {
            self.running.fetch_sub(1, Ordering::AcqRel);
            return Err(Status::resource_exhausted(format!(
                "{} calls run already, the limit of this service's deployment (limits.concurrency)",
                self.limit
            )));
        }
        Ok(Permit(self.clone()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
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
        let refused = calls.enter().unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(
            refused.message(),
            "2 calls run already, the limit of this service's deployment (limits.concurrency)"
        );
        assert_eq!(calls.running(), 2);
        drop(first);
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
