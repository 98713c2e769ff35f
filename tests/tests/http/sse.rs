//! Streams as server-sent events, as `curl` and as a real `EventSource` read
//! them.

use std::net::SocketAddr;

use ostler_tests::{Answer, Exchange, Host, Http, Request, Step, Table, call, node};
use serde_json::{Value, json};

use crate::{answers, error, user};

/// Comments come soon, for tests that wait for one.
const CONFIG: &str = r#"server.http.event-idle = "50ms""#;

#[tokio::test]
async fn events() {
    let host = Host::start(&["users", "control", "blobs"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: server-sent events");
    for (what, request, status, text) in streams() {
        let (request, text) = (&request, text.as_str());
        table
            .both(what, |http| async move {
                let answer = call(addr, http, request.clone()).await;
                assert_eq!((answer.status(), answer.text().as_str()), (status, text));
                assert_eq!(answer.header("content-type"), "text/event-stream");
                assert_eq!(answer.header("cache-control"), "no-store");
                assert_eq!(answer.header("x-accel-buffering"), "no");
                assert_eq!(answer.broken, None);
            })
            .await;
    }
    answers(&mut table, addr, refusals()).await;
    table
        .both("the metadata before the messages", |http| async move {
            let answer = send(addr, http, 1, Value::Null, false).await;
            assert_eq!(answer.header("x-microapi-x-first"), "before the items");
        })
        .await;
    table
        .both("trailers too, for who asks for them", |http| async move {
            let answer = send(addr, http, 1, json!("aborted"), true).await;
            assert!(
                answer.text().contains("event: error\n"),
                "{}",
                answer.text()
            );
            assert_eq!(answer.trailer("ostler-status"), "10");
        })
        .await;
    table
        .both(
            "a client that connects again after the end is told to stop",
            |http| async move {
                let request = listing(1).header("last-event-id", "end");
                let answer = call(addr, http, request).await;
                assert_eq!((answer.status(), answer.text().as_str()), (204, ""));
                assert_eq!(answer.header("cache-control"), "no-store");
            },
        )
        .await;
    table
        .both(
            "one that lost its connection gets the stream from its first item",
            |http| async move {
                let request = listing(1).header("last-event-id", "1");
                let answer = call(addr, http, request).await;
                assert!(answer.text().starts_with("id: 1\n"), "{}", answer.text());
            },
        )
        .await;
    table.finish();
}

#[tokio::test]
async fn silence() {
    let host = Host::start(&["users"], Some(CONFIG)).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: silent event streams");
    table
        .both(
            "the head does not wait for the first message, and comments follow",
            |http| async move {
                let request = Request::ndjson("/users/conversation", "");
                let request = request.header("accept", "text/event-stream");
                let mut talk = Exchange::open(addr, http, &request).await;
                let head = talk.head().await;
                assert_eq!(
                    (head.status, head.header("content-type")),
                    (200, "text/event-stream")
                );
                for _ in 0..3 {
                    assert_eq!(data(&mut talk).await, ":\n\n");
                }
                talk.send(b"{\"text\":\"hi\",\"user\":\"ada\"}\n").await;
                let first = loop {
                    let text = data(&mut talk).await;
                    if text != ":\n\n" {
                        break text;
                    }
                };
                assert!(first.starts_with("id: 1\ndata: {\"reply\":"), "{first}");
                assert_eq!(data(&mut talk).await, ":\n\n");
                talk.finish().await;
                let rest = talk.rest(head).await.text();
                assert!(
                    rest.ends_with("event: end\nid: end\ndata: {\"x-replies\":[\"1\"]}\n\n"),
                    "{rest}"
                );
            },
        )
        .await;
    table
        .both(
            "what fails after the head is told by an event",
            |http| async move {
                let request = Request::ndjson("/users/conversation", "");
                let request = request.header("accept", "text/event-stream");
                let mut talk = Exchange::open(addr, http, &request).await;
                let head = talk.head().await;
                talk.send(b"no JSON\n").await;
                talk.finish().await;
                let text = talk.rest(head).await.text();
                let (_, error) = text.split_once("event: error\nid: end\ndata: ").unwrap();
                let error: Value = serde_json::from_str(error.trim_end()).unwrap();
                assert_eq!(error["code"], "invalid_argument");
            },
        )
        .await;
    table.finish();
}

#[tokio::test]
async fn a_real_event_source() {
    let host = Host::start(&["users", "control"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: Node's eventsource");
    table
        .row("reads items and end, and stops by itself", async move {
            let seen = source(&format!("http://{addr}/users/list_users?limit=3")).await;
            let item = |id: u64| json!({"type": "message", "data": user(id), "id": id.to_string()});
            let end = json!({"type": "end", "data": {"x-users-sent": ["3"]}, "id": "end"});
            let stopped = json!({"type": "stopped", "code": 204, "opened": 1});
            assert_eq!(seen, [item(1), item(2), item(3), end, stopped]);
        })
        .await;
    table
        .row("reads an empty stream", async move {
            let seen = source(&format!("http://{addr}/users/list_users?limit=0")).await;
            let end = json!({"type": "end", "data": {"x-users-sent": ["0"]}, "id": "end"});
            let stopped = json!({"type": "stopped", "code": 204, "opened": 1});
            assert_eq!(seen, [end, stopped]);
        })
        .await;
    table
        .row("does not try again what is refused", async move {
            let seen = source(&format!("http://{addr}/users/list_user")).await;
            assert_eq!(seen, [json!({"type": "stopped", "code": 404, "opened": 0})]);
        })
        .await;
    table.finish();
}

/// What an `EventSource` of Node sees until it stops connecting.
async fn source(url: &str) -> Vec<Value> {
    let text = node("eventsource.cjs", &[url]).await;
    let value = |line| serde_json::from_str(line).unwrap();
    text.lines().map(value).collect()
}

fn listing(limit: u32) -> Request {
    Request::get(&format!("/users/list_users?limit={limit}")).header("accept", "text/event-stream")
}

async fn send(addr: SocketAddr, http: Http, items: u32, code: Value, trailers: bool) -> Answer {
    let body = json!({"items": items, "code": code}).to_string();
    let mut request = Request::json("/control/send", body).header("accept", "text/event-stream");
    if trailers {
        request = request.header("te", "trailers");
    }
    call(addr, http, request).await
}

/// What is sent next.
async fn data(exchange: &mut Exchange) -> String {
    match exchange.read().await {
        Step::Data(data) => String::from_utf8(data.to_vec()).unwrap(),
        end => panic!("{end:?}"),
    }
}

/// Streams that are answered: what they are, and their text.
fn streams() -> Vec<(&'static str, Request, u16, String)> {
    let item = |id: u64| format!("id: {id}\ndata: {}\n\n", user_text(id));
    let end = |trailers: &str| format!("event: end\nid: end\ndata: {trailers}\n\n");
    let sent = |count: u32| format!("{{\"x-users-sent\":[\"{count}\"]}}");
    let events = |request: Request| request.header("accept", "text/event-stream");
    let control = |body: &str| events(Request::json("/control/send", body.to_owned()));
    let trailers = r#"{"x-last":["after the items"]}"#;
    let talk = r#"{"text":"hi","user":"ada"}"#;
    vec![
        ("GET", listing(2), 200, item(1) + &item(2) + &end(&sent(2))),
        (
            "POST",
            events(Request::json("/users/list_users", r#"{"limit":1}"#)),
            200,
            item(1) + &end(&sent(1)),
        ),
        ("a stream without messages", listing(0), 200, end(&sent(0))),
        (
            "the trailing metadata is in the last event",
            control(r#"{"items":1,"code":null}"#),
            200,
            format!("id: 1\ndata: 1\n\n{}", end(trailers)),
        ),
        (
            "so is an error after the first message",
            control(r#"{"items":1,"code":"not_found"}"#),
            200,
            format!(
                "id: 1\ndata: 1\n\nevent: error\nid: end\ndata: {}\n\n",
                r#"{"error": "after 1 items", "code": "not_found"}"#
            ),
        ),
        (
            "after one that passes a client should connect again",
            control(r#"{"items":1,"code":"unavailable"}"#),
            200,
            format!(
                "id: 1\ndata: 1\n\nevent: error\ndata: {}\n\n",
                r#"{"error": "after 1 items", "code": "unavailable"}"#
            ),
        ),
        (
            "both sides stream",
            events(Request::ndjson("/users/conversation", talk)),
            200,
            format!(
                "id: 1\ndata: {}\n\n{}",
                r#"{"reply":"ada, you said: hi","source":"ostler"}"#,
                end(r#"{"x-replies":["1"]}"#)
            ),
        ),
    ]
}

fn user_text(id: u64) -> String {
    format!("{{\"username\":\"user-{id}\",\"age\":{}}}", 18 + id % 64)
}

fn refusals() -> Vec<crate::Row> {
    let events = |request: Request| request.header("accept", "text/event-stream");
    let one = "the method answers one message: accept application/json";
    vec![
        (
            "one message is no event stream",
            events(Request::get("/users/get_user?user_id=1")),
            406,
            error(one, "invalid_argument"),
        ),
        (
            "nor is the one reply to a stream",
            events(Request::ndjson("/users/aggregate", "")),
            406,
            error(one, "invalid_argument"),
        ),
        (
            "an error before the first message has its own status",
            events(Request::json(
                "/control/send",
                r#"{"items":0,"code":"not_found"}"#,
            )),
            404,
            error("after 0 items", "not_found"),
        ),
        (
            "no such method",
            events(Request::get("/users/nobody")),
            404,
            error("Method 'nobody' not found in service 'users'", "not_found"),
        ),
        (
            "a method that is not idempotent",
            events(Request::get("/control/send?items=1")),
            405,
            error(
                "the method is not idempotent: call it by POST",
                "unimplemented",
            ),
        ),
        (
            "another type is accepted first",
            events(
                Request::json("/users/list_users", r#"{"limit":1}"#)
                    .header("accept", "application/json"),
            ),
            200,
            json!([user(1)]),
        ),
    ]
}
