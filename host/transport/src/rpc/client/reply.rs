//! Responses as replies.

use std::future::poll_fn;
use std::pin::Pin;

use http::{HeaderMap, Response};
use ostler_call::{Body, Deadline, End, Kind, MessageStream, Metadata, Next, Reply, Status};

use super::dialect::{Dialect, Form};
use super::{connect, grpc};
use crate::dial::{Messages, Replies, Source};

/// What the caller knows of the reply before it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) dialect: Dialect,
    pub(super) streams: bool,
    pub(super) message_bytes: usize,
    pub(super) deadline: Option<Deadline>,
}

/// The reply a response is. All of it is read unless the reply streams.
pub(super) async fn of_response(
    response: Response<Source>,
    expected: Expected,
) -> Result<Reply, Status> {
    let (parts, source) = response.into_parts();
    match expected.dialect.form {
        Form::Grpc => grpc::reply(parts, source, expected).await,
        Form::Connect => connect::reply(parts, source, expected).await,
        Form::ConnectStream => connect::stream(parts, source, expected).await,
    }
}

/// A reply that has no message.
pub(super) fn ended(headers: Metadata, end: impl Into<End>) -> Reply {
    Reply {
        headers,
        body: Body::from(Kind::Empty(end.into())),
    }
}

/// The reply whose messages `splitter` finds in the body.
pub(super) async fn framed<S>(
    headers: &HeaderMap,
    source: Source,
    splitter: S,
    expected: Expected,
) -> Reply
where
    S: Replies + Send + Unpin + 'static,
{
    let mut messages = Messages::new(source, splitter, expected.deadline);
    let kind = if expected.streams {
        Kind::Stream(Box::pin(messages))
    } else {
        only(&mut messages).await
    };
    Reply {
        headers: super::metadata::read(headers),
        body: Body::from(kind),
    }
}

/// The one message of a method that does not stream its reply. That there is
/// one is the server's duty (grpc/grpc, doc/statuscodes.md).
async fn only(messages: &mut (impl MessageStream + Unpin)) -> Kind {
    let mut messages = Pin::new(messages);
    let wrong = |text: &str| Kind::Empty(Status::unimplemented(text).into());
    let message = match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
        Next::Message(message) => message,
        Next::End(end) if end.result.is_ok() => {
            return wrong("the server answered without a message");
        }
        Next::End(end) => return Kind::Empty(end),
    };
    match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
        Next::Message(_) => wrong("the server answered more than one message"),
        Next::End(end) if end.result.is_ok() => Kind::One(message, end.trailers),
        Next::End(end) => Kind::Empty(end),
    }
}
