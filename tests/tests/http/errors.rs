//! Errors: their status and body, and what happens when it is too late for
//! either.

use std::net::SocketAddr;

use ostler_tests::{Answer, Exchange, Host, Http, Request, Table, call};
use serde_json::{Value, json};

use crate::metadata::unescaped;
use crate::{answers, error};

#[tokio::test]
async fn errors() {
    let host = Host::start(&["users", "control", "faults", "types"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: errors");
    for (number, code, status) in CODES {
        table
            .both(format!("{code} is {status}"), |http| async move {
                let answer = fail(addr, http, code, "why", &[]).await;
                assert_eq!(
                    (answer.status(), answer.json()),
                    (status, error("why", code))
                );
                assert_eq!(answer.header("content-type"), "application/json");
            })
            .await;
        table
            .both(
                format!("{code} in the middle of a stream is {number} in the trailers"),
                |http| async move {
                    let answer = send(addr, http, 2, code, true).await;
                    assert_eq!(
                        (answer.status(), answer.lines()),
                        (200, vec![json!(1), json!(2)])
                    );
                    assert_eq!(answer.trailer("ostler-status"), number.to_string());
                    assert_eq!(unescaped(answer.trailer("ostler-message")), "after 2 items");
                    assert_eq!(
                        unescaped(answer.trailer("ostler-trailers")),
                        r#"{"x-last":["after the items"]}"#
                    );
                    assert_eq!(answer.broken, None);
                },
            )
            .await;
    }
    answers(&mut table, addr, rows()).await;
    table
        .both(
            "an error before the first message has its own status",
            |http| async move {
                let answer = send(addr, http, 0, "not_found", false).await;
                assert_eq!(
                    (answer.status(), answer.json()),
                    (404, error("after 0 items", "not_found"))
                );
                assert_eq!(answer.header("x-microapi-x-first"), "before the items");
            },
        )
        .await;
    table
        .both(
            "without TE the stream is aborted, after all of its messages",
            |http| async move {
                let answer = send(addr, http, 2, "aborted", false).await;
                assert_eq!((answer.status(), answer.text()), (200, "1\n2\n".to_owned()));
                assert!(answer.broken.is_some());
            },
        )
        .await;
    table
        .both("a malformed message in the middle of a stream", |http| {
            malformed(addr, http)
        })
        .await;
    table
        .both(
            "a trap tells the client nothing of the guest",
            |http| async move {
                let answer = call(addr, http, Request::json("/faults/trap", "{}")).await;
                assert_eq!(
                    (answer.status(), &answer.json()["code"]),
                    (500, &json!("internal"))
                );
                for inside in ["wasm", "unreachable", "backtrace", "faults"] {
                    assert!(!answer.text().contains(inside), "{}", answer.text());
                }
            },
        )
        .await;
    table
        .both("a panic's message is logged and not told", |http| {
            panics(&host, http)
        })
        .await;
    table
        .both("a trap after two messages", |http| async move {
            let request =
                Request::json("/faults/trap_after", r#"{"items":2}"#).header("te", "trailers");
            let answer = call(addr, http, request).await;
            assert_eq!(
                (answer.text().as_str(), answer.trailer("ostler-status")),
                ("0\n1\n", "13")
            );
        })
        .await;
    table
        .both("a trap while reading its input", |http| async move {
            let answer = call(
                addr,
                http,
                Request::ndjson("/faults/trap_in_input", "1\n0\n1\n"),
            )
            .await;
            assert_eq!(
                (answer.status(), &answer.json()["code"]),
                (500, &json!("internal"))
            );
        })
        .await;
    table.finish();
}

/// gRPC's number, name and HTTP status of every code.
const CODES: [(u32, &str, u16); 16] = [
    (1, "cancelled", 499),
    (2, "unknown", 500),
    (3, "invalid_argument", 400),
    (4, "deadline_exceeded", 504),
    (5, "not_found", 404),
    (6, "already_exists", 409),
    (7, "permission_denied", 403),
    (8, "resource_exhausted", 429),
    (9, "failed_precondition", 400),
    (10, "aborted", 409),
    (11, "out_of_range", 400),
    (12, "unimplemented", 501),
    (13, "internal", 500),
    (14, "unavailable", 503),
    (15, "data_loss", 500),
    (16, "unauthenticated", 401),
];

fn rows() -> Vec<crate::Row> {
    let own = |which: u32| Request::json("/control/fail_own", format!("{{\"which\":{which}}}"));
    let of_own_type = |text: &str, value: Value| {
        let detail = json!({"type": "test.control.v1.Error", "value": value});
        json!({"error": text, "code": "unknown", "details": [detail]})
    };
    let failure = |message: &str, details: Value| {
        let body = json!({"code": "aborted", "message": message, "details": details});
        Request::json("/control/fail", body.to_string())
    };
    let detail = json!({"type": "google.protobuf.StringValue", "value": "CgJoaQ=="});
    vec![
        (
            "an empty message is never an empty error",
            failure("", json!([])),
            409,
            error("aborted", "aborted"),
        ),
        (
            "a message of any text",
            failure("a \"b\"\n\u{1f984}", json!([])),
            409,
            error("a \"b\"\n\u{1f984}", "aborted"),
        ),
        (
            "details, in order",
            failure("m", json!(["hi", "hi"])),
            409,
            json!({"error": "m", "code": "aborted", "details": [detail, detail]}),
        ),
        ("no error of its own type", own(0), 200, json!("fine")),
        (
            "an error of its own type without a value",
            own(1),
            500,
            of_own_type("empty", json!("empty")),
        ),
        (
            "one with a number",
            own(2),
            500,
            of_own_type("too_many", json!({"too_many": 7})),
        ),
        (
            "one with a record",
            own(3),
            500,
            of_own_type("named", json!({"named": {"key": "a", "value": "b"}})),
        ),
    ]
}

async fn fail(addr: SocketAddr, http: Http, code: &str, message: &str, details: &[&str]) -> Answer {
    let body = json!({"code": code, "message": message, "details": details});
    call(addr, http, Request::json("/control/fail", body.to_string())).await
}

async fn send(addr: SocketAddr, http: Http, items: u32, code: &str, trailers: bool) -> Answer {
    let body = json!({"items": items, "code": code});
    let mut request = Request::json("/control/send", body.to_string());
    if trailers {
        request = request.header("te", "trailers");
    }
    call(addr, http, request).await
}

/// One reply is out when the second message turns out to be malformed.
async fn malformed(addr: SocketAddr, http: Http) {
    let request = Request::ndjson("/users/conversation", "").header("te", "trailers");
    let mut talk = Exchange::open(addr, http, &request).await;
    talk.send(b"{\"text\":\"one\",\"user\":\"ada\"}\n").await;
    let head = talk.head().await;
    assert_eq!(talk.line().await.unwrap()["source"], "ostler");
    talk.send(b"{\"text\":2,\"user\":\"ada\"}\n").await;
    talk.finish().await;
    let answer = talk.rest(head).await;
    assert_eq!(
        (answer.text().as_str(), answer.trailer("ostler-status")),
        ("", "3")
    );
    let message = unescaped(answer.trailer("ostler-message"));
    assert!(message.starts_with("item 2: text: "), "{message}");
}

async fn panics(host: &Host, http: Http) {
    let secret = format!("secret of {http}");
    let body = json!({"message": secret}).to_string();
    let answer = call(host.addr, http, Request::json("/faults/panic", body)).await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (500, &json!("internal"))
    );
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    host.wait_for_log(|line| line.contains(&secret), ostler_tests::PATIENCE)
        .await;
}
