//! Sockets without a subprotocol speak as MicroAPI does: every envelope in
//! full.

use ostler_tests::{Host, Socket, Table, binary, opening};
use serde_json::{Value, json};

use crate::{point, summary, talk, user};

/// What the host says of a call of `service.method`.
fn says(kind: &str, id: &str, method: &str, payload: Value) -> Value {
    opening(kind, id, method, payload)
}

fn fails(kind: &str, id: &str, method: &str, code: u32, error: &str) -> Value {
    let mut envelope = says(kind, id, method, Value::Null);
    envelope["error"] = error.into();
    envelope["status_code"] = code.into();
    envelope
}

/// What is sent on a new socket, and all that must come back.
type Row = (&'static str, Vec<Value>, Vec<Value>);

fn rows() -> Vec<Row> {
    let get = "users.get_user";
    let list = "users.list_users";
    let sum = "users.aggregate";
    let chat = "users.conversation";
    let open = |method, payload| opening("request", "a", method, payload);
    let push = |method, payload| opening("stream_push", "a", method, payload);
    let end = |method| opening("stream_end", "a", method, Value::Null);
    let (hi, hi_back) = talk("hi");
    let (bye, bye_back) = talk("bye");
    vec![
        (
            "unary",
            vec![open(get, json!({"user_id": 7}))],
            vec![says("response", "a", get, user(7))],
        ),
        (
            "unary, an error",
            vec![open(get, json!({"user_id": 404}))],
            vec![fails("response", "a", get, 5, "no user 404")],
        ),
        (
            "unary, a bad payload",
            vec![open(get, json!({"user_id": "x"}))],
            vec![fails(
                "response",
                "a",
                get,
                3,
                "user_id: expected u64, found string",
            )],
        ),
        (
            "an unknown service",
            vec![open("nobody.get_user", json!({}))],
            vec![fails(
                "response",
                "a",
                "nobody.get_user",
                5,
                "Service 'nobody' not found",
            )],
        ),
        (
            "an unknown method",
            vec![open("users.nothing", json!({}))],
            vec![fails(
                "response",
                "a",
                "users.nothing",
                5,
                "Method 'nothing' not found in service 'users'",
            )],
        ),
        (
            "server streaming",
            vec![open(list, json!({"limit": 2}))],
            vec![
                says("stream_push", "a", list, user(1)),
                says("stream_push", "a", list, user(2)),
                says("stream_end", "a", list, Value::Null),
            ],
        ),
        (
            "server streaming, nothing",
            vec![open(list, json!({"limit": 0}))],
            vec![says("stream_end", "a", list, Value::Null)],
        ),
        (
            "server streaming, an error before the first item",
            vec![open(
                "control.send",
                json!({"items": 0, "code": "not_found"}),
            )],
            vec![fails("response", "a", "control.send", 5, "after 0 items")],
        ),
        (
            "server streaming, an error after items",
            vec![open(
                "control.send",
                json!({"items": 1, "code": "not_found"}),
            )],
            vec![
                says("stream_push", "a", "control.send", json!(1)),
                fails("stream_end", "a", "control.send", 5, "after 1 items"),
            ],
        ),
        (
            "client streaming, all at once",
            vec![open(sum, json!([point(1.0), point(2.5)]))],
            vec![says("response", "a", sum, summary(2, 3.5))],
        ),
        (
            "client streaming, an empty object is no message",
            vec![open(sum, json!({}))],
            vec![says("response", "a", sum, summary(0, 0.0))],
        ),
        (
            "client streaming, null is no message",
            vec![open(sum, Value::Null)],
            vec![says("response", "a", sum, summary(0, 0.0))],
        ),
        (
            "client streaming, one by one",
            vec![push(sum, point(1.0)), push(sum, point(2.0)), end(sum)],
            vec![says("response", "a", sum, summary(2, 3.0))],
        ),
        (
            "client streaming, nothing one by one",
            vec![end(sum)],
            vec![says("response", "a", sum, summary(0, 0.0))],
        ),
        (
            "bidirectional, all at once: a response with the first reply follows",
            vec![open(chat, json!([hi, bye]))],
            vec![
                says("stream_push", "a", chat, hi_back.clone()),
                says("stream_push", "a", chat, bye_back.clone()),
                says("stream_end", "a", chat, Value::Null),
                says("response", "a", chat, hi_back.clone()),
            ],
        ),
        (
            "bidirectional, no messages at once",
            vec![open(chat, json!([]))],
            vec![
                says("stream_end", "a", chat, Value::Null),
                says("response", "a", chat, Value::Null),
            ],
        ),
        (
            "bidirectional, one by one",
            vec![push(chat, hi.clone()), push(chat, bye.clone()), end(chat)],
            vec![
                says("stream_push", "a", chat, hi_back.clone()),
                says("stream_push", "a", chat, bye_back.clone()),
                says("stream_end", "a", chat, Value::Null),
            ],
        ),
        (
            "a stream to a method that takes one message",
            vec![push(get, json!({"user_id": 7}))],
            vec![fails(
                "response",
                "a",
                get,
                3,
                "the method takes one message, not a stream: open its calls with `request`",
            )],
        ),
        (
            "windows and cancels are no envelopes here",
            vec![
                json!({"type": "cancel", "id": "a"}),
                json!({"type": "window", "id": "a"}),
            ],
            vec![
                json!({"error": "Invalid message format"}),
                json!({"error": "Invalid message format"}),
            ],
        ),
        (
            "what is no envelope, and a call after it",
            vec![
                json!([]),
                json!({"type": "?"}),
                json!({}),
                open(get, json!({"user_id": 1})),
            ],
            vec![
                json!({"error": "Invalid message format"}),
                json!({"error": "Invalid message format"}),
                json!({"error": "Invalid message format"}),
                says("response", "a", get, user(1)),
            ],
        ),
        (
            "only the keys that are needed",
            vec![
                json!({"type": "request", "service": "users", "method": "get_user", "id": "a",
                        "payload": {"user_id": 3}, "metadata": null}),
            ],
            vec![says("response", "a", get, user(3))],
        ),
        (
            "metadata in the envelope",
            vec![
                json!({"type": "request", "service": "control", "method": "get", "id": "a",
                        "payload": {"key": "team"}, "metadata": {"Team": "blue"}}),
            ],
            vec![says("response", "a", "control.get", json!("blue"))],
        ),
        (
            "a response's metadata is not sent",
            vec![open(
                "control.set",
                json!({"headers": [{"key": "a", "value": "b"}], "trailers": []}),
            )],
            vec![says("response", "a", "control.set", json!([]))],
        ),
        (
            "no parameter, no result",
            vec![open("control.nothing", Value::Null)],
            vec![says("response", "a", "control.nothing", Value::Null)],
        ),
        (
            "what only servers send is left alone",
            vec![
                json!({"type": "response", "id": "a"}),
                json!({"type": "error", "id": "a"}),
                json!({"type": "stream_end", "id": "unknown"}),
                open(get, json!({"user_id": 1})),
            ],
            vec![says("response", "a", get, user(1))],
        ),
    ]
}

#[tokio::test]
async fn envelopes() {
    let host = Host::start(&["users", "control"], None).await;
    let addr = host.addr;
    let mut table = Table::new("WebSocket: MicroAPI's protocol");
    for (what, sent, expected) in rows() {
        table
            .row(what, async move {
                let mut socket = Socket::microapi(addr).await;
                for envelope in sent {
                    socket.send(envelope).await;
                }
                for expected in expected {
                    assert_eq!(socket.envelope().await, expected);
                }
                // Nothing more was said of it.
                let last = opening("request", "last", "users.get_user", json!({"user_id": 2}));
                socket.send(last).await;
                assert_eq!(socket.envelope().await["id"], "last");
            })
            .await;
    }
    table
        .row("binary frames are read, text is answered", async move {
            let mut socket = Socket::microapi(addr).await;
            let envelope = opening("request", "a", "users.get_user", json!({"user_id": 7}));
            socket.frame(binary(envelope.to_string())).await;
            assert_eq!(socket.envelope().await["payload"], user(7));
        })
        .await;
    table
        .row("a call without an id is given one", async move {
            let mut socket = Socket::microapi(addr).await;
            let mut envelope = opening("request", "", "users.get_user", json!({"user_id": 7}));
            envelope.as_object_mut().unwrap().remove("id");
            socket.send(envelope).await;
            let reply = socket.envelope().await;
            assert_eq!(reply["payload"], user(7));
            assert_eq!(reply["id"].as_str().unwrap().len(), 32);
        })
        .await;
    table
        .row("100 calls on one socket", async move {
            let mut socket = Socket::microapi(addr).await;
            for id in 1..=100 {
                let payload = json!({"user_id": id});
                socket
                    .request(&id.to_string(), "users.get_user", payload)
                    .await;
            }
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..100 {
                let reply = socket.envelope().await;
                let id: u64 = reply["id"].as_str().unwrap().parse().unwrap();
                assert_eq!(reply["payload"], user(id));
                assert!(seen.insert(id));
            }
        })
        .await;
    table.finish();
}
