//! Requests that are not served.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use ostler_call::{Code, End, Kind, Reply, Status};

use super::body::ReplyBody;
use super::reply::Shape;
use crate::body::Unread;

/// The media types of all protocols.
const ACCEPTED: &str = "application/json, application/proto, \
    application/connect+json, application/connect+proto, \
    application/grpc, application/grpc+json, application/grpc+proto, \
    application/grpc-web, application/grpc-web+json, application/grpc-web+proto, \
    application/grpc-web-text, application/grpc-web-text+json, application/grpc-web-text+proto";

/// Why a request is not served.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is none of the protocol's: HTTP alone says so, by a status and a
    /// header.
    Http(StatusCode, Option<(HeaderName, &'static str)>, &'static str),
    /// There is no such method.
    Unknown(String),
    /// Anything else.
    Reply(Reply),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Reply(status.into())
    }
}

impl Refusal {
    pub(super) fn verb(allow: &'static str) -> Self {
        Self::Http(
            StatusCode::METHOD_NOT_ALLOWED,
            Some((header::ALLOW, allow)),
            "",
        )
    }

    pub(super) fn media_type() -> Self {
        Self::Http(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Some((HeaderName::from_static("accept-post"), ACCEPTED)),
            "the method cannot be called with this content type, or query",
        )
    }

    /// What a call that was not admitted is refused with.
    pub(super) fn of_refused(reply: Reply) -> Self {
        match &reply.body.kind {
            Kind::Empty(End {
                result: Err(status),
                ..
            }) if status.code() == Code::NotFound => Self::Unknown(status.message().to_owned()),
            _ => Self::Reply(reply),
        }
    }

    pub(super) fn response(self, shape: &Shape, unread: Unread) -> Response<ReplyBody> {
        match self {
            Self::Http(status, header, text) => http(status, header, text.to_owned(), unread),
            Self::Unknown(text) if shape.dialect.is_connect() => {
                http(StatusCode::NOT_FOUND, None, text, unread)
            }
            // NOT_FOUND is left to services.
            Self::Unknown(text) => shape.refused(Status::unimplemented(text).into(), unread),
            Self::Reply(reply) => shape.refused(reply, unread),
        }
    }
}

/// A response that clients of no protocol look into.
fn http(
    status: StatusCode,
    header: Option<(HeaderName, &'static str)>,
    text: String,
    unread: Unread,
) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::bare(text.into(), unread));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    if let Some((name, value)) = header {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
