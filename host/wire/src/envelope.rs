//! Envelopes: one JSON object a WebSocket message or broker record, which
//! names its call. MicroAPI's eight keys, and beside them what `ostler.v1`
//! adds: `window`, `cancel`, `timeout_ms`, `details` and `trailers`.
//!
//! The payload is not parsed: it comes out as the bytes it stands in.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::FramingError;

/// What an envelope is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Opens a call.
    Request,
    /// The one reply, or the failure, of a call.
    Response,
    /// One message of a stream.
    StreamPush,
    /// The end of a stream.
    StreamEnd,
    /// MicroAPI's fifth kind, which nobody sends.
    Error,
    /// Grants the peer so many further messages (`ostler.v1`).
    Window,
    /// Ends the call at once (`ostler.v1`).
    Cancel,
}

/// Pairs of key and value, in order; keys may repeat.
pub type Pairs = Vec<(String, String)>;

/// One envelope that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope {
    /// What it is.
    pub kind: Kind,
    /// Service name; empty when absent.
    pub service: String,
    /// Method name; empty when absent.
    pub method: String,
    /// The call's name, chosen by the client; empty when absent.
    pub id: String,
    /// A JSON text; `None` when absent or null.
    pub payload: Option<Bytes>,
    /// Metadata: a text, or an array of texts, a key.
    pub metadata: Pairs,
    /// Trailing metadata of a `response` that succeeded.
    pub trailers: Pairs,
    /// What went wrong; never `Some` of an empty text.
    pub error: Option<String>,
    /// gRPC's number of the status.
    pub status_code: u32,
    /// A JSON array of details.
    pub details: Option<Bytes>,
    /// The caller's deadline, milliseconds from now.
    pub timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow, default)]
    service: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "pairs")]
    metadata: Pairs,
    #[serde(default, deserialize_with = "pairs")]
    trailers: Pairs,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
    #[serde(default)]
    status_code: Option<u32>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
    #[serde(default)]
    timeout_ms: Option<u64>,
}

/// Reads the envelope that `frame` is. Unknown keys are left out.
///
/// # Errors
/// [`FramingError::Malformed`] when it is none, saying where.
pub fn read(frame: &Bytes) -> Result<Envelope, FramingError> {
    let fields: Fields<'_> = serde_json::from_slice(frame)
        .map_err(|e| FramingError::Malformed(format!("the message is not an envelope: {e}")))?;
    let text = |raw: &RawValue| frame.slice_ref(raw.get().as_bytes());
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned).unwrap_or_default();
    Ok(Envelope {
        kind: fields.kind,
        service: owned(fields.service),
        method: owned(fields.method),
        id: owned(fields.id),
        payload: fields.payload.map(text),
        metadata: fields.metadata,
        trailers: fields.trailers,
        error: Some(owned(fields.error)).filter(|error| !error.is_empty()),
        status_code: fields.status_code.unwrap_or_default(),
        details: fields.details.map(text),
        timeout_ms: fields.timeout_ms,
    })
}

/// One text or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

fn pairs<'de, D: Deserializer<'de>>(from: D) -> Result<Pairs, D::Error> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Pairs;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_unit<E>(self) -> Result<Pairs, E> {
            Ok(Pairs::new())
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs, M::Error> {
            let mut pairs = Pairs::new();
            while let Some((key, values)) = map.next_entry::<String, Values>()? {
                match values {
                    Values::One(value) => pairs.push((key, value)),
                    Values::Several(values) => {
                        pairs.extend(values.into_iter().map(|value| (key.clone(), value)));
                    }
                }
            }
            Ok(pairs)
        }
    }

    from.deserialize_any(Object)
}

/// What all envelopes of a call have in common, as the JSON it stands in.
#[derive(Clone, Debug)]
pub struct Names(Vec<u8>);

impl Names {
    /// The names of a call.
    pub fn new(service: &str, method: &str, id: &str) -> Self {
        let mut json = Vec::with_capacity(40 + service.len() + method.len() + id.len());
        for (key, value) in [
            (&br#","service":"#[..], service),
            (br#","method":"#, method),
            (br#","id":"#, id),
        ] {
            json.extend_from_slice(key);
            write_text(value, &mut json);
        }
        Self(json)
    }
}

/// What follows the payload; the default is of an envelope that says nothing
/// but its payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tail<'a> {
    /// Metadata.
    pub metadata: &'a [(&'a str, &'a str)],
    /// Trailing metadata; the key is left out when there is none.
    pub trailers: &'a [(&'a str, &'a str)],
    /// What went wrong.
    pub error: Option<&'a str>,
    /// gRPC's number of the status.
    pub status_code: u32,
    /// A JSON array of details; the key is left out when `None`.
    pub details: Option<&'a [u8]>,
    /// The caller's deadline, milliseconds; the key is left out when `None`.
    pub timeout_ms: Option<u64>,
}

/// The JSON text of an envelope; `payload` is a JSON text, null when `None`.
pub fn write(kind: Kind, names: &Names, payload: Option<&[u8]>, tail: &Tail<'_>) -> Vec<u8> {
    const FIXED: usize = 96;
    let payload = payload.unwrap_or(b"null");
    let mut out = Vec::with_capacity(FIXED + names.0.len() + payload.len());
    out.extend_from_slice(br#"{"type":""#);
    out.extend_from_slice(kind.name().as_bytes());
    out.push(b'"');
    out.extend_from_slice(&names.0);
    out.extend_from_slice(br#","payload":"#);
    out.extend_from_slice(payload);
    out.extend_from_slice(br#","metadata":"#);
    write_pairs(tail.metadata, &mut out);
    out.extend_from_slice(br#","error":"#);
    match tail.error {
        Some(error) => write_text(error, &mut out),
        None => out.extend_from_slice(b"null"),
    }
    write_number(br#","status_code":"#, u64::from(tail.status_code), &mut out);
    if let Some(details) = tail.details {
        out.extend_from_slice(br#","details":"#);
        out.extend_from_slice(details);
    }
    if !tail.trailers.is_empty() {
        out.extend_from_slice(br#","trailers":"#);
        write_pairs(tail.trailers, &mut out);
    }
    if let Some(timeout) = tail.timeout_ms {
        write_number(br#","timeout_ms":"#, timeout, &mut out);
    }
    out.push(b'}');
    out
}

/// An object; a key that repeats has an array of its values.
fn write_pairs(pairs: &[(&str, &str)], out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    for (i, (key, value)) in pairs.iter().enumerate() {
        if pairs[..i].iter().any(|(earlier, _)| earlier == key) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        write_text(key, out);
        out.push(b':');
        let more: Vec<&str> = pairs[i + 1..]
            .iter()
            .filter(|(later, _)| later == key)
            .map(|(_, value)| *value)
            .collect();
        if more.is_empty() {
            write_text(value, out);
            continue;
        }
        out.push(b'[');
        write_text(value, out);
        for value in more {
            out.push(b',');
            write_text(value, out);
        }
        out.push(b']');
    }
    out.push(b'}');
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory cannot fail.
    serde_json::to_writer(out, text).unwrap_or_default();
}

fn write_number(key: &[u8], number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.extend_from_slice(number.to_string().as_bytes());
}

impl Kind {
    /// As `type` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::StreamPush => "stream_push",
            Self::StreamEnd => "stream_end",
            Self::Error => "error",
            Self::Window => "window",
            Self::Cancel => "cancel",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROAPI: &str = r#"{"type":"request","service":"things","method":"echo","id":"9f0c","payload":{"n":3},"metadata":{},"error":null,"status_code":0}"#;

    fn parse(text: &str) -> Result<Envelope, FramingError> {
        read(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn what_microapi_sends_is_read_and_written_alike() {
        let envelope = parse(MICROAPI).unwrap();
        assert_eq!(envelope.kind, Kind::Request);
        assert_eq!(
            (&*envelope.service, &*envelope.method, &*envelope.id),
            ("things", "echo", "9f0c")
        );
        assert_eq!(envelope.payload.as_deref(), Some(&br#"{"n":3}"#[..]));
        assert_eq!((envelope.error, envelope.status_code), (None, 0));
        let names = Names::new("things", "echo", "9f0c");
        let written = write(Kind::Request, &names, Some(br#"{"n":3}"#), &Tail::default());
        assert_eq!(written, MICROAPI.as_bytes());
    }

    #[test]
    fn all_keys_survive() {
        let names = Names::new("a\"b", "m", "☺");
        let tail = Tail {
            metadata: &[("a", "1"), ("b", "x"), ("a", "2")],
            trailers: &[("t", "\n")],
            error: Some("no \"x\""),
            status_code: 5,
            details: Some(b"[1]"),
            timeout_ms: Some(1500),
        };
        let written = Bytes::from(write(Kind::Response, &names, None, &tail));
        let envelope = read(&written).unwrap();
        let pairs = |pairs: &[(&str, &str)]| -> Pairs {
            let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
            pairs.iter().map(owned).collect()
        };
        assert_eq!(
            envelope,
            Envelope {
                kind: Kind::Response,
                service: "a\"b".into(),
                method: "m".into(),
                id: "☺".into(),
                payload: None,
                metadata: pairs(&[("a", "1"), ("a", "2"), ("b", "x")]),
                trailers: pairs(tail.trailers),
                error: Some("no \"x\"".into()),
                status_code: 5,
                details: Some(Bytes::from_static(b"[1]")),
                timeout_ms: Some(1500),
            }
        );
    }

    #[test]
    fn only_the_type_is_needed_and_null_is_absent() {
        for text in [
            r#"{"type":"stream_end"}"#,
            r#"{"type":"stream_end","service":null,"method":null,"id":null,"payload":null,"metadata":null,"error":null,"status_code":null,"timeout_ms":null,"other":[{}]}"#,
            r#"{"type":"stream_end","error":""}"#,
        ] {
            let envelope = parse(text).unwrap();
            assert_eq!(envelope.kind, Kind::StreamEnd, "{text}");
            assert_eq!((envelope.payload, envelope.error), (None, None), "{text}");
            assert!(envelope.metadata.is_empty() && envelope.id.is_empty());
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for text in [
            "",
            "1",
            "[]",
            "{}",
            r#"{"type":"ping"}"#,
            r#"{"type":"request","id":7}"#,
            r#"{"type":"request","metadata":{"a":1}}"#,
            r#"{"type":"request","metadata":[]}"#,
            r#"{"type":"request","status_code":-1}"#,
            r#"{"type":"request","payload":{]}"#,
            r#"{"type":"request"} {}"#,
            "{\"type\":\"request\",\"service\":\"\u{1}\"}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(
            read(&Bytes::from_static(
                b"{\"type\":\"request\",\"id\":\"\xff\"}"
            ))
            .is_err()
        );
    }

    #[test]
    fn a_deep_payload_costs_no_stack() {
        let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        let text = format!(r#"{{"type":"request","payload":{deep}}}"#);
        assert_eq!(parse(&text).unwrap().payload.unwrap(), deep.as_bytes());
        let ignored = format!(r#"{{"type":"request","other":{deep}}}"#);
        parse(&ignored).unwrap();
    }
}
