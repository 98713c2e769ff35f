//! What Connect says of an end, and its replies
//! (connectrpc.com/docs/protocol).

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, StatusCode, header};
use ostler_call::{Body, Code, End, Kind, Reply, Status};
use ostler_wire::{compression, connect};

use super::grpc::anys;
use super::metadata;
use super::reply::{Expected, ended, framed};
use crate::dial::error::{inferred, of_http};
use crate::dial::{ERROR_BYTES, Replies, Source, malformed, media_type};

/// The reply of a call with one message each way.
pub(super) async fn reply(
    parts: Parts,
    source: Source,
    expected: Expected,
) -> Result<Reply, Status> {
    let (headers, trailers) = metadata::read_both(&parts.headers);
    if parts.status != StatusCode::OK {
        let result = Err(refusal(&parts, source, expected).await?);
        return Ok(ended(headers, End { result, trailers }));
    }
    let limit = expected.message_bytes;
    let message = if expected.dialect.check(&parts.headers)? {
        let (packed, _) = source
            .read(limit.saturating_add(compression::slack(limit)))
            .await?;
        unpacked(packed, limit)?
    } else {
        source.read(limit).await?.0
    };
    Ok(Reply {
        headers,
        body: Body::from(Kind::One(message, trailers)),
    })
}

/// Why a call failed that has one message each way.
async fn refusal(parts: &Parts, source: Source, expected: Expected) -> Result<Status, Status> {
    let (body, _) = source.read(ERROR_BYTES).await?;
    let is_packed = parts.headers.get(expected.dialect.encoding());
    let body = match is_packed.is_some_and(|encoding| encoding == "gzip") {
        true => unpacked(body, ERROR_BYTES)?,
        false => body,
    };
    let media = parts.headers.get(header::CONTENT_TYPE);
    let media = media.map_or(&b""[..], |value| media_type(value.as_bytes()));
    let is_ours = media.eq_ignore_ascii_case(b"application/json");
    let error = is_ours.then(|| connect::read_error(&body).ok()).flatten();
    Ok(match error {
        Some(error) => status(error, inferred(parts.status)),
        None => of_http(parts.status, &body),
    })
}

fn unpacked(packed: Bytes, limit: usize) -> Result<Bytes, Status> {
    // Nothing is nothing, compressed or not.
    if packed.is_empty() {
        return Ok(packed);
    }
    compression::gunzip(&packed, limit).map_err(malformed)
}

/// The reply of a call that streams.
pub(super) async fn stream(
    parts: Parts,
    source: Source,
    expected: Expected,
) -> Result<Reply, Status> {
    if parts.status != StatusCode::OK {
        let (body, _) = source.read(ERROR_BYTES).await?;
        let headers = metadata::read(&parts.headers);
        return Ok(ended(headers, of_http(parts.status, &body)));
    }
    let splitter = connect::Replies::new(expected.message_bytes);
    let splitter = match expected.dialect.check(&parts.headers)? {
        true => splitter.gzip(),
        false => splitter,
    };
    Ok(framed(&parts.headers, source, splitter, expected).await)
}

/// Messages whose end is the last frame.
impl Replies for connect::Replies {
    fn end(&mut self, _: Option<&HeaderMap>) -> End {
        let Some(end) = Self::end(self) else {
            return Status::internal("the server ended the reply without its last frame").into();
        };
        match connect::read_end(end) {
            Ok(end) => {
                let pairs = end.metadata.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                End {
                    trailers: metadata::of_pairs(pairs),
                    result: end
                        .error
                        .map_or(Ok(()), |error| Err(status(error, Code::Unknown))),
                }
            }
            Err(error) => malformed(error).into(),
        }
    }
}

/// An error as a status; `otherwise` is what it means when its code is none.
fn status(error: connect::Failed, otherwise: Code) -> Status {
    let code = match &*error.code {
        "canceled" => Some(Code::Cancelled),
        name => Code::from_name(name).filter(|code| *code != Code::Ok),
    };
    Status::new(code.unwrap_or(otherwise), error.message).with_details(anys(error.details))
}
