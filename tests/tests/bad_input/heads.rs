//! Heads that mean no call: addresses, verbs, content types, deadlines,
//! metadata.

use ostler_tests::{Host, Request, Table};

use crate::{Row, refusals, unharmed};

#[tokio::test]
async fn heads() {
    let mut host = Host::start(&["users"], None).await;
    let mut table = Table::new("Bad input: heads");
    refusals(&mut table, host.addr, addresses()).await;
    refusals(&mut table, host.addr, headers()).await;
    unharmed(&mut host);
    table.finish();
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
            "wrong content type: protobuf",
            of("application/proto"),
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
