//! The one place where this crate reads the clock: relative timeouts become
//! instants, and back, at the edge.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "see above")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
