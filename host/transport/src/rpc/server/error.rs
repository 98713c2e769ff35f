//! Statuses and refusals as HTTP responses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use ostler_call::{Code, End, Kind, Reply, Status};
use ostler_wire::{grpc, percent};

use super::reply::{self, ReplyBody, add_metadata};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// A request that means no call.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no POST.
    Verb,
    /// Its messages are compressed.
    Encoding(Status),
    /// Anything else.
    Status(Status),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl Refusal {
    pub(super) fn response(self) -> Response<ReplyBody> {
        match self {
            Self::Verb => {
                let mut response = Response::new(ReplyBody::empty());
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                let post = HeaderValue::from_static("POST");
                response.headers_mut().insert(header::ALLOW, post);
                response
            }
            Self::Encoding(status) => {
                let mut response = reply::response(status.into(), false);
                let identity = HeaderValue::from_static("identity");
                response.headers_mut().insert(ACCEPT_ENCODING, identity);
                response
            }
            Self::Status(status) => reply::response(status.into(), false),
        }
    }
}

/// A call that was not admitted. What the host does not know is not
/// implemented: NOT_FOUND is left to services.
pub(super) fn of_refused(mut reply: Reply) -> Reply {
    if let Kind::Empty(End {
        result: Err(status),
        ..
    }) = &mut reply.body.kind
        && status.code() == Code::NotFound
    {
        *status = Status::unimplemented(status.message());
    }
    reply
}

/// The trailers of an end (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Responses").
pub(super) fn trailers(end: &End) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(3);
    let code = end.result.as_ref().err().map_or(Code::Ok, Status::code);
    map.insert(STATUS, HeaderValue::from(code.number()));
    let mut set = |name, text: String| {
        // Percent-encoded or base64 text is always a header value.
        if let Ok(value) = HeaderValue::try_from(text) {
            map.insert(name, value);
        }
    };
    if let Err(status) = &end.result {
        if !status.message().is_empty() {
            set(MESSAGE, percent::encode(status.message()));
        }
        if !status.details().is_empty() {
            set(DETAILS, details(status));
        }
    }
    add_metadata(&mut map, &end.trailers);
    map
}

fn details(status: &Status) -> String {
    let details = status.details().iter();
    let details = details.map(|any| (any.type_name.as_str(), &any.value[..]));
    let number = status.code().number();
    STANDARD_NO_PAD.encode(grpc::status(number, status.message(), details))
}

#[cfg(test)]
mod tests {
    use ostler_call::{Any, Metadata};

    use super::*;

    #[test]
    fn trailers_of_ends() {
        let ok = trailers(&End::ok());
        assert_eq!((ok.len(), &ok["grpc-status"]), (1, &HeaderValue::from(0)));

        let status = Status::not_found("\n☺ 5%").with_details(vec![Any {
            type_name: "a.B".into(),
            value: "v".into(),
        }]);
        let mut metadata = Metadata::new();
        for (key, value) in [
            ("x-last", "1"),
            ("grpc-status", "0"),
            ("connection", "close"),
        ] {
            metadata.insert(key, value).unwrap();
        }
        let failed = trailers(&End {
            result: Err(status),
            trailers: metadata,
        });
        assert_eq!(failed["grpc-status"], "5");
        assert_eq!(failed["grpc-message"], "%0A%E2%98%BA 5%25");
        let details = "CAUSBwrimLogNSUaHAoXdHlwZS5nb29nbGVhcGlzLmNvbS9hLkISAXY";
        assert_eq!(failed["grpc-status-details-bin"], details);
        assert_eq!(
            (failed.len(), &failed["x-last"]),
            (4, &HeaderValue::from(1))
        );
    }

    #[test]
    fn what_the_host_does_not_know_is_not_implemented() {
        let of = |status: Status| match of_refused(status.into()).body.kind {
            Kind::Empty(end) => end.result.unwrap_err().code(),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(Status::not_found("x")), Code::Unimplemented);
        assert_eq!(of(Status::unavailable("x")), Code::Unavailable);
    }
}
