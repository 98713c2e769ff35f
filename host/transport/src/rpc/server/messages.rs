//! The messages of a request.

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
    Items(grpc::Items),
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
                Self::Items(splitter!(grpc::Items))
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

/// The one message of a request.
///
/// # Errors
/// How the body broke, or `UNIMPLEMENTED` for another number of messages, as
/// gRPC has it (grpc/grpc, doc/statuscodes.md).
pub(super) async fn only(mut messages: Framed) -> Result<Bytes, Status> {
    let Some(message) = messages.next().await? else {
        return Err(Status::unimplemented(
            "this method takes one request message; none was sent",
        ));
    };
    match messages.next().await? {
        None => Ok(message),
        Some(_) => Err(Status::unimplemented(
            "this method takes one request message; a second one was sent",
        )),
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
