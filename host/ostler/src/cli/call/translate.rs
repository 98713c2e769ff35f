//! Messages between the plain JSON, or the bytes, of the command line and the
//! protobuf of gRPC and Connect.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use ostler_call::{Any, Body, Encoding, End, Kind, MessageStream, Next, Reply, Status};
use ostler_schema::proto::Shape;
use ostler_schema::{MessageType, Plan, codec};

use crate::cli::remote::Found;

/// Levels of nesting that a message may have.
const DEPTH: usize = 100;

/// Where the contract is from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// The host's own.
    Contract,
    /// Made of descriptors. Their fields may all be absent, which is what the
    /// author of a message counts on: proto3's JSON is taken too.
    Reflection,
}

/// Translates the messages of one method.
#[derive(Clone, Debug)]
pub(super) struct Translator {
    plan: Arc<Plan>,
    request: MessageType,
    /// `None` for a method without a result.
    reply: Option<MessageType>,
    origin: Origin,
    /// What the command line sends and prints.
    sent: Encoding,
    printed: Encoding,
}

impl Translator {
    pub(super) fn new(
        found: &Found<'_>,
        origin: Origin,
        sent: Encoding,
        printed: Encoding,
    ) -> Self {
        Self {
            plan: Arc::new(found.plan.clone()),
            request: found.method.request.codec(),
            reply: found.method.response.codec(),
            origin,
            sent,
            printed,
        }
    }

    /// # Errors
    /// What is wrong with the one message of a request.
    pub(super) fn body(&self, body: Body) -> Result<Body, Status> {
        let Body { kind, guard } = body;
        let kind = self.kind(kind, Self::request)?;
        Ok(Body { kind, guard })
    }

    /// # Errors
    /// What is wrong with the one message of a reply.
    pub(super) fn reply(&self, reply: Reply) -> Result<Reply, Status> {
        let Body { kind, guard } = reply.body;
        let kind = self.kind(kind, Self::answer)?;
        let body = Body { kind, guard };
        Ok(Reply { body, ..reply })
    }

    fn kind(&self, kind: Kind, translate: Translate) -> Result<Kind, Status> {
        Ok(match kind {
            Kind::Empty(end) => Kind::Empty(self.end(end)),
            Kind::One(message, trailers) => Kind::One(translate(self, &message)?, trailers),
            Kind::Stream(messages) => Kind::Stream(Box::pin(Translated {
                messages: Some(messages),
                by: self.clone(),
                translate,
                end: End::ok(),
            })),
        })
    }

    fn request(&self, message: &Bytes) -> Result<Bytes, Status> {
        let plan = &self.plan;
        let decoded = |encoding| codec::decode(encoding, plan, self.request, message, DEPTH);
        let value = decoded(self.sent).or_else(|error| match self.origin {
            Origin::Contract => Err(error),
            Origin::Reflection => decoded(Encoding::ProtoJson).map_err(|_| error),
        })?;
        Ok(codec::encode(Encoding::Proto, plan, self.request, &value)?)
    }

    fn answer(&self, message: &Bytes) -> Result<Bytes, Status> {
        let Some(reply) = self.reply else {
            return Ok(Bytes::from_static(b"null"));
        };
        let unreadable = |error: &dyn std::fmt::Display| {
            Status::internal(format!("the reply cannot be read: {error}"))
        };
        let plan = &self.plan;
        let value = codec::decode(Encoding::Proto, plan, reply, message, DEPTH)
            .map_err(|error| unreadable(&error))?;
        codec::encode(self.printed, plan, reply, &value).map_err(|error| unreadable(&error))
    }

    fn end(&self, end: End) -> End {
        End {
            result: end.result.map_err(|status| self.status(&status)),
            trailers: end.trailers,
        }
    }

    /// The same with those details as JSON whose types the contract has.
    pub(super) fn status(&self, status: &Status) -> Status {
        let details = status.details().iter().map(|any| Any {
            type_name: any.type_name.clone(),
            value: self.detail(any).unwrap_or_else(|| any.value.clone()),
        });
        Status::new(status.code(), status.message()).with_details(details.collect())
    }

    fn detail(&self, any: &Any) -> Option<Bytes> {
        let layout = self.plan.proto();
        let proto = layout.find(&any.type_name)?;
        let ty = match layout.message(proto).shape {
            Shape::Record(ty) | Shape::Variant(ty) | Shape::Result(ty) | Shape::Wrapper(ty) => ty,
            Shape::Entry(_) | Shape::Empty(_) => return None,
        };
        let of = MessageType { ty, proto };
        let value = codec::decode(Encoding::Proto, &self.plan, of, &any.value, DEPTH).ok()?;
        codec::encode(Encoding::PlainJson, &self.plan, of, &value).ok()
    }
}

type Translate = fn(&Translator, &Bytes) -> Result<Bytes, Status>;

/// A stream whose messages are translated as they come.
struct Translated {
    /// Dropped at the end.
    messages: Option<Pin<Box<dyn MessageStream>>>,
    by: Translator,
    translate: Translate,
    end: End,
}

impl MessageStream for Translated {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let Some(messages) = &mut self.messages else {
            return Poll::Ready(Next::End(self.end.clone()));
        };
        let end = match ready!(messages.as_mut().poll_next(cx)) {
            Next::Message(message) => match (self.translate)(&self.by, &message) {
                Ok(message) => return Poll::Ready(Next::Message(message)),
                Err(status) => status.into(),
            },
            Next::End(end) => self.by.end(end),
        };
        self.messages = None;
        self.end = end.clone();
        Poll::Ready(Next::End(end))
    }
}
