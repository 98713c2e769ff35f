//! What gRPC says of an end, and its replies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use ostler_call::{Any, Code, End, Metadata, Reply, Status};
use ostler_wire::{grpc, percent};

use super::metadata;
use super::reply::{Expected, ended, framed};
use crate::dial::error::of_http;
use crate::dial::{ERROR_BYTES, Replies, Source};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The reply of a call (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Responses").
pub(super) async fn reply(
    parts: Parts,
    source: Source,
    expected: Expected,
) -> Result<Reply, Status> {
    // Trailers-Only: nothing was said before the end.
    if let Some(result) = told(&parts.headers)
        && (result.is_err() || expected.streams)
    {
        let trailers = metadata::read(&parts.headers);
        return Ok(ended(Metadata::new(), End { result, trailers }));
    }
    if parts.status != StatusCode::OK {
        let body = source.read(ERROR_BYTES).await;
        let body = body.map_or(Bytes::new(), |(body, _)| body);
        let headers = metadata::read(&parts.headers);
        return Ok(ended(headers, of_http(parts.status, &body)));
    }
    let splitter = grpc::Splitter::new(expected.message_bytes);
    let splitter = match expected.dialect.check(&parts.headers)? {
        true => splitter.gzip(),
        false => splitter,
    };
    Ok(framed(&parts.headers, source, splitter, expected).await)
}

/// Messages whose end is in trailers.
impl Replies for grpc::Splitter {
    fn end(&mut self, trailers: Option<&HeaderMap>) -> End {
        let Some(trailers) = trailers else {
            return Status::internal("the server ended the reply without trailers").into();
        };
        let missing = || Err(Status::internal("the trailers of the reply have no status"));
        End {
            result: told(trailers).unwrap_or_else(missing),
            trailers: metadata::read(trailers),
        }
    }
}

/// How the call ended, if these headers or trailers tell it.
fn told(headers: &HeaderMap) -> Option<Result<(), Status>> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let number: Option<u32> = match headers.get(STATUS)?.to_str() {
        Ok("0") => return Some(Ok(())),
        Ok(number) => number.parse().ok(),
        Err(_) => None,
    };
    let code = number.and_then(Code::from_number);
    // Zero has one spelling.
    let code = code.filter(|code| *code != Code::Ok);
    let message = percent::decode(text(MESSAGE).unwrap_or_default());
    let status = Status::new(code.unwrap_or(Code::Unknown), message);
    Some(Err(status.with_details(details(text(DETAILS)))))
}

/// Details that cannot be read are left out: they only explain the status.
fn details(text: Option<&str>) -> Vec<Any> {
    let status = text.and_then(|text| STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok());
    let details = status.and_then(|status| grpc::details(&status));
    anys(details.unwrap_or_default())
}

pub(super) fn anys(details: Vec<(String, Bytes)>) -> Vec<Any> {
    let any = |(type_name, value)| Any { type_name, value };
    details.into_iter().map(any).collect()
}
