//! Messages that are no JSON, or JSON of another type; and heads that mean no
//! call.

use ostler_tests::{Exchange, Host, Request, Table};
use serde_json::json;

use crate::{Row, refusals, refused, serves, unharmed};

#[tokio::test]
async fn messages() {
    let mut host = Host::start(&["users", "types", "control", "blobs"], None).await;
    let mut table = Table::new("Bad input: messages");
    refusals(&mut table, host.addr, malformed()).await;
    refusals(&mut table, host.addr, of_another_type()).await;
    refusals(&mut table, host.addr, nested()).await;
    refusals(&mut table, host.addr, in_streams()).await;
    refusals(&mut table, host.addr, in_queries()).await;
    mid_stream(&mut table, &host).await;
    unharmed(&mut host);
    table.finish();
}

#[tokio::test]
async fn heads() {
    let mut host = Host::start(&["users", "blobs"], None).await;
    let mut table = Table::new("Bad input: heads");
    refusals(&mut table, host.addr, addresses()).await;
    refusals(&mut table, host.addr, headers()).await;
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

fn in_streams() -> Vec<Row> {
    let lines = |bad: &str| {
        let good = "{\"timestamp\":1,\"value\":2}\n".repeat(2);
        Request::ndjson("/users/aggregate", format!("{good}{bad}\n"))
    };
    let array = |body: &'static str| Request::json("/users/aggregate", body);
    vec![
        (
            "NDJSON: item 3 is malformed",
            lines("{"),
            400,
            "item 3: Invalid JSON body",
        ),
        (
            "NDJSON: item 3 has a wrong type",
            lines(r#"{"timestamp":1,"value":"x"}"#),
            400,
            "item 3: value: ",
        ),
        (
            "NDJSON: item 3 lacks a field",
            lines(r#"{"timestamp":1}"#),
            400,
            "item 3: value: missing",
        ),
        (
            "NDJSON: two values on a line",
            lines("{} {}"),
            400,
            "item 3: ",
        ),
        ("NDJSON: an array on a line", lines("[]"), 400, "item 3: "),
        ("NDJSON: null", lines("null"), 400, "item 3: "),
        (
            "an array cut off",
            array(r#"[{"timestamp":1,"value":2},"#),
            400,
            "JSON",
        ),
        (
            "an array with a comma too many",
            array(r#"[{"timestamp":1,"value":2},]"#),
            400,
            "JSON",
        ),
        (
            "an array without commas",
            array(r#"[{"timestamp":1,"value":2}{"timestamp":1,"value":2}]"#),
            400,
            "expected ','",
        ),
        (
            "an array with something after it",
            array("[] x"),
            400,
            "JSON",
        ),
        ("an array of another type", array("[1]"), 400, "item 1: "),
        (
            "an object that is no message and no {}",
            array(r#"{"x":1}"#),
            400,
            "",
        ),
        ("a number for a stream", array("7"), 400, ""),
        (
            "a chunk that is no base64",
            Request::json("/blobs/upload", r#"["A*"]"#),
            400,
            "item 1: not base64",
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

/// Replies are out already, so the status is in the trailers.
async fn mid_stream(table: &mut Table, host: &Host) {
    let addr = host.addr;
    table
        .both(
            "NDJSON: item 2 is malformed when a reply is out",
            |http| async move {
                let request = Request::ndjson("/users/conversation", "").header("te", "trailers");
                let mut talk = Exchange::open(addr, http, &request).await;
                talk.send(b"{\"text\":\"one\",\"user\":\"ada\"}\n").await;
                let head = talk.head().await;
                assert!(talk.line().await.is_some());
                talk.send(b"{\"text\":[],\"user\":\"ada\"}\n").await;
                let answer = talk.rest(head).await;
                assert_eq!(
                    (answer.trailer("ostler-status"), answer.status()),
                    ("3", 200)
                );
                let message = answer.trailer("ostler-message");
                assert!(message.contains("item 2: text: "), "{message}");
                serves(addr, http).await;
            },
        )
        .await;
    table
        .both(
            "NDJSON: an item breaks off with the body",
            |http| async move {
                let mut up =
                    Exchange::open(addr, http, &Request::ndjson("/users/aggregate", "")).await;
                up.send(b"{\"timestamp\":1,\"value\":2}\n{\"timesta").await;
                up.finish().await;
                let head = up.head().await;
                refused(&up.rest(head).await, 400, "item 2: ");
            },
        )
        .await;
}

fn addresses() -> Vec<Row> {
    vec![
        (
            "unknown service",
            Request::json("/nobody/get_user", "{}"),
            404,
            "nobody",
        ),
        (
            "unknown method",
            Request::json("/users/nothing", "{}"),
            404,
            "nothing",
        ),
        (
            "no method",
            Request::json("/users", "{}"),
            404,
            "/SERVICE/METHOD",
        ),
        (
            "a path too long",
            Request::json("/users/get_user/7", "{}"),
            404,
            "/SERVICE/METHOD",
        ),
        ("the root", Request::get("/"), 404, "/SERVICE/METHOD"),
        (
            "an unknown well-known path",
            Request::get("/.well-known/x"),
            404,
            "",
        ),
        (
            "an empty service",
            Request::json("//get_user", "{}"),
            404,
            "",
        ),
        ("a way up", Request::json("/../users", "{}"), 404, ""),
        (
            "the name of WIT",
            Request::json("/users/get-user", r#"{"user_id":7}"#),
            404,
            "get-user",
        ),
        (
            "capitals",
            Request::json("/Users/get_user", "{}"),
            404,
            "Users",
        ),
        (
            "an escaped zero",
            Request::json("/users/%00", "{}"),
            404,
            "",
        ),
        (
            "wrong HTTP method: GET",
            Request::get("/users/aggregate"),
            405,
            "POST",
        ),
        (
            "wrong HTTP method: PUT",
            Request::new("PUT", "/users/get_user"),
            405,
            "POST",
        ),
        (
            "wrong HTTP method: an own one",
            Request::new("BREW", "/users/get_user"),
            405,
            "POST",
        ),
    ]
}

fn headers() -> Vec<Row> {
    let of = |content: &str| {
        Request::new("POST", "/users/get_user")
            .header("content-type", content)
            .body("{}")
    };
    let timeout =
        |value: &str| Request::get("/users/get_user?user_id=7").header("ostler-timeout-ms", value);
    let types = "application/x-ndjson";
    let digits = "whole number of milliseconds";
    vec![
        ("wrong content type: text", of("text/plain"), 415, types),
        (
            "wrong content type: a form",
            of("application/x-www-form-urlencoded"),
            415,
            types,
        ),
        ("wrong content type: XML", of("application/xml"), 415, types),
        (
            "wrong content type: gRPC",
            of("application/grpc"),
            415,
            types,
        ),
        ("wrong content type: nothing", of(""), 415, types),
        (
            "wrong content type: NDJSON for one message",
            of("application/x-ndjson"),
            415,
            "one message",
        ),
        (
            "wrong content type: bytes for one message",
            of("application/octet-stream"),
            415,
            "chunk stream",
        ),
        (
            "wrong content type: bytes for a stream of records",
            Request::raw("/users/aggregate", "{}"),
            415,
            "chunk stream",
        ),
        ("bad timeout: no number", timeout("soon"), 400, digits),
        ("bad timeout: below zero", timeout("-1"), 400, digits),
        ("bad timeout: a fraction", timeout("1.5"), 400, digits),
        ("bad timeout: with a unit", timeout("5s"), 400, digits),
        (
            "bad timeout: eleven digits",
            timeout("10000000000"),
            400,
            digits,
        ),
        ("bad timeout: nothing", timeout(""), 400, digits),
        (
            "metadata with a value that is no text",
            Request::get("/users/get_user?user_id=7").header("x-microapi-a", "é"),
            400,
            "metadata key \"a\"",
        ),
        (
            "metadata with a key that is none",
            Request::get("/users/get_user?user_id=7").header("x-microapi-a!", "1"),
            400,
            "metadata key \"a!\"",
        ),
    ]
}
