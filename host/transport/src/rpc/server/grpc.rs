//! What gRPC and gRPC-Web say of an end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use ostler_call::{Code, End, Status};
use ostler_wire::{FramingError, grpc, grpc_web, percent};

use super::metadata;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The trailers of an end (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Responses").
pub(super) fn trailers(end: &End) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(3);
    let code = end.result.as_ref().err().map_or(Code::Ok, Status::code);
    map.insert(STATUS, number(code));
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
    metadata::add(&mut map, &end.trailers);
    map
}

/// A code as text that is not made anew for every call.
fn number(code: Code) -> HeaderValue {
    const NUMBERS: [&str; 17] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    ];
    HeaderValue::from_static(NUMBERS[code.number() as usize])
}

fn details(status: &Status) -> String {
    let details = status.details().iter();
    let details = details.map(|any| (any.type_name.as_str(), &any.value[..]));
    let number = status.code().number();
    STANDARD_NO_PAD.encode(grpc::status(number, status.message(), details))
}

/// Appends the last frame of a reply of gRPC-Web.
pub(super) fn put_trailers(out: &mut BytesMut, end: &End) -> Result<(), FramingError> {
    let trailers = trailers(end);
    let fields = trailers.iter().map(|(n, v)| (n.as_str(), v.as_bytes()));
    grpc_web::trailers(out, fields)
}

/// What is wrong with the framing of a request. That is the client library's
/// work, so that its faults are internal errors (grpc/grpc,
/// doc/statuscodes.md).
pub(super) fn fault(error: FramingError) -> Status {
    if error.is_too_large() {
        return Status::resource_exhausted(error.to_string());
    }
    Status::internal(error.to_string())
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
    fn numbers_of_codes() {
        for code in (0..=16).filter_map(Code::from_number) {
            assert_eq!(number(code), HeaderValue::from(code.number()));
        }
    }

    #[test]
    fn a_trailer_frame() {
        let mut out = BytesMut::new();
        put_trailers(&mut out, &Status::not_found("x").into()).unwrap();
        let expected = b"\x80\0\0\0\x21grpc-status: 5\r\ngrpc-message: x\r\n";
        assert_eq!(out, &expected[..]);
    }
}
