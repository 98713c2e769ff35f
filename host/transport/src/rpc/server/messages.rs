//! The messages of a request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::Incoming;
use ostler_call::{Encoding, Status};
use ostler_wire::{FramingError, Split, connect, grpc, grpc_web};

use super::dialect::{Dialect, Protocol};
use crate::body::{Messages, Unread};

/// The messages of a framed request.
pub(super) type Framed = Messages<Incoming, Splitter, fn(FramingError) -> Status>;

/// How a body is cut.
pub(super) enum Splitter {
    Grpc(grpc::Splitter),
    /// Items of a stream, whether framed or in an array, as MicroAPI's clients
    /// send them.
    Items(Box<grpc::Items>),
    Text(grpc_web::TextSplitter),
    Connect(connect::Splitter, Encoding),
}

impl Splitter {
    /// For one message, or for the items of a stream.
    pub(super) fn new(dialect: Dialect, streams: bool, limit: usize, gzip: bool) -> Self {
        let is_alias = dialect.encoding() == Encoding::PlainJson;
        macro_rules! splitter {
            ($splitter:ty) => {{
                let splitter = <$splitter>::new(limit);
                if gzip { splitter.gzip() } else { splitter }
            }};
        }
        match dialect.protocol {
            Protocol::WebText => Self::Text(splitter!(grpc_web::TextSplitter)),
            Protocol::Connect | Protocol::ConnectGet | Protocol::ConnectStream => {
                Self::Connect(splitter!(connect::Splitter), dialect.encoding())
            }
            Protocol::Grpc | Protocol::Web if is_alias && streams => {
                Self::Items(Box::new(splitter!(grpc::Items)))
            }
            Protocol::Grpc | Protocol::Web => Self::Grpc(splitter!(grpc::Splitter)),
        }
    }
}

impl Split for Splitter {
    fn push(&mut self, data: Bytes) {
        match self {
            Self::Grpc(s) => s.push(data),
            Self::Items(s) => s.push(data),
            Self::Text(s) => s.push(data),
            Self::Connect(s, _) => s.push(data),
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Grpc(s) => s.next(),
            Self::Items(s) => s.next(),
            Self::Text(s) => s.next(),
            Self::Connect(s, encoding) => Ok(s.next()?.map(|m| or_default(m, *encoding))),
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Grpc(s) => s.finish(),
            Self::Items(s) => s.finish(),
            Self::Text(s) => s.finish(),
            Self::Connect(s, encoding) => Ok(s.finish()?.map(|m| or_default(m, *encoding))),
        }
    }
}

/// In Connect's streams a message without bytes is the one that says nothing,
/// in JSON too.
fn or_default(message: Bytes, encoding: Encoding) -> Bytes {
    if message.is_empty() && encoding != Encoding::Proto {
        return Bytes::from_static(b"{}");
    }
    message
}

/// The one message of a request. Fails as the body broke, or with
/// `UNIMPLEMENTED` for another number of messages, as gRPC has it (grpc/grpc,
/// doc/statuscodes.md).
pub(super) struct Only {
    messages: Framed,
    message: Option<Bytes>,
}

impl Only {
    pub(super) fn of(messages: Framed) -> Self {
        let message = None;
        Self { messages, message }
    }
}

impl Future for Only {
    type Output = Result<Bytes, Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = ready!(self.messages.poll_message(cx))?;
            match (self.message.take(), next) {
                (None, Some(message)) => self.message = Some(message),
                (Some(message), None) => return Poll::Ready(Ok(message)),
                (None, None) => {
                    return Poll::Ready(Err(Status::unimplemented(
                        "this method takes one request message; none was sent",
                    )));
                }
                (Some(_), Some(_)) => {
                    return Poll::Ready(Err(Status::unimplemented(
                        "this method takes one request message; a second one was sent",
                    )));
                }
            }
        }
    }
}

/// The messages of `body`, cut by `splitter`.
pub(super) fn framed(
    body: Incoming,
    splitter: Splitter,
    unread: Unread,
    dialect: Dialect,
) -> Framed {
    let fault = if dialect.is_connect() {
        super::connect::fault
    } else {
        super::grpc::fault
    };
    Messages::new(body, splitter, unread, fault)
}
