//! Statuses and refusals as HTTP responses.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;
use ostler_call::{Code, End, Kind, Metadata, Reply, Status};
use ostler_schema::write_details;

use super::reply::{self, ReplyBody, Shape};
use crate::body::Unreadable;
use crate::http::names::{JSON, TRAILER_LIST};
use crate::websocket::server::Refused;

/// A request that is not served: the status, and what HTTP says beside it.
#[derive(Debug)]
pub(super) struct Refusal {
    http: StatusCode,
    status: Status,
    headers: Metadata,
    extra: Option<(&'static str, &'static str)>,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self {
            http: refused.http,
            extra: refused.header,
            ..refused.status.into()
        }
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self {
            http: http_status(status.code()),
            status,
            headers: Metadata::new(),
            extra: None,
        }
    }
}

impl From<Unreadable> for Refusal {
    fn from(why: Unreadable) -> Self {
        let http = match why {
            Unreadable::TooLarge(_) => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Unreadable::Slow(_) => Some(StatusCode::REQUEST_TIMEOUT),
            Unreadable::Late | Unreadable::Broken(_) => None,
        };
        let refusal = Self::from(Status::from(why));
        Self {
            http: http.unwrap_or(refusal.http),
            ..refusal
        }
    }
}

impl Refusal {
    pub(super) fn verb(allow: &'static str, message: &str) -> Self {
        let extra = Some(("allow", allow));
        Self {
            http: StatusCode::METHOD_NOT_ALLOWED,
            extra,
            ..Status::unimplemented(message).into()
        }
    }

    pub(super) fn media_type(message: &str) -> Self {
        const ACCEPTED: &str = "application/json, application/x-ndjson, application/octet-stream";
        let status = Status::invalid_argument(format!("{message}; there are {ACCEPTED}"));
        let extra = Some(("accept-post", ACCEPTED));
        Self {
            http: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            extra,
            ..status.into()
        }
    }

    pub(super) fn not_acceptable(message: &str) -> Self {
        Self {
            http: StatusCode::NOT_ACCEPTABLE,
            ..Status::invalid_argument(message).into()
        }
    }

    /// The response; `unread` is a request body the client may still be
    /// sending, which is read away so that it gets to see the response.
    pub(super) fn response(self, unread: Option<Incoming>) -> Response<ReplyBody> {
        let bytes = error_body(&self.status);
        let body = match unread {
            Some(unread) => ReplyBody::lingering(bytes, unread),
            None => ReplyBody::full(bytes),
        };
        self.with_body(body)
    }

    fn with_body(self, body: ReplyBody) -> Response<ReplyBody> {
        let mut response = Response::new(body);
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Some((name, value)) = self.extra {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        reply::add_metadata(headers, &self.headers);
        response
    }
}

/// The refusal a failed reply is.
pub(super) fn of_reply(reply: Reply) -> Refusal {
    let status = match reply.body.kind {
        Kind::Empty(end) => end.result.err(),
        _ => None,
    };
    let status =
        status.unwrap_or_else(|| Status::internal("the call was refused without a status"));
    Refusal {
        headers: reply.headers,
        ..status.into()
    }
}

/// A call that failed before its first message; `oversized` when a message of
/// the request was above the limit.
pub(super) fn of_end(
    end: End,
    headers: Metadata,
    shape: Shape,
    oversized: bool,
) -> Response<ReplyBody> {
    let status = end.result.clone().err();
    let status = status.unwrap_or_else(|| Status::internal("the call failed without a status"));
    let oversized = oversized && status.code() == Code::ResourceExhausted;
    let mut refusal = Refusal {
        headers,
        ..Refusal::from(status)
    };
    if oversized {
        refusal.http = StatusCode::PAYLOAD_TOO_LARGE;
    }
    let body = ReplyBody::ending(error_body(&refusal.status), end, None, shape);
    let declares = body.has_trailers();
    let mut response = refusal.with_body(body);
    if declares {
        response.headers_mut().insert(header::TRAILER, TRAILER_LIST);
    }
    response
}

/// The HTTP status of a code (connectrpc.com/docs/protocol, error codes).
pub(crate) fn http_status(code: Code) -> StatusCode {
    let number = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// `{"error","code","details"}`; the error is never empty, since clients take
/// an empty one for success.
pub(super) fn error_body(status: &Status) -> Bytes {
    let message = if status.message().is_empty() {
        status.code().name()
    } else {
        status.message()
    };
    let (error, code) = (quoted(message), status.code());
    let mut body = format!("{{\"error\": {error}, \"code\": \"{code}\"").into_bytes();
    if !status.details().is_empty() {
        body.extend_from_slice(b", \"details\": ");
        write_details(status.details(), &mut body);
    }
    body.push(b'}');
    body.into()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use ostler_call::Any;

    use super::*;

    #[test]
    fn error_bodies() {
        let any = |value: &'static [u8]| Any {
            type_name: "a.B".into(),
            value: Bytes::from_static(value),
        };
        let rows = [
            (
                Status::not_found("no \"x\""),
                r#"{"error": "no \"x\"", "code": "not_found"}"#,
            ),
            (
                Status::internal(""),
                r#"{"error": "internal", "code": "internal"}"#,
            ),
            (
                Status::internal("m").with_details(vec![any(b"{\"n\":1}"), any(&[0xff])]),
                r#"{"error": "m", "code": "internal", "details": [{"type":"a.B","value":{"n":1}},{"type":"a.B","value":"/w=="}]}"#,
            ),
        ];
        for (status, expected) in rows {
            assert_eq!(error_body(&status), expected);
        }
    }
}
