//! Messages that are no JSON, or JSON of another type.

use ostler_tests::{Host, Request, Table};
use serde_json::json;

use crate::{Row, refusals, unharmed};

#[tokio::test]
async fn messages() {
    let mut host = Host::start(&["users", "types", "control"], None).await;
    let mut table = Table::new("Bad input: messages");
    refusals(&mut table, host.addr, malformed()).await;
    refusals(&mut table, host.addr, of_another_type()).await;
    refusals(&mut table, host.addr, nested()).await;
    refusals(&mut table, host.addr, in_queries()).await;
    unharmed(&mut host);
    table.finish();
}

fn malformed() -> Vec<Row> {
    let post = |body: &'static [u8]| Request::json("/users/get_user", body);
    let invalid = "Invalid JSON body";
    vec![
        ("malformed JSON: no JSON", post(b"nope"), 400, invalid),
        (
            "malformed JSON: cut off",
            post(b"{\"user_id\":"),
            400,
            invalid,
        ),
        (
            "malformed JSON: no value",
            post(b"{\"user_id\":}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a comma too many",
            post(b"{\"user_id\":7,}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a comma too few",
            post(b"{\"user_id\":7 \"x\":1}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a key without quotes",
            post(b"{user_id:7}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: single quotes",
            post(b"{'user_id':7}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: something after it",
            post(b"{\"user_id\":7} {}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: white space alone",
            post(b"  \n"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a comment",
            post(b"{\"user_id\":7 /* seven */}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a leading zero",
            post(b"{\"user_id\":07}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: NaN",
            post(b"{\"user_id\":NaN}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: in an ignored field",
            post(b"{\"user_id\":7,\"x\":[1,}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a control character in a text",
            post(b"{\"user_id\":7,\"x\":\"a\x01\"}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: an unknown escape",
            post(b"{\"user_id\":7,\"x\":\"\\q\"}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: half a surrogate pair",
            post(b"{\"user_id\":7,\"x\":\"\\ud800\"}"),
            400,
            invalid,
        ),
        (
            "malformed JSON: zero bytes",
            post(b"\0\0\0\0"),
            400,
            invalid,
        ),
        (
            "malformed JSON: a byte order mark",
            post(b"\xef\xbb\xbf{\"user_id\":7}"),
            400,
            invalid,
        ),
        (
            "invalid UTF-8 in a text",
            Request::json("/types/maybe", &b"{\"text\":\"\xff\"}"[..]),
            400,
            "UTF-8",
        ),
        (
            "invalid UTF-8 in a key",
            post(b"{\"\xc3\x28\":1,\"user_id\":7}"),
            400,
            "UTF-8",
        ),
        (
            "invalid UTF-8 in an ignored field",
            post(b"{\"user_id\":7,\"x\":\"\xed\xa0\x80\"}"),
            400,
            "UTF-8",
        ),
        (
            "invalid UTF-8: UTF-16",
            post(b"\xff\xfe{\0}\0"),
            400,
            invalid,
        ),
    ]
}

fn of_another_type() -> Vec<Row> {
    let user = |body: &'static str| Request::json("/users/get_user", body);
    let show = |change: (&str, serde_json::Value)| {
        let mut body = json!({"a": 1, "b": null, "c": [1.5], "d": "red", "e": [1, true]});
        body[change.0] = change.1;
        Request::json("/types/show", body.to_string())
    };
    vec![
        ("missing field", user("{}"), 400, "user_id: missing"),
        (
            "null for a field that is no option",
            user(r#"{"user_id":null}"#),
            400,
            "user_id",
        ),
        (
            "an empty body where a field is required",
            user(""),
            400,
            "user_id: missing",
        ),
        ("the message is no object", user("[7]"), 400, "expected"),
        ("the message is a number", user("7"), 400, "expected"),
        (
            "wrong type: text for a number",
            user(r#"{"user_id":"seven"}"#),
            400,
            "user_id: ",
        ),
        (
            "wrong type: an object for a number",
            user(r#"{"user_id":{}}"#),
            400,
            "user_id: ",
        ),
        (
            "wrong type: a fraction for an integer",
            user(r#"{"user_id":7.5}"#),
            400,
            "user_id: ",
        ),
        (
            "wrong type: a number for a text",
            Request::json("/types/maybe", r#"{"text":1}"#),
            400,
            "text: ",
        ),
        (
            "wrong type: a text for a list",
            show(("c", json!("x"))),
            400,
            "c: ",
        ),
        (
            "wrong type: in a list",
            show(("c", json!([1, "x"]))),
            400,
            "c[1]: ",
        ),
        (
            "wrong type: in a tuple",
            show(("e", json!([1, 1]))),
            400,
            "e[1]: ",
        ),
        (
            "wrong type: a tuple too short",
            show(("e", json!([1]))),
            400,
            "e",
        ),
        (
            "wrong type: a tuple too long",
            show(("e", json!([1, true, 1]))),
            400,
            "e",
        ),
        (
            "wrong type: an unknown case",
            show(("d", json!("blue"))),
            400,
            "d: ",
        ),
        (
            "wrong type: a number for a case",
            show(("d", json!(0))),
            400,
            "d: ",
        ),
        (
            "out of range: u64",
            user(r#"{"user_id":18446744073709551616}"#),
            400,
            "user_id: ",
        ),
        (
            "out of range: below zero",
            user(r#"{"user_id":-1}"#),
            400,
            "user_id: ",
        ),
        (
            "out of range: u64 as text",
            user(r#"{"user_id":"18446744073709551616"}"#),
            400,
            "user_id: ",
        ),
        (
            "out of range: a huge exponent",
            user(r#"{"user_id":1e999999999}"#),
            400,
            "user_id: ",
        ),
        ("out of range: u8", show(("a", json!(256))), 400, "a: "),
        (
            "out of range: s32",
            Request::json("/control/add", r#"{"number":2147483648}"#),
            400,
            "number: ",
        ),
        (
            "out of range: f32",
            show(("c", json!([1e39]))),
            400,
            "c[0]: ",
        ),
        (
            "out of range: f64",
            Request::ndjson("/users/aggregate", "{\"timestamp\":1e999,\"value\":0}"),
            400,
            "timestamp: ",
        ),
        (
            "a variant of two cases",
            Request::ndjson("/types/shapes", r#"{"circle":1,"named":"x"}"#),
            400,
            "item 1",
        ),
        (
            "a variant without its value",
            Request::ndjson("/types/shapes", "\"circle\""),
            400,
            "item 1",
        ),
        (
            "a field deep inside",
            Request::json("/types/echo", r#"{"yes":true,"numbers":{"u_eight":1}}"#),
            400,
            "numbers.s_eight: missing",
        ),
    ]
}

fn nested() -> Vec<Row> {
    let deep = |open: &str, close: &str, depth: usize| open.repeat(depth) + &close.repeat(depth);
    let ignored = |depth| format!("{{\"user_id\":7,\"x\":{}}}", deep("[", "]", depth));
    let list = |depth| format!("{{\"texts\":{}}}", deep("[", "]", depth));
    vec![
        (
            "deep nesting: 101 levels",
            Request::json("/users/get_user", ignored(101)),
            400,
            "100",
        ),
        (
            "deep nesting: a million levels",
            Request::json("/users/get_user", ignored(1_000_000)),
            400,
            "100",
        ),
        (
            "deep nesting: never closed",
            Request::json("/users/get_user", "[".repeat(1_000_000)),
            400,
            "",
        ),
        (
            "deep nesting: objects",
            Request::json("/users/get_user", deep("{\"x\":", "}", 100_000)),
            400,
            "",
        ),
        (
            "deep nesting: where a list belongs",
            Request::json("/types/lengths", list(1000)),
            400,
            "",
        ),
        (
            "deep nesting: in an item",
            Request::ndjson("/users/aggregate", ignored(100_000)),
            400,
            "item 1: ",
        ),
        (
            "deep nesting: in an array",
            Request::json("/users/aggregate", deep("[", "]", 100_000)),
            400,
            "item 1: ",
        ),
    ]
}

fn in_queries() -> Vec<Row> {
    let get = |query: &str| Request::get(&format!("/users/get_user?{query}"));
    vec![
        ("query: no number", get("user_id=x"), 400, "user_id: "),
        ("query: nothing", get("user_id="), 400, "user_id: "),
        ("query: out of range", get("user_id=-1"), 400, "user_id: "),
        ("query: half an escape", get("user_id=%3"), 400, ""),
        ("query: an escape of no digits", get("user_id=%zz"), 400, ""),
        ("query: invalid UTF-8", get("user_id=%ff"), 400, ""),
    ]
}
