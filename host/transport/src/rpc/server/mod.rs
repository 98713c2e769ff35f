//! The server half: one request in, one reply out. When the client goes away
//! hyper drops the future or the reply's body, and with it the call.

mod body;
mod error;
mod reply;
mod request;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::Response;
use hyper::body::Incoming;
use ostler_call::{Body, Deadline, MessageStream as _, Next, Status};
use ostler_schema::Handler;

use self::body::Messages;
pub(crate) use self::reply::ReplyBody;
pub(crate) use self::request::is_meant;
use crate::http::server::HttpConfig;

/// The whole path of a request that [`is_meant`] for this protocol.
pub(crate) async fn answer(
    handler: &dyn Handler,
    config: &HttpConfig,
    peer: SocketAddr,
    request: http::Request<Incoming>,
) -> Response<ReplyBody> {
    let (parts, body) = request.into_parts();
    let head = match request::head(&parts, peer) {
        Ok(head) => head,
        Err(refusal) => return refusal.response(),
    };
    let deadline = head.deadline;
    let admitted = match handler.admit(head) {
        Ok(admitted) => admitted,
        Err(reply) => return reply::response(error::of_refused(reply), false),
    };
    let pattern = admitted.method().pattern;
    let limit = config.message_bytes;
    let messages = if pattern.streams_in() {
        Body::stream(Messages::items(body, limit))
    } else {
        let reading = tokio::time::timeout(config.body_timeout, only(Messages::one(body, limit)));
        let message = before(deadline, async {
            reading.await.unwrap_or_else(|_| {
                Err(Status::deadline_exceeded(format!(
                    "the request did not arrive within {:?}",
                    config.body_timeout
                )))
            })
        });
        match message.await {
            Ok(message) => Body::one(message),
            Err(status) => return reply::response(status.into(), false),
        }
    };
    let reply = admitted.serve(messages).await;
    reply::response(reply, pattern.streams_out())
}

/// The one message of a request.
///
/// # Errors
/// How the body broke, or `UNIMPLEMENTED` for another number of messages, as
/// gRPC has it (grpc/grpc, doc/statuscodes.md).
async fn only(mut messages: Messages) -> Result<Bytes, Status> {
    let mut only = None;
    loop {
        match poll_fn(|cx| Pin::new(&mut messages).poll_next(cx)).await {
            Next::Message(message) if only.is_none() => only = Some(message),
            Next::Message(_) => {
                return Err(Status::unimplemented(
                    "this method takes one request message; a second one was sent",
                ));
            }
            Next::End(end) => {
                end.result?;
                return only.ok_or_else(|| {
                    Status::unimplemented("this method takes one request message; none was sent")
                });
            }
        }
    }
}

/// What `future` gives before the caller's deadline. The host's own deadlines
/// count once the call has its message.
async fn before<T>(
    deadline: Option<Deadline>,
    future: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => future.await,
        Some(deadline) => tokio::time::timeout_at(deadline.instant().into(), future)
            .await
            .unwrap_or_else(|_| {
                Err(Status::deadline_exceeded(
                    "the deadline passed before the request had arrived",
                ))
            }),
    }
}
