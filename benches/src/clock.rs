//! The one place that reads clocks.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The present.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the real clock"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// CPU time this process has used so far.
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Neither field is ever negative on this clock.
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}
