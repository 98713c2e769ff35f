//! The values at the edges of each type, as fields of the one message that has
//! a field of every type.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Row;

/// The message.
pub(crate) fn everything() -> Value {
    json!({
        "yes": true,
        "numbers": {
            "u_eight": 1, "s_eight": -1, "u_sixteen": 1, "s_sixteen": -1,
            "u_thirty_two": 1, "s_thirty_two": -1, "u_sixty_four": 1, "s_sixty_four": -1,
            "f_thirty_two": 1.5, "f_sixty_four": -1.5,
        },
        "letter": "a",
        "text": "text",
        "bytes": "AAEC",
        "texts": ["a", ""],
        "inners": [{"id": 1, "label": "one"}],
        "nested": [[1, 2], []],
        "maybe": null,
        "maybe_maybe": null,
        "maybe_list": null,
        "pair": [7, "seven"],
        "shape": "point",
        "colour": "red",
        "permissions": ["read"],
        "outcome": {"ok": 1},
        "bare_outcome": {"ok": null},
        "by_name": {"a": {"id": 1, "label": "one"}},
        "by_number": {"1": "one"},
    })
}

/// A row for each edge.
pub(crate) fn rows() -> Vec<Row> {
    let all = [integers(), floats(), texts(), lists(), choices(), maps()];
    all.into_iter().flatten().collect()
}

fn integers() -> Vec<Row> {
    let mut rows = vec![
        Row::same("false", "/yes", json!(false)),
        Row::new(
            "u64 as text",
            "/numbers/u_sixty_four",
            json!("18446744073709551615"),
            json!(u64::MAX),
        ),
        Row::new(
            "s64 as text",
            "/numbers/s_sixty_four",
            json!("-9223372036854775808"),
            json!(i64::MIN),
        ),
        Row::new(
            "an integer written as a float",
            "/numbers/u_eight",
            json!(255.0),
            json!(255),
        ),
    ];
    let edges = [
        ("/numbers/u_eight", json!(u8::MIN), json!(u8::MAX)),
        ("/numbers/s_eight", json!(i8::MIN), json!(i8::MAX)),
        ("/numbers/u_sixteen", json!(u16::MIN), json!(u16::MAX)),
        ("/numbers/s_sixteen", json!(i16::MIN), json!(i16::MAX)),
        ("/numbers/u_thirty_two", json!(u32::MIN), json!(u32::MAX)),
        ("/numbers/s_thirty_two", json!(i32::MIN), json!(i32::MAX)),
        ("/numbers/u_sixty_four", json!(u64::MIN), json!(u64::MAX)),
        ("/numbers/s_sixty_four", json!(i64::MIN), json!(i64::MAX)),
    ];
    for (field, min, max) in edges {
        rows.push(Row::same(format!("the least of {field}"), field, min));
        rows.push(Row::same(format!("the most of {field}"), field, max));
    }
    // Beyond what a double holds exactly.
    rows.push(Row::same(
        "2^53 + 1",
        "/numbers/u_sixty_four",
        json!((1_u64 << 53) + 1),
    ));
    rows
}

fn floats() -> Vec<Row> {
    let mut rows = Vec::new();
    for field in ["/numbers/f_thirty_two", "/numbers/f_sixty_four"] {
        for text in ["NaN", "Infinity", "-Infinity"] {
            rows.push(Row::same(format!("{text} in {field}"), field, json!(text)));
        }
        rows.push(Row::same(
            format!("minus zero in {field}"),
            field,
            json!(-0.0),
        ));
        rows.push(Row::new(
            format!("an integer in {field}"),
            field,
            json!(3),
            json!(3.0),
        ));
        rows.push(Row::same(format!("a tenth in {field}"), field, json!(0.1)));
    }
    rows.extend([
        Row::same("the most of f64", "/numbers/f_sixty_four", json!(f64::MAX)),
        Row::same("the least of f64", "/numbers/f_sixty_four", json!(f64::MIN)),
        Row::same(
            "the smallest of f64",
            "/numbers/f_sixty_four",
            json!(5e-324),
        ),
        Row::new(
            "the most of f32",
            "/numbers/f_thirty_two",
            json!(f64::from(f32::MAX)),
            json!(3.402_823_5e38),
        ),
        Row::new(
            "a double in f32 is rounded",
            "/numbers/f_thirty_two",
            json!(0.123_456_789),
            json!(0.123_456_79),
        ),
    ]);
    rows
}

fn texts() -> Vec<Row> {
    let mut rows = vec![
        Row::same("an empty text", "/text", json!("")),
        Row::same(
            "every control character",
            "/text",
            (0..0x20).map(char::from).collect::<String>().into(),
        ),
        Row::same(
            "what JSON escapes",
            "/text",
            json!("\"\\/\u{8}\u{c}\n\r\t\u{7f}\u{2028}\u{2029}"),
        ),
        Row::same("a text of 1 MiB", "/text", "x".repeat(1 << 20).into()),
        Row::same(
            "a text of 1 MiB in four-byte characters",
            "/text",
            "🦄".repeat(1 << 18).into(),
        ),
        Row::same(
            "a composed and a decomposed é stay apart",
            "/text",
            json!("\u{e9}e\u{301}"),
        ),
    ];
    // The first and the last characters of each plane.
    let edges = |plane: u32| {
        let first = plane << 16;
        let all = (first..first + 0x100).chain(first + 0xff00..=first + 0xffff);
        all.filter_map(char::from_u32).collect::<String>()
    };
    for plane in 0..=16 {
        rows.push(Row::same(
            format!("plane {plane} of Unicode"),
            "/text",
            edges(plane).into(),
        ));
    }
    let letters = [
        '\0',
        '"',
        '\u{7f}',
        '\u{80}',
        '\u{7ff}',
        '\u{800}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ];
    rows.extend(letters.map(|letter| {
        Row::same(
            format!("the character {letter:?}"),
            "/letter",
            letter.to_string().into(),
        )
    }));
    rows
}

fn lists() -> Vec<Row> {
    let all: Vec<u8> = (0..=255).collect();
    let bytes = |bytes: &[u8]| Value::from(STANDARD.encode(bytes));
    let large: Vec<u8> = (0..1 << 20).map(|i: u32| i as u8).collect();
    let inner = |id: u32| json!({"id": id, "label": id.to_string()});
    vec![
        Row::same("no bytes", "/bytes", json!("")),
        Row::same("every byte", "/bytes", bytes(&all)),
        Row::same("1 MiB of bytes", "/bytes", bytes(&large)),
        Row::new(
            "base64 of the other alphabet, unpadded",
            "/bytes",
            URL_SAFE_NO_PAD.encode(&all).into(),
            bytes(&all),
        ),
        Row::same("an empty list", "/texts", json!([])),
        Row::same(
            "100,000 texts",
            "/texts",
            (0..100_000).map(|n| json!(n.to_string())).collect(),
        ),
        Row::same("no records", "/inners", json!([])),
        Row::same(
            "20,000 records",
            "/inners",
            (0..20_000).map(inner).collect(),
        ),
        Row::same("no lists", "/nested", json!([])),
        Row::same("empty lists", "/nested", json!([[], [], []])),
        Row::same(
            "300,000 numbers in a list of lists",
            "/nested",
            json!([[], (0..300_000).collect::<Vec<u32>>()]),
        ),
        Row::same(
            "100,000 empty lists",
            "/nested",
            vec![json!([]); 100_000].into(),
        ),
        Row::same("a tuple", "/pair", json!([u32::MAX, ""])),
    ]
}

fn choices() -> Vec<Row> {
    let mut rows = vec![
        Row::same("an option that is there", "/maybe", json!("")),
        Row::same(
            "an option inside an option: none of them",
            "/maybe_maybe",
            json!(null),
        ),
        Row::same(
            "an option inside an option: the outer one",
            "/maybe_maybe",
            json!({"some": null}),
        ),
        Row::same(
            "an option inside an option: both",
            "/maybe_maybe",
            json!({"some": 0}),
        ),
        Row::same("an optional list that is empty", "/maybe_list", json!("")),
        Row::same("an optional list that is not", "/maybe_list", json!("/w==")),
        Row::same("a variant with a number", "/shape", json!({"circle": -0.5})),
        Row::same("a variant with NaN", "/shape", json!({"circle": "NaN"})),
        Row::same(
            "a variant with a text called as another case",
            "/shape",
            json!({"named": "point"}),
        ),
        Row::same(
            "a variant with an empty list",
            "/shape",
            json!({"polygon": []}),
        ),
        Row::same(
            "a variant with a list of tuples",
            "/shape",
            json!({"polygon": [[0.0, -1.5], [1e300, 2.0]]}),
        ),
        Row::new(
            "a variant without a value, written as an object",
            "/shape",
            json!({"point": null}),
            json!("point"),
        ),
        Row::same("no flags", "/permissions", json!([])),
        Row::same(
            "all flags",
            "/permissions",
            json!(["read", "write", "run_it"]),
        ),
        Row::new(
            "flags in another order",
            "/permissions",
            json!(["run_it", "read"]),
            json!(["read", "run_it"]),
        ),
        Row::same("an error", "/outcome", json!({"err": "why"})),
        Row::same("an error of nothing", "/bare_outcome", json!({"err": null})),
    ];
    let colours = ["red", "green", "dark_blue"];
    rows.extend(
        colours.map(|colour| Row::same(format!("the case {colour}"), "/colour", json!(colour))),
    );
    rows
}

fn maps() -> Vec<Row> {
    let names = json!({"": {"id": 0, "label": ""}, "é\n\"": {"id": 1, "label": "x"}, "Z": {"id": 2, "label": ""}, "A": {"id": 3, "label": ""}});
    let numbers: Value = (0..20_000_u32)
        .map(|n| (n.to_string(), json!("x")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    vec![
        Row::same("an empty map", "/by_name", json!({})),
        Row::same("a map by text, in its order", "/by_name", names),
        Row::same(
            "a map by number",
            "/by_number",
            json!({"0": "", "4294967295": "most"}),
        ),
        Row::same("a map of 20,000 entries", "/by_number", numbers),
    ]
}
