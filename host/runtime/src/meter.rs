//! CPU of one call: billed around each poll of the guest, read by the epoch
//! callback while it runs.
//!
//! Reading a thread's CPU clock is a system call, so a short slice is billed
//! by the wall clock; only a slice that lives to see an epoch tick is measured
//! by the CPU clock from there on. A host thread that is descheduled does not
//! charge its guest for it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::clock::{Clock, thread_cpu_ns};

/// A tick has not come yet in this slice.
const UNMEASURED: u64 = u64::MAX;
/// No slice before its first tick is billed more than two ticks.
const FIRST_CAP_NS: u64 = 2_000_000;

/// Written by the thread that polls the guest, which is also the one its
/// epoch callback runs on; the atomics are for sharing, not for racing.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    billed_ns: AtomicU64,
    start_ns: AtomicU64,
    first_ns: AtomicU64,
    cpu_ns: AtomicU64,
}

impl Meter {
    /// A new call: nothing used.
    pub(crate) fn reset(&self) {
        self.billed_ns.store(0, Relaxed);
        self.cpu_ns.store(UNMEASURED, Relaxed);
    }

    /// The guest is about to run.
    pub(crate) fn begin_slice(&self, clock: &Clock) {
        self.start_ns.store(clock.ns(), Relaxed);
        self.cpu_ns.store(UNMEASURED, Relaxed);
    }

    /// The guest has stopped running; returns the CPU of this slice,
    /// nanoseconds.
    pub(crate) fn end_slice(&self, clock: &Clock) -> u64 {
        let slice = match self.cpu_ns.load(Relaxed) {
            UNMEASURED => self.unmeasured(clock),
            cpu => self.measured(cpu),
        };
        let total = self.billed_ns.load(Relaxed) + slice;
        self.billed_ns.store(total, Relaxed);
        slice
    }

    /// An epoch tick found the guest running; returns `(slice, call)` in
    /// nanoseconds: CPU of this slice since its first tick, and of the call.
    /// What came before the first tick is left out of the slice, since a host
    /// thread that was descheduled then is no reason to pre-empt its guest.
    pub(crate) fn tick(&self, clock: &Clock) -> (u64, u64) {
        let (slice, before) = match self.cpu_ns.load(Relaxed) {
            UNMEASURED => {
                let first = self.unmeasured(clock);
                self.first_ns.store(first, Relaxed);
                self.cpu_ns.store(thread_cpu_ns(), Relaxed);
                (0, first)
            }
            cpu => (
                thread_cpu_ns().saturating_sub(cpu),
                self.first_ns.load(Relaxed),
            ),
        };
        (slice, self.billed_ns.load(Relaxed) + before + slice)
    }

    fn unmeasured(&self, clock: &Clock) -> u64 {
        clock
            .ns()
            .saturating_sub(self.start_ns.load(Relaxed))
            .min(FIRST_CAP_NS)
    }

    fn measured(&self, since: u64) -> u64 {
        self.first_ns.load(Relaxed) + thread_cpu_ns().saturating_sub(since)
    }
}
