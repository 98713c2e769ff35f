//! The instance of a call. When a version's instances do not start, the call,
//! which no guest has seen, goes to the version before, and so do all others.

use ostler_call::Status;
use ostler_runtime::{NotSeated, Seat};

use super::Invocation;

/// Versions a call may be moved through; no more can be live at once.
const MOVES: usize = 4;

/// An instance for the call, of the version it is pinned to when this returns.
///
/// # Errors
/// `RESOURCE_EXHAUSTED` when there is no room for an instance, the passed
/// deadline, or why the instance did not start where there is no version
/// before.
pub(super) async fn seat(call: &mut Invocation) -> Result<Seat, Status> {
    let mut failed = Status::unavailable("no version of the service starts");
    for _ in 0..MOVES {
        let deployment = &call.pinned.deployed.deployment;
        match deployment.seat(call.info.deadline).await {
            Ok(seat) => return Ok(seat),
            Err(NotSeated::Refused(status)) => return Err(status),
            Err(NotSeated::NotStarted(status)) => failed = status,
        }
        if !fall_back(call, &failed).await {
            break;
        }
    }
    Err(failed)
}

/// Has the version rolled back and moves the call to the one before, if there
/// is one.
async fn fall_back(call: &mut Invocation, failed: &Status) -> bool {
    let from = call.pinned.deployed.clone();
    let Some(control) = from.watch.control() else {
        return false;
    };
    let why = format!("an instance did not start: {}", failed.message());
    if control.retreat(&from, &why).await.is_err() {
        return false;
    }
    let Some((pinned, permit)) = control.pin_again(&call.pinned, &call.info).await else {
        return false;
    };
    (call.pinned, call.permit) = (pinned, permit);
    true
}
