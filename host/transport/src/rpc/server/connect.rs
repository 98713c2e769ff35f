//! What Connect says of an end, and its replies of one message.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use ostler_call::{Code, End, Kind, Reply, Status};
use ostler_wire::{FramingError, compression, connect, frame};

use super::body::ReplyBody;
use super::compression::{GZIP, names};
use super::dialect::Protocol;
use super::metadata;
use super::reply::Shape;
use crate::body::Unread;
use crate::http::server::http_status;

/// The media type of every error.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The reply of a call with one message, bare.
pub(super) fn response(reply: Reply, shape: &Shape, unread: Unread) -> Response<ReplyBody> {
    let mut headers = HeaderMap::with_capacity(4);
    let names = names(shape.dialect.protocol);
    headers.insert(names.accepted, GZIP);
    if shape.dialect.protocol == Protocol::ConnectGet {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    metadata::add(&mut headers, &reply.headers);
    let (message, end) = match reply.body.kind {
        Kind::One(message, trailers) => {
            let result = Ok(());
            (message, End { result, trailers })
        }
        Kind::Empty(end) => (shape.nothing(), end),
        // NB a method with one reply never streams it.
        Kind::Stream(_) => {
            let status = Status::internal("the reply is a stream, not one message");
            (Bytes::new(), status.into())
        }
    };
    metadata::add_trailers(&mut headers, &end.trailers);
    let (http, data) = match end.result {
        Ok(()) => {
            headers.insert(header::CONTENT_TYPE, shape.content_type());
            match shape.compressed(&message) {
                Some(packed) => {
                    headers.insert(names.used, GZIP);
                    (StatusCode::OK, packed.into())
                }
                None => (StatusCode::OK, message),
            }
        }
        Err(status) => {
            headers.insert(header::CONTENT_TYPE, JSON);
            (http_status(status.code()), error(&status).json().into())
        }
    };
    let mut response = Response::new(ReplyBody::bare(data, unread).guarded(reply.body.guard));
    *response.status_mut() = http;
    *response.headers_mut() = headers;
    response
}

/// Appends the last frame of a stream.
pub(super) fn put_end(out: &mut BytesMut, end: &End) -> Result<(), FramingError> {
    let failure = end.result.as_ref().err().map(error);
    let metadata = metadata::allowed(&end.trailers);
    let data = connect::end(failure.as_ref(), metadata);
    frame::join(out, connect::END, &data)
}

fn error(status: &Status) -> connect::Error<'_> {
    let code = match status.code() {
        Code::Cancelled => "canceled",
        code => code.name(),
    };
    let details = status.details().iter();
    let details = details.map(|any| (any.type_name.as_str(), &any.value[..]));
    connect::Error::new(code, status.message(), details)
}

/// A message as it was before it was compressed.
///
/// # Errors
/// As [`fault`].
pub(super) fn decompressed(message: Bytes, limit: usize) -> Result<Bytes, Status> {
    // Nothing is nothing, compressed or not.
    if message.is_empty() {
        return Ok(message);
    }
    compression::gunzip(&message, limit).map_err(fault)
}

/// What is wrong with the framing of a request.
pub(super) fn fault(error: FramingError) -> Status {
    let text = error.to_string();
    match error {
        FramingError::TooLarge { .. } => Status::resource_exhausted(text),
        FramingError::Truncated | FramingError::Compression(_) => Status::invalid_argument(text),
        FramingError::Malformed(_) => Status::internal(text),
    }
}
