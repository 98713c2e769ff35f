//! Containment: a panic in the host's own code on a call ends that call and
//! nothing else.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use ostler_call::{Reply, Status};

/// Runs `step`; a panic becomes `INTERNAL` and is logged.
///
/// What `step` was working on must not be used again after an error.
pub(crate) fn caught<T>(step: impl FnOnce() -> T) -> Result<T, Status> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| {
        tracing::error!(panic = text(&*panic), "the host failed on a call");
        Status::internal("the host failed on this call; its log says why")
    })
}

/// Awaits `call`; a panic while polling it is the reply `INTERNAL`.
pub(crate) async fn caught_reply(call: impl Future<Output = Reply>) -> Reply {
    let mut call = pin!(call);
    poll_fn(|cx| match caught(|| call.as_mut().poll(cx)) {
        Ok(poll) => poll,
        Err(status) => Poll::Ready(status.into()),
    })
    .await
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("of unknown kind")
}

#[cfg(test)]
mod tests {
    use ostler_call::{Code, Kind};

    use super::*;

    #[tokio::test]
    async fn a_panic_is_internal() {
        let reply = caught_reply(async { panic!("on purpose") }).await;
        let Kind::Empty(end) = reply.body.kind else {
            panic!("a reply with messages");
        };
        assert_eq!(end.result.unwrap_err().code(), Code::Internal);
    }

    #[test]
    fn a_result_passes() {
        assert_eq!(caught(|| 3), Ok(3));
        let error = caught(|| -> u8 { panic!("{}", "formatted") });
        assert_eq!(error.unwrap_err().code(), Code::Internal);
    }
}
