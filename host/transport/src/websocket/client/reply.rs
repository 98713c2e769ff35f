//! Envelopes as replies.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ostler_call::{
    Body, Deadline, Encoding, End, Kind as BodyKind, MessageStream, Metadata, Next, Reply, Status,
};
use ostler_wire::envelope::{Envelope, Kind};
use tokio::time::Sleep;

use super::request::Sending;
use super::{Event, Ongoing};
use crate::dial;
use crate::websocket::text;

/// What the caller knows of the reply before it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) streams: bool,
    pub(super) encoding: Encoding,
    pub(super) deadline: Option<Deadline>,
}

/// The reply of a call: all of it, or a streamed one's beginning.
///
/// # Errors
/// The status of a call that has no answer.
pub(super) async fn receive(
    call: Ongoing,
    expected: Expected,
    sending: Sending,
) -> Result<Reply, Status> {
    let event = poll_fn(|cx| call.inbox.poll_next(cx)).await;
    let first = match event {
        Event::Envelope(envelope) => envelope,
        Event::Lost(status) => return Err(sending.failure().unwrap_or(status)),
    };
    if let Some(status) = sending.failure() {
        return Err(status);
    }
    let headers = text::metadata(&first.metadata);
    let kind = if first.kind == Kind::StreamPush {
        if !expected.streams {
            return Err(Status::internal("the server answers with a stream"));
        }
        BodyKind::Stream(Box::pin(Messages::new(call, first, expected, sending)?))
    } else {
        whole(&first, expected)?
    };
    Ok(Reply {
        headers,
        body: Body::from(kind),
    })
}

/// A reply that is one envelope.
fn whole(envelope: &Envelope, expected: Expected) -> Result<BodyKind, Status> {
    if let Some(status) = text::status(envelope) {
        return Ok(BodyKind::Empty(status.into()));
    }
    if expected.streams {
        return Ok(BodyKind::Empty(End::ok()));
    }
    let message = envelope.payload.clone();
    let message = message.unwrap_or(Bytes::from_static(b"null"));
    let trailers = text::metadata(&envelope.trailers);
    Ok(BodyKind::One(message, trailers))
}

/// Messages of a streamed reply, granted as they are pulled.
struct Messages {
    /// Dropped at the end, and with it what is left of the call.
    call: Option<(Ongoing, Sending)>,
    first: Option<Bytes>,
    encoding: Encoding,
    late: Option<Pin<Box<Sleep>>>,
    end: Option<End>,
}

impl Messages {
    fn new(
        call: Ongoing,
        first: Envelope,
        expected: Expected,
        sending: Sending,
    ) -> Result<Self, Status> {
        let late = expected
            .deadline
            .map(|deadline| Box::pin(tokio::time::sleep_until(deadline.instant().into())));
        Ok(Self {
            call: Some((call, sending)),
            first: Some(message(first.payload, expected.encoding)?),
            encoding: expected.encoding,
            late,
            end: None,
        })
    }

    /// The next message, or the end.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, End>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Ok(first));
        }
        let Some((call, sending)) = &self.call else {
            return Poll::Ready(Err(End::ok()));
        };
        let event = match call.inbox.poll_next(cx) {
            Poll::Ready(event) => event,
            Poll::Pending => {
                let late = self.late.as_mut();
                ready!(late.map_or(Poll::Pending, |late| late.as_mut().poll(cx)));
                return Poll::Ready(Err(dial::late().into()));
            }
        };
        if let Some(messages) = call.inbox.take_grant() {
            call.shared.outbox.grant(&call.id, messages);
        }
        Poll::Ready(match event {
            Event::Envelope(envelope) if envelope.kind == Kind::StreamPush => {
                message(envelope.payload, self.encoding).map_err(End::from)
            }
            Event::Envelope(envelope) => Err(End {
                result: text::status(&envelope)
                    .map_or(Ok(()), |status| Err(sending.failure().unwrap_or(status))),
                trailers: trailers(&envelope),
            }),
            Event::Lost(status) => Err(sending.failure().unwrap_or(status).into()),
        })
    }
}

fn trailers(envelope: &Envelope) -> Metadata {
    text::metadata(&envelope.metadata)
}

/// A message as the caller wants it: a chunk is base64 in between.
fn message(payload: Option<Bytes>, encoding: Encoding) -> Result<Bytes, Status> {
    let payload = payload.unwrap_or(Bytes::from_static(b"null"));
    if encoding != Encoding::Raw {
        return Ok(payload);
    }
    serde_json::from_slice::<&str>(&payload)
        .ok()
        .and_then(|text| STANDARD.decode(text).ok())
        .map(Bytes::from)
        .ok_or_else(|| Status::internal("the server sent a chunk that is not base64"))
}

impl MessageStream for Messages {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        match ready!(self.poll_message(cx)) {
            Ok(message) => Poll::Ready(Next::Message(message)),
            Err(end) => {
                self.call = None;
                self.end = Some(end.clone());
                Poll::Ready(Next::End(end))
            }
        }
    }
}
