//! When a call must have ended.

use std::time::{Duration, Instant};

use ostler_call::{Deadline, Status};

/// The earlier of the caller's deadline and what the method may take.
///
/// # Errors
/// `DEADLINE_EXCEEDED` when that time has come already: no guest is entered
/// for an answer nobody waits for.
pub(crate) fn effective(
    now: Instant,
    caller: Option<Deadline>,
    own: Option<Duration>,
) -> Result<Option<Deadline>, Status> {
    let own = own.and_then(|timeout| Deadline::after(now, timeout));
    let deadline = Deadline::earliest(caller, own);
    match deadline {
        Some(d) if d.remaining(now).is_zero() => Err(exceeded()),
        _ => Ok(deadline),
    }
}

/// The status of a call whose time is up before its guest was entered.
pub(crate) fn exceeded() -> Status {
    Status::deadline_exceeded("the deadline passed before the call began")
}

#[cfg(test)]
mod tests {
    use ostler_call::Code;

    use super::*;
    use crate::clock;

    #[test]
    fn the_earlier_one_counts() {
        let now = clock::now();
        let after = |s| Deadline::after(now, Duration::from_secs(s));
        let of = |caller, own: Option<u64>| {
            effective(now, caller, own.map(Duration::from_secs)).unwrap()
        };
        assert_eq!(of(None, None), None);
        assert_eq!(of(after(3), None), after(3));
        assert_eq!(of(None, Some(30)), after(30));
        assert_eq!(of(after(3), Some(30)), after(3));
        assert_eq!(of(after(60), Some(30)), after(30));
    }

    #[test]
    fn a_call_that_is_late_already_is_refused() {
        let now = clock::now();
        let passed = Deadline::after(now, Duration::ZERO);
        let late = effective(now, passed, Some(Duration::from_secs(30)));
        assert_eq!(late.unwrap_err().code(), Code::DeadlineExceeded);
    }
}
