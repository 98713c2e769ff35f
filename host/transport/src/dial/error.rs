//! What a connection or a response in foreign words says went wrong, as a
//! status.

use h2::Reason;
use http::StatusCode;
use ostler_call::{Code, Status};

/// Characters of a foreign error page that are worth showing.
const EXCERPT: usize = 200;

/// The status of a response that says no more than HTTP can.
pub(crate) fn of_http(http: StatusCode, body: &[u8]) -> Status {
    let text = String::from_utf8_lossy(body);
    let excerpt: String = text.trim().chars().take(EXCERPT).collect();
    let separator = if excerpt.is_empty() { "" } else { ": " };
    Status::new(inferred(http), format!("HTTP {http}{separator}{excerpt}"))
}

/// What a status without a code of ours means
/// (connectrpc.com/docs/protocol, "HTTP to error code").
pub(crate) fn inferred(http: StatusCode) -> Code {
    match http.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The status of a broken HTTP/1.1 connection.
pub(super) fn of_hyper(error: &hyper::Error) -> Status {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if error.is_parse() {
        return Status::internal(format!("the server did not answer in HTTP/1.1: {text}"));
    }
    Status::unavailable(format!("the connection broke: {text}"))
}

/// The status of an HTTP/2 error (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Errors").
pub(super) fn of_h2(error: &h2::Error) -> Status {
    let code = match error.reason() {
        None | Some(Reason::REFUSED_STREAM | Reason::NO_ERROR) => Code::Unavailable,
        Some(Reason::CANCEL) => Code::Cancelled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        Some(_) => Code::Internal,
    };
    let what = if error.is_reset() {
        "the server reset the call"
    } else {
        "the connection broke"
    };
    Status::new(code, format!("{what}: {error}"))
}
