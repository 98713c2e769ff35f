//! Envelopes: what is read can be written, and is read again as it was.

use bytes::Bytes;
use ostler_wire::envelope::{self, Envelope, Names, Tail};

pub(crate) const WORDS: &[&str] = &[
    "\"type\":",
    "\"request\"",
    "\"response\"",
    "\"stream_push\"",
    "\"stream_end\"",
    "\"window\"",
    "\"cancel\"",
    "\"metadata\":{",
    "\"trailers\":{",
    "\"details\":[",
    "\"payload\":",
    "\"timeout_ms\":",
    "\"error\":",
    "\"status_code\":",
    "null",
    "[\"a\",\"b\"]",
    "\\ud800",
    "\\u0000",
];

/// One message of a socket.
///
/// # Panics
/// When an envelope is not written as it was read.
pub fn envelope(data: &[u8]) {
    let frame = Bytes::copy_from_slice(data);
    let Ok(read) = envelope::read(&frame) else {
        return;
    };
    let written = Bytes::from(write(&read));
    let again = envelope::read(&written).expect("what was written is an envelope");
    assert_eq!(without_metadata(&again), without_metadata(&read));
    // Keys that repeat come out together, so that order is kept within each.
    for (one, other) in [
        (&read.metadata, &again.metadata),
        (&read.trailers, &again.trailers),
    ] {
        assert_eq!(one.len(), other.len());
        for (key, _) in one {
            let of = |pairs: &[(String, String)]| -> Vec<String> {
                let same = pairs.iter().filter(|(k, _)| k == key);
                same.map(|(_, value)| value.clone()).collect()
            };
            assert_eq!(of(one), of(other));
        }
    }
}

fn write(of: &Envelope) -> Vec<u8> {
    let metadata: Vec<_> = of.metadata.iter().map(|(k, v)| (&**k, &**v)).collect();
    let trailers: Vec<_> = of.trailers.iter().map(|(k, v)| (&**k, &**v)).collect();
    let tail = Tail {
        metadata: &metadata,
        trailers: &trailers,
        error: of.error.as_deref(),
        status_code: of.status_code,
        details: of.details.as_deref(),
        timeout_ms: of.timeout_ms,
    };
    let names = Names::new(&of.service, &of.method, &of.id);
    envelope::write(of.kind, &names, of.payload.as_deref(), &tail)
}

fn without_metadata(of: &Envelope) -> Envelope {
    Envelope {
        metadata: Vec::new(),
        trailers: Vec::new(),
        ..of.clone()
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"type":"request","service":"users","method":"get_user","id":"9f0c","payload":{"user_id":7},"metadata":{},"error":null,"status_code":0}"#,
        r#"{"type":"stream_push","id":"1","payload":[1,"\u263a",{"a":null}],"metadata":null}"#,
        r#"{"type":"stream_end","id":"1","error":"no","status_code":5,"details":[{"type":"a.B","value":1}]}"#,
        r#"{"type":"window","id":"1","payload":16}"#,
        r#"{"type":"cancel","id":"1"}"#,
        r#"{"type":"response","id":"1","payload":null,"metadata":{"a":["1","2"],"b":"x"},"trailers":{"t":"3"},"timeout_ms":100}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
