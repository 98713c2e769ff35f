//! The runtime's one clock: nanoseconds since the engine started, and the CPU
//! time of the calling thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Time since the engine started.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    coarse_ms: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            start: now(),
            coarse_ms: AtomicU64::new(0),
        }
    }

    /// Nanoseconds since the start; reads the system's clock.
    pub(crate) fn ns(&self) -> u64 {
        nanos(now().saturating_duration_since(self.start))
    }

    /// Milliseconds since the start as of the last epoch tick; costs a load.
    pub(crate) fn coarse_ms(&self) -> u64 {
        self.coarse_ms.load(Ordering::Relaxed)
    }

    /// Called at each epoch tick.
    pub(crate) fn tick(&self) {
        self.coarse_ms
            .store(self.ns() / 1_000_000, Ordering::Relaxed);
    }

    /// An instant as milliseconds since the start, rounded up.
    pub(crate) fn ms_of(&self, instant: Instant) -> u64 {
        nanos(instant.saturating_duration_since(self.start)).div_ceil(1_000_000)
    }

    /// The instant `duration` from now; about a century off at most.
    pub(crate) fn after(duration: Duration) -> Instant {
        const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
        now() + duration.min(LONGEST)
    }

    /// Time left until `instant`.
    pub(crate) fn until(instant: Instant) -> Duration {
        instant.saturating_duration_since(now())
    }
}

/// CPU time of the calling thread, nanoseconds. A system call: not for every
/// poll.
pub(crate) fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the runtime's only look at the clock"
)]
fn now() -> Instant {
    Instant::now()
}
