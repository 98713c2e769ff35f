//! The one place where this crate asks what time it is; everything else takes
//! `now` as an argument.

use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "the edge at which `now` enters the call stack"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
