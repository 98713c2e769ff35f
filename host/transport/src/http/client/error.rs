//! What a response says went wrong, as a status.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderName, StatusCode};
use ostler_call::{Any, Code, End, Metadata, Status};
use ostler_wire::percent;
use serde::Deserialize;

use crate::details::{Detail, anys};
use crate::dial::error::{inferred, of_http};
use crate::http::names::{DETAILS, MESSAGE, STATUS, TRAILERS};

/// `{"error","code","details"}`, where all but the first may be absent.
#[derive(Deserialize)]
struct ErrorBody<'a> {
    error: String,
    code: Option<String>,
    #[serde(borrow, default)]
    details: Vec<Detail<'a>>,
}

/// The status of a response that is no success.
pub(super) fn of_response(http: StatusCode, body: &[u8]) -> Status {
    let Ok(ErrorBody {
        error,
        code,
        details,
    }) = serde_json::from_slice(body)
    else {
        return of_http(http, body);
    };
    let code = code
        .and_then(|name| Code::from_name(&name))
        .filter(|code| *code != Code::Ok);
    Status::new(code.unwrap_or_else(|| inferred(http)), error).with_details(anys(details))
}

/// The end that trailers tell; a server that sends none ended in order.
pub(super) fn of_trailers(trailers: &HeaderMap) -> End {
    let text = |name: HeaderName| trailers.get(name).and_then(|value| value.to_str().ok());
    let result = match text(STATUS).map(str::parse) {
        None | Some(Ok(0)) => Ok(()),
        Some(number) => {
            let code = number
                .ok()
                .and_then(Code::from_number)
                .unwrap_or(Code::Unknown);
            let message = percent::decode(text(MESSAGE).unwrap_or_default());
            Err(Status::new(code, message).with_details(details(text(DETAILS))))
        }
    };
    let trailers = text(TRAILERS).map(metadata).unwrap_or_default();
    End { result, trailers }
}

/// Details that cannot be read are left out: they only explain the status.
fn details(text: Option<&str>) -> Vec<Any> {
    let json = text.and_then(|text| STANDARD_NO_PAD.decode(text).ok());
    let details = json
        .as_deref()
        .and_then(|json| serde_json::from_slice(json).ok());
    details.map(anys).unwrap_or_default()
}

/// Trailing metadata, `{"key":["value",…]}`, percent-encoded.
fn metadata(text: &str) -> Metadata {
    let mut metadata = Metadata::new();
    let text = percent::decode(text);
    let map: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).unwrap_or_default();
    for (key, values) in &map {
        let values = values.as_array().into_iter().flatten();
        for value in values.filter_map(serde_json::Value::as_str) {
            // What is not metadata is left out.
            metadata.insert(key, value).unwrap_or_default();
        }
    }
    metadata
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use http::HeaderValue;

    use super::*;

    #[test]
    fn error_bodies() {
        let rows: &[(u16, &str, Code, &str)] = &[
            (
                404,
                r#"{"error": "no x", "code": "not_found"}"#,
                Code::NotFound,
                "no x",
            ),
            (404, r#"{"error": "no x"}"#, Code::Unimplemented, "no x"),
            (500, r#"{"error": "x", "code": "ok"}"#, Code::Unknown, "x"),
            (
                500,
                r#"{"error": "x", "code": "novel"}"#,
                Code::Unknown,
                "x",
            ),
            (400, "", Code::Internal, "HTTP 400 Bad Request"),
            (
                401,
                "who?\n",
                Code::Unauthenticated,
                "HTTP 401 Unauthorized: who?",
            ),
            (403, "", Code::PermissionDenied, "HTTP 403 Forbidden"),
            (404, "", Code::Unimplemented, "HTTP 404 Not Found"),
            (429, "", Code::Unavailable, "HTTP 429 Too Many Requests"),
            (502, "", Code::Unavailable, "HTTP 502 Bad Gateway"),
            (503, "", Code::Unavailable, "HTTP 503 Service Unavailable"),
            (504, "", Code::Unavailable, "HTTP 504 Gateway Timeout"),
            (302, "[]", Code::Unknown, "HTTP 302 Found: []"),
        ];
        for (http, body, code, message) in rows {
            let status = of_response(StatusCode::from_u16(*http).unwrap(), body.as_bytes());
            assert_eq!(status, Status::new(*code, *message), "{http} {body}");
        }
    }

    #[test]
    fn details_keep_their_json() {
        let body = r#"{"error":"m","code":"internal","details":[{"type":"a.B","value":{"n": 1}}]}"#;
        let status = of_response(StatusCode::INTERNAL_SERVER_ERROR, body.as_bytes());
        let expected = Any {
            type_name: "a.B".into(),
            value: Bytes::from_static(b"{\"n\": 1}"),
        };
        assert_eq!(status.details(), [expected]);
    }

    fn end(pairs: &[(http::HeaderName, &str)]) -> End {
        let pairs = pairs
            .iter()
            .map(|(k, v)| (k.clone(), HeaderValue::from_str(v).unwrap()));
        of_trailers(&pairs.collect())
    }

    #[test]
    fn trailers_tell_the_end() {
        assert_eq!(end(&[]), End::ok());
        assert_eq!(end(&[(STATUS, "0"), (MESSAGE, "ignored")]), End::ok());
        let details = STANDARD_NO_PAD.encode(r#"[{"type":"a.B","value":7}]"#);
        let told = end(&[
            (STATUS, "5"),
            (MESSAGE, "caf%C3%A9"),
            (DETAILS, &details),
            (
                TRAILERS,
                "{\"k\":[\"1\",\"2\"],\"%E2%98%BA\":[\"not metadata\"]}",
            ),
        ]);
        let status = told.result.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::NotFound, "café"));
        assert_eq!(status.details()[0].value, "7");
        assert_eq!(
            told.trailers.iter().collect::<Vec<_>>(),
            [("k", "1"), ("k", "2")]
        );
    }

    #[test]
    fn broken_trailers_are_an_unknown_status() {
        for number in ["x", "17", "-1", ""] {
            let told = end(&[(STATUS, number), (DETAILS, "?"), (TRAILERS, "[")]);
            assert_eq!(told, Status::new(Code::Unknown, "").into(), "{number}");
        }
    }
}
