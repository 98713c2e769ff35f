//! The messages of one direction of a call, and how they end.

use std::any::Any as StdAny;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::{Metadata, Status};

/// How a body ended: success or a status, and trailing metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct End {
    /// Success, or why it failed.
    pub result: Result<(), Status>,
    /// Metadata after the messages.
    pub trailers: Metadata,
}

impl End {
    /// A clean end without trailers.
    pub const fn ok() -> Self {
        Self {
            result: Ok(()),
            trailers: Metadata::new(),
        }
    }
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self {
            result: Err(status),
            trailers: Metadata::new(),
        }
    }
}

/// One step of a message stream.
#[derive(Debug)]
pub enum Next {
    /// One encoded message.
    Message(Bytes),
    /// The end; polling again gives the same end.
    End(End),
}

/// Encoded messages, pulled one by one.
///
/// The consumer polls from one task at a time and may stop and drop the
/// stream at any point, which cancels whatever feeds it. The producer buffers
/// at most its byte budget ahead of the consumer. Nothing here logs.
pub trait MessageStream: Send {
    /// The next message or the end.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next>;
}

/// What must live as long as a body: permits, spans, timers. Dropped when the
/// body is dropped, not when its head is sent.
pub struct Guard(#[expect(dead_code, reason = "held for its drop alone")] Box<dyn StdAny + Send>);

impl Guard {
    /// Holds `held` until the body ends.
    pub fn new(held: impl StdAny + Send) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

/// How many messages a body has.
pub enum Kind {
    /// None, and this end.
    Empty(End),
    /// Exactly one message, a clean end, and these trailers.
    One(Bytes, Metadata),
    /// Any number of messages.
    Stream(Pin<Box<dyn MessageStream>>),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(end) => f.debug_tuple("Empty").field(end).finish(),
            Self::One(bytes, trailers) => {
                f.debug_tuple("One").field(bytes).field(trailers).finish()
            }
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// The messages of one direction of a call.
#[derive(Debug)]
pub struct Body {
    /// The messages.
    pub kind: Kind,
    /// What lives as long as they do.
    pub guard: Option<Guard>,
}

impl Body {
    /// A body without messages and a clean end.
    pub fn empty() -> Self {
        Kind::Empty(End::ok()).into()
    }

    /// A body of one message.
    pub fn one(message: Bytes) -> Self {
        Kind::One(message, Metadata::new()).into()
    }

    /// A body that streams.
    pub fn stream(messages: impl MessageStream + 'static) -> Self {
        Kind::Stream(Box::pin(messages)).into()
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self { kind, guard: None }
    }
}

/// What a call answers: metadata, then a body whose end carries the status.
#[derive(Debug)]
pub struct Reply {
    /// Metadata before the messages.
    pub headers: Metadata,
    /// The messages and how they ended.
    pub body: Body,
}

impl From<Status> for Reply {
    fn from(status: Status) -> Self {
        Self {
            headers: Metadata::new(),
            body: Kind::Empty(status.into()).into(),
        }
    }
}
