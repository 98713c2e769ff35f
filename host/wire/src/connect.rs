//! Connect's streams, errors and queries
//! (connectrpc.com/docs/protocol, "Connect protocol reference").

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::frame::{self, splitter_of_messages};
use crate::{FramingError, percent};

/// The flag of the last frame of a reply.
pub const END: u8 = 2;

/// Cuts the body of a streaming request into its messages.
#[derive(Debug)]
pub struct Splitter(frame::Messages);

impl Splitter {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        let header = "connect-content-encoding";
        Self(frame::Messages::new(max_message, header))
    }
}

splitter_of_messages!(Splitter);

/// Cuts the body of a streaming reply into its messages, and keeps its end.
#[derive(Debug)]
pub struct Replies(frame::Messages);

impl Replies {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        let header = "connect-content-encoding";
        Self(frame::Messages::new(max_message, header).ending(END))
    }

    /// The data of the last frame, once that was there.
    pub fn end(&self) -> Option<&[u8]> {
        self.0.end().map(|data| &data[..])
    }
}

splitter_of_messages!(Replies);

/// An error as a peer sent it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Failed {
    /// Its code, such as `not_found`; empty when none was sent.
    pub code: String,
    /// Its message.
    pub message: String,
    /// Type names and values of its details.
    pub details: Vec<(String, Bytes)>,
}

/// The end of a stream as a peer sent it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ended {
    /// Why it failed, if it did.
    pub error: Option<Failed>,
    /// Trailing metadata.
    pub metadata: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct ReadError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<ReadDetail>,
}

#[derive(Deserialize)]
struct ReadDetail {
    #[serde(rename = "type")]
    type_name: String,
    value: String,
}

#[derive(Deserialize)]
struct ReadEnd {
    error: Option<ReadError>,
    #[serde(default)]
    metadata: BTreeMap<String, Vec<String>>,
}

/// Reads what [`Error::json`] writes; unknown keys are left out, and details
/// that are no base64.
///
/// # Errors
/// [`FramingError::Malformed`] for what is no such JSON.
pub fn read_error(json: &[u8]) -> Result<Failed, FramingError> {
    let error: ReadError = read(json)?;
    Ok(failed(error))
}

/// Reads what [`end`] writes.
///
/// # Errors
/// As [`read_error`].
pub fn read_end(json: &[u8]) -> Result<Ended, FramingError> {
    let ReadEnd { error, metadata } = read(json)?;
    let pairs = metadata.into_iter().flat_map(|(key, values)| {
        // Keys are names of headers, which have no case.
        let key = key.to_ascii_lowercase();
        values.into_iter().map(move |value| (key.clone(), value))
    });
    Ok(Ended {
        error: error.map(failed),
        metadata: pairs.collect(),
    })
}

fn read<T: for<'a> Deserialize<'a>>(json: &[u8]) -> Result<T, FramingError> {
    serde_json::from_slice(json)
        .map_err(|error| FramingError::Malformed(format!("the end of the reply: {error}")))
}

fn failed(error: ReadError) -> Failed {
    let details = error.details.into_iter().filter_map(|detail| {
        let value = STANDARD_NO_PAD.decode(detail.value.trim_end_matches('='));
        Some((detail.type_name, value.ok()?.into()))
    });
    Failed {
        code: error.code,
        message: error.message,
        details: details.collect(),
    }
}

/// An error as JSON; keys that say nothing are left out.
#[derive(Clone, Debug, Serialize)]
pub struct Error<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct Detail<'a> {
    #[serde(rename = "type")]
    type_name: &'a str,
    value: String,
}

impl<'a> Error<'a> {
    /// An error of that code and message, with type names and values of its
    /// details.
    pub fn new(
        code: &'a str,
        message: &'a str,
        details: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        let detail = |(type_name, value)| Detail {
            type_name,
            value: STANDARD_NO_PAD.encode(value),
        };
        Self {
            code,
            message,
            details: details.into_iter().map(detail).collect(),
        }
    }

    /// The body of a unary reply that failed.
    pub fn json(&self) -> Vec<u8> {
        json(self)
    }
}

/// The data of the last frame of a stream: how it ended, and its trailing
/// metadata.
pub fn end<'a>(
    error: Option<&Error<'_>>,
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct End<'a, 'b> {
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a Error<'b>>,
        #[serde(skip_serializing_if = "Map::is_empty")]
        metadata: Map<String, Value>,
    }
    let mut pairs = Map::new();
    for (key, value) in metadata {
        let values = pairs.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    let metadata = pairs;
    json(&End { error, metadata })
}

/// NB texts and arrays of texts are always JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// The query of a unary call by GET. Unknown parameters are left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// `connect`, the version of the protocol.
    pub version: Option<String>,
    /// `encoding`, the codec.
    pub encoding: Option<String>,
    /// `compression`, what the message is compressed with.
    pub compression: Option<String>,
    /// `message`, as it stands there.
    message: Option<Vec<u8>>,
    base64: bool,
}

impl Query {
    /// Reads a query such as `connect=v1&encoding=json&message=%7B%7D`; of a
    /// parameter that repeats the first one counts.
    pub fn read(query: &str) -> Self {
        let mut found = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = form_decode(value);
            let text = || String::from_utf8_lossy(&value).into_owned();
            match &form_decode(name)[..] {
                b"connect" => _ = found.version.get_or_insert_with(text),
                b"encoding" => _ = found.encoding.get_or_insert_with(text),
                b"compression" => _ = found.compression.get_or_insert_with(text),
                b"message" => _ = found.message.get_or_insert(value),
                // Any other value means that it is not base64.
                b"base64" => found.base64 = value == b"1",
                _ => {}
            }
        }
        found
    }

    /// Whether there is a message.
    pub fn has_message(&self) -> bool {
        self.message.is_some()
    }

    /// The message, still compressed; `None` when there is none.
    ///
    /// # Errors
    /// [`FramingError::Malformed`] when it should be base64 and is not.
    pub fn message(self) -> Result<Option<Bytes>, FramingError> {
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &URL_SAFE,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        match self.message {
            Some(text) if self.base64 => match BASE64.decode(text) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) => Err(FramingError::Malformed(format!(
                    "the message is not URL-safe base64: {error}"
                ))),
            },
            message => Ok(message.map(Bytes::from)),
        }
    }
}

/// A part of a query as bytes: `+` is a space, `%41` an `A`.
fn form_decode(text: &str) -> Vec<u8> {
    percent::decode_bytes(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbitrary::drain;

    #[test]
    fn errors() {
        let details = [("google.rpc.RetryInfo", &b"\x0a\x02\x08\x3c"[..])];
        let rows = [
            (
                Error::new("unavailable", "overloaded: back off", details),
                r#"{"code":"unavailable","message":"overloaded: back off","details":[{"type":"google.rpc.RetryInfo","value":"CgIIPA"}]}"#,
            ),
            (Error::new("internal", "", []), r#"{"code":"internal"}"#),
            (
                Error::new("unknown", "\"\n☺", []),
                r#"{"code":"unknown","message":"\"\n☺"}"#,
            ),
        ];
        for (error, expected) in rows {
            assert_eq!(String::from_utf8(error.json()).unwrap(), expected);
        }
    }

    #[test]
    fn ends() {
        let error = Error::new("unavailable", "overloaded", []);
        let cost: &[(&str, &str)] = &[("acme-cost", "237")];
        let several: &[(&str, &str)] = &[("a", "1"), ("b", "2"), ("a", "3")];
        let rows = [
            (None, &[][..], "{}"),
            (
                Some(&error),
                cost,
                r#"{"error":{"code":"unavailable","message":"overloaded"},"metadata":{"acme-cost":["237"]}}"#,
            ),
            (None, several, r#"{"metadata":{"a":["1","3"],"b":["2"]}}"#),
        ];
        for (error, metadata, expected) in rows {
            let end = end(error, metadata.iter().copied());
            assert_eq!(String::from_utf8(end).unwrap(), expected);
        }
        let mut frame = Vec::new();
        frame::join(&mut frame, END, &end(None, [])).unwrap();
        assert_eq!(frame, b"\x02\0\0\0\x02{}");
    }

    #[test]
    fn what_is_written_reads_back() {
        let details = [("a.B", &b"\x0a\x02"[..]), ("c.D", b"")];
        let error = Error::new("not_found", "no \"x\" ☺", details);
        let expected = Failed {
            code: "not_found".into(),
            message: "no \"x\" ☺".into(),
            details: details
                .map(|(name, value)| (name.to_owned(), Bytes::from_static(value)))
                .to_vec(),
        };
        assert_eq!(read_error(&error.json()).unwrap(), expected);
        let pairs = [("a", "1"), ("b", "2"), ("a", "3")];
        let found = read_end(&end(Some(&error), pairs)).unwrap();
        assert_eq!(found.error, Some(expected));
        let sorted = [("a", "1"), ("a", "3"), ("b", "2")].map(|(k, v)| (k.into(), v.into()));
        assert_eq!(found.metadata, sorted);
        assert_eq!(read_end(b"{}").unwrap(), Ended::default());
    }

    #[test]
    fn ends_of_others() {
        let padded = br#"{"error":{"details":[{"type":"a.B","value":"CgI=","debug":{}},
            {"type":"a.B","value":"?"}],"new":1},"metadata":{"K":["v"]}}"#;
        let found = read_end(padded).unwrap();
        let error = found.error.unwrap();
        assert_eq!((&*error.code, &*error.message), ("", ""));
        assert_eq!(
            error.details,
            [("a.B".into(), Bytes::from_static(b"\x0a\x02"))]
        );
        assert_eq!(found.metadata, [("k".into(), "v".into())]);
        for broken in [
            &b""[..],
            b"[]",
            b"{\"error\":1}",
            b"{\"metadata\":{\"k\":\"v\"}}",
        ] {
            let found = read_end(broken);
            assert!(
                matches!(found, Err(FramingError::Malformed(_))),
                "{broken:?}"
            );
        }
    }

    #[test]
    fn replies_and_their_end() {
        type Row = (
            &'static [u8],
            Result<(usize, Option<&'static [u8]>), &'static str>,
        );
        let packed: &'static [u8] = {
            let mut body = b"\0\0\0\0\x01a".to_vec();
            frame::join(
                &mut body,
                END | frame::COMPRESSED,
                &crate::compression::gzip(b"{}"),
            )
            .unwrap();
            body.leak()
        };
        let rows: [Row; 7] = [
            (b"\0\0\0\0\x01a\x02\0\0\0\x02{}", Ok((1, Some(b"{}")))),
            (b"\x02\0\0\0\0", Ok((0, Some(b"")))),
            (packed, Ok((1, Some(b"{}")))),
            (b"\0\0\0\0\x01a", Ok((1, None))),
            (
                b"\x02\0\0\0\0\0\0\0\0\0",
                Err("there is something after the last frame"),
            ),
            (b"\x02\0\0\0\x02{", Err("the body ended inside a message")),
            (
                b"\x04\0\0\0\0",
                Err("a message has the flag 4; there are 0 and 1"),
            ),
        ];
        for (body, expected) in rows {
            let mut splitter = Replies::new(100).gzip();
            let found = drain!(splitter, [Bytes::from_static(body)]);
            let found = found.map(|all| (all.len(), splitter.end()));
            assert_eq!(
                found.map_err(|e| e.to_string()),
                expected.map_err(str::to_owned),
                "{body:?}"
            );
        }
    }

    #[test]
    fn an_end_is_no_message_of_a_request() {
        let mut splitter = Splitter::new(100);
        let found = drain!(splitter, [Bytes::from_static(b"\x02\0\0\0\x02{}")]);
        assert!(matches!(found, Err(FramingError::Malformed(_))));
    }

    #[test]
    fn queries() {
        type Row = (
            &'static str,
            (Option<&'static str>, Option<&'static str>),
            Result<Option<&'static [u8]>, ()>,
        );
        let rows: [Row; 10] = [
            (
                "connect=v1&encoding=json&message=%7B%22name%22%3A%22Buf%22%7D",
                (Some("v1"), Some("json")),
                Ok(Some(b"{\"name\":\"Buf\"}")),
            ),
            (
                "connect=v1&base64=1&encoding=proto&message=CgNCdWY",
                (Some("v1"), Some("proto")),
                Ok(Some(b"\x0a\x03Buf")),
            ),
            (
                "message=_-8%3D&base64=1",
                (None, None),
                Ok(Some(b"\xff\xef")),
            ),
            ("base64=1&message=_-8", (None, None), Ok(Some(b"\xff\xef"))),
            ("base64=0&message=_-8", (None, None), Ok(Some(b"_-8"))),
            ("base64=1&message=%00", (None, None), Err(())),
            ("message=a+b%2B", (None, None), Ok(Some(b"a b+"))),
            ("message=%ff%zz", (None, None), Ok(Some(b"\xff%zz"))),
            ("message&x=1&message=2", (None, None), Ok(Some(b""))),
            ("", (None, None), Ok(None)),
        ];
        for (text, (version, encoding), message) in rows {
            let query = Query::read(text);
            assert_eq!(query.version.as_deref(), version, "{text}");
            assert_eq!(query.encoding.as_deref(), encoding, "{text}");
            assert_eq!(query.has_message(), message != Ok(None), "{text}");
            let found = query.message().map_err(drop);
            assert_eq!(found, message.map(|m| m.map(Bytes::from_static)), "{text}");
        }
    }
}
