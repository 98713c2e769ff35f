//! Timestamps, durations and the other types that protobuf knows.

use serde_json::{Value, json};

use crate::Row;

/// The message.
pub(crate) fn known() -> Value {
    json!({
        "at": "1970-01-01T00:00:00Z",
        "took": "PT0S",
        "detail": null,
        "mask": "",
        "object": {},
    })
}

/// A row for each edge.
pub(crate) fn rows() -> Vec<Row> {
    let deep = (0..50).fold(json!([]), |inner, _| json!([inner]));
    vec![
        Row::same(
            "the epoch, no duration, nothing else",
            "/detail",
            Value::Null,
        ),
        Row::same("the first timestamp", "/at", json!("0001-01-01T00:00:00Z")),
        Row::same(
            "the last timestamp",
            "/at",
            json!("9999-12-31T23:59:59.999999999Z"),
        ),
        Row::new(
            "a timestamp with an offset",
            "/at",
            json!("2024-02-29T01:30:00.5+02:00"),
            json!("2024-02-28T23:30:00.500Z"),
        ),
        Row::same("a nanosecond", "/took", json!("PT0.000000001S")),
        Row::same("a duration below zero", "/took", json!("-PT1.5S")),
        Row::same("the longest duration", "/took", json!("PT315576000000S")),
        Row::new(
            "a duration in days and hours",
            "/took",
            json!("P1DT2H3M4.5S"),
            json!("PT93784.5S"),
        ),
        Row::new(
            "a duration as protobuf writes it",
            "/took",
            json!("1.5s"),
            json!("PT1.5S"),
        ),
        Row::same(
            "any",
            "/detail",
            json!({"type": "demo.Thing", "value": "AAEC"}),
        ),
        Row::same("a field mask", "/mask", json!("user.name,age")),
        Row::same(
            "an object of everything",
            "/object",
            json!({"a": [1, -2.5, "é", null, true, {}], "": {"b": []}}),
        ),
        Row::same("an object nested deeply", "/object", json!({"deep": deep})),
    ]
}
