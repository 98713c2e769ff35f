//! From the envelope that opens a call to its head and its messages.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use ostler_call::{Address, Deadline, Encoding, Head, Metadata, Status};
use ostler_schema::Pattern;
use ostler_wire::envelope::{Envelope, Kind};

use super::Dialect;
use crate::clock::now;
use crate::websocket::text;

/// Bytes of an id.
const MAX_ID: usize = 256;

/// How the messages of a request come.
#[derive(Debug)]
pub(super) enum Form {
    /// The one message of a request that does not stream.
    One(Bytes),
    /// All at once, as an array.
    Whole(Option<Bytes>),
    /// One by one, after this first one.
    Arriving(Option<Bytes>),
    /// None: the stream ended as it began.
    Ended,
}

/// The head of the call that `envelope` opens; `base` is the metadata of the
/// handshake, which gives way to the envelope's own.
///
/// # Errors
/// What the envelope says that no head can.
pub(super) fn head(envelope: &Envelope, base: &Metadata, peer: SocketAddr) -> Result<Head, Status> {
    if envelope.id.len() > MAX_ID {
        return Err(Status::invalid_argument(format!(
            "the id of a call has at most {MAX_ID} bytes"
        )));
    }
    if envelope.service.is_empty() || envelope.method.is_empty() {
        return Err(Status::invalid_argument(
            "an envelope that opens a call needs `service` and `method`",
        ));
    }
    let mut own = Metadata::new();
    text::add(&mut own, &envelope.metadata)?;
    let mut metadata = own.clone();
    for (key, value) in base.iter().filter(|(key, _)| own.get(key).is_none()) {
        // It was metadata before.
        metadata.insert(key, value).unwrap_or_default();
    }
    let timeout = envelope.timeout_ms.map(Duration::from_millis);
    Ok(Head {
        address: Address {
            service: envelope.service.clone(),
            method: envelope.method.clone(),
        },
        metadata,
        deadline: timeout.and_then(|timeout| Deadline::after(now(), timeout)),
        request: Encoding::PlainJson,
        reply: Encoding::PlainJson,
        peer: Some(peer),
        transport: "websocket",
    })
}

/// How the messages of a call that `envelope` opens come.
///
/// # Errors
/// When a method that takes one message is opened as a stream.
pub(super) fn form(envelope: Envelope, pattern: Pattern, dialect: Dialect) -> Result<Form, Status> {
    let payload = envelope.payload;
    match (envelope.kind, pattern.streams_in()) {
        (Kind::Request, false) => Ok(Form::One(payload.unwrap_or(Bytes::from_static(b"{}")))),
        // MicroAPI's clients have all messages before they call.
        (Kind::Request, true) if payload.is_none() && dialect == Dialect::Ostler => {
            Ok(Form::Arriving(None))
        }
        (Kind::Request, true) => Ok(Form::Whole(payload)),
        (Kind::StreamPush, true) => Ok(Form::Arriving(Some(message(payload)))),
        (Kind::StreamEnd, true) => Ok(Form::Ended),
        _ => Err(Status::invalid_argument(
            "the method takes one message, not a stream: open its calls with `request`",
        )),
    }
}

/// The message of a `stream_push`.
pub(super) fn message(payload: Option<Bytes>) -> Bytes {
    payload.unwrap_or(Bytes::from_static(b"null"))
}
