//! What became of a call, read strictly.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use ostler_tests::Head;
use serde_json::Value;

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) code: u32,
    pub(crate) text: String,
    /// As the protocol writes them.
    pub(crate) details: String,
    pub(crate) trailers: HeaderMap,
}

/// What became of a call.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) head: Head,
    /// Each with its flag.
    pub(crate) frames: Vec<(u8, Bytes)>,
    pub(crate) end: End,
}

impl Told {
    pub(crate) fn json(&self) -> Vec<Value> {
        let json = |(flag, message): &(u8, Bytes)| {
            assert_eq!(*flag, 0, "nobody asked for compression");
            serde_json::from_slice(message).unwrap()
        };
        self.frames.iter().map(json).collect()
    }

    /// Code and text.
    pub(crate) fn ended(&self) -> (u32, &str) {
        (self.end.code, &self.end.text)
    }

    pub(crate) fn trailer(&self, name: &str) -> Vec<&str> {
        let values = self.end.trailers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    }
}

/// The fields of a last frame of gRPC-Web.
pub(crate) fn lines(data: &[u8]) -> HeaderMap {
    let text = std::str::from_utf8(data).unwrap();
    let text = text.strip_suffix("\r\n").expect("every line ends");
    let mut map = HeaderMap::new();
    for line in text.split("\r\n") {
        let (name, value) = line.split_once(": ").expect("a line is a field");
        assert_eq!(name, name.to_ascii_lowercase());
        map.append(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    map
}

pub(crate) fn of_grpc(fields: &HeaderMap) -> End {
    let field = |name| {
        assert!(fields.get_all(name).iter().count() <= 1, "{name} repeats");
        fields.get(name).map_or("", |value| value.to_str().unwrap())
    };
    let code = field("grpc-status").parse().expect("there is a status");
    let text = unescaped(field("grpc-message"));
    assert!(code != 0 || !fields.contains_key("grpc-message"));
    End {
        code,
        text,
        details: field("grpc-status-details-bin").to_owned(),
        trailers: fields.clone(),
    }
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        assert_eq!(code, code.to_ascii_uppercase());
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn of_connect_end(data: &[u8]) -> End {
    let Value::Object(mut end) = serde_json::from_slice(data).unwrap() else {
        panic!("{data:?} is no object");
    };
    let error = end.remove("error");
    let mut trailers = HeaderMap::new();
    if let Some(Value::Object(metadata)) = end.remove("metadata") {
        for (name, values) in metadata {
            for value in values.as_array().unwrap() {
                let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
                trailers.append(HeaderName::try_from(&name).unwrap(), value);
            }
        }
    }
    assert!(end.is_empty(), "{end:?} is not known");
    let ended = error.map_or_else(fine, of_connect);
    End { trailers, ..ended }
}

fn fine() -> End {
    End {
        code: 0,
        text: String::new(),
        details: String::new(),
        trailers: HeaderMap::new(),
    }
}

pub(crate) fn of_bare(head: &Head) -> End {
    let mut end = fine();
    for (name, value) in &head.headers {
        if let Some(name) = name.as_str().strip_prefix("trailer-") {
            end.trailers
                .append(HeaderName::try_from(name).unwrap(), value.clone());
        }
    }
    end
}

pub(crate) fn of_connect(error: Value) -> End {
    let Value::Object(mut error) = error else {
        panic!("{error} is no object");
    };
    let code = error.remove("code").unwrap();
    let code = CODES
        .iter()
        .position(|name| code == *name)
        .expect("a code is known");
    let text = error
        .remove("message")
        .map_or_else(String::new, |m| m.as_str().unwrap().to_owned());
    let details = error
        .remove("details")
        .map_or_else(String::new, |d| d.to_string());
    assert!(error.is_empty(), "{error:?} is not known");
    End {
        code: u32::try_from(code).unwrap(),
        text,
        details,
        ..fine()
    }
}

/// Connect's names of gRPC's numbers.
pub(crate) const CODES: [&str; 17] = [
    "ok is never written",
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// HTTP's statuses of the same in unary calls of Connect.
pub(crate) const HTTP: [u16; 17] = [
    200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];
