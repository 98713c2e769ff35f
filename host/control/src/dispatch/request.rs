//! The one request message of a call that does not stream them.

use std::future::poll_fn;

use bytes::Bytes;
use ostler_call::{Body, Deadline, Encoding, Kind, MessageStream, Next, Status};
use ostler_schema::{Value, codec};

use crate::middleware::exceeded;
use crate::resolve::Pinned;

/// The only message of a body; empty when it has none.
///
/// # Errors
/// How the body broke, or `INVALID_ARGUMENT` when it has a second message.
pub(crate) async fn only_message(body: Body, deadline: Option<Deadline>) -> Result<Bytes, Status> {
    match body.kind {
        Kind::Empty(end) => end.result.map(|()| Bytes::new()),
        Kind::One(message, _) => Ok(message),
        Kind::Stream(messages) => match deadline {
            // The runtime, which keeps the deadline once the guest is
            // entered, does not know of this call yet.
            Some(deadline) => tokio::time::timeout_at(deadline.instant().into(), drain(messages))
                .await
                .unwrap_or_else(|_elapsed| Err(exceeded())),
            None => drain(messages).await,
        },
    }
}

async fn drain(mut messages: std::pin::Pin<Box<dyn MessageStream>>) -> Result<Bytes, Status> {
    let mut only = None;
    loop {
        match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
            Next::Message(message) if only.is_none() => only = Some(message),
            Next::Message(_) => {
                return Err(Status::invalid_argument(
                    "this method takes one request message; a second one was sent",
                ));
            }
            Next::End(end) => return end.result.map(|()| only.unwrap_or_default()),
        }
    }
}

/// The parameters in `message`, each decoded and checked.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the path, `RESOURCE_EXHAUSTED` for a message
/// over the limit.
pub(super) fn arguments(
    pinned: &Pinned,
    encoding: Encoding,
    message: &Bytes,
) -> Result<Vec<Value>, Status> {
    let deployed = &pinned.deployed;
    let request = &pinned.method().request;
    deployed.limits.check_request(message.len())?;
    let empty = Bytes::from_static(b"{}");
    let message = match encoding {
        // No body is how many clients send a message without fields.
        Encoding::PlainJson if message.is_empty() => &empty,
        _ => message,
    };
    let plan = &deployed.contract.plan;
    let depth = deployed.limits.depth;
    let value = codec::decode(encoding, plan, request.codec(), message, depth)?;
    Ok(request.arguments(value))
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use ostler_call::{Code, End};

    use super::*;

    /// Gives these messages, then ends as told or not at all.
    struct Messages(Vec<&'static str>, Option<End>);

    impl MessageStream for Messages {
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Next> {
            if !self.0.is_empty() {
                return Poll::Ready(Next::Message(self.0.remove(0).into()));
            }
            match self.1.clone() {
                Some(end) => Poll::Ready(Next::End(end)),
                None => Poll::Pending,
            }
        }
    }

    async fn only(messages: &[&'static str], end: End) -> Result<Bytes, Status> {
        only_message(Body::stream(Messages(messages.to_vec(), Some(end))), None).await
    }

    #[tokio::test]
    async fn a_stream_of_one_message_is_that_message() {
        assert_eq!(only(&["a"], End::ok()).await.unwrap(), "a");
        assert_eq!(only(&[], End::ok()).await.unwrap(), "");
        let second = only(&["a", "b"], End::ok()).await.unwrap_err();
        assert_eq!(second.code(), Code::InvalidArgument);
        let broken = only(&["a"], Status::cancelled("gone").into()).await;
        assert_eq!(broken.unwrap_err().code(), Code::Cancelled);
        assert_eq!(only_message(Body::empty(), None).await.unwrap(), "");
        assert_eq!(
            only_message(Body::one("x".into()), None).await.unwrap(),
            "x"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_runs_into_the_deadline() {
        let deadline = Deadline::after(tokio::time::Instant::now().into(), Duration::from_secs(3));
        let silent = Body::stream(Messages(Vec::new(), None));
        let late = only_message(silent, deadline).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
    }
}
