//! The four patterns, the layouts of a request stream, metadata.

use std::net::SocketAddr;

use ostler_tests::{Host, Table};
use serde_json::{Value, json};

use crate::{Call, call, frames};

const TALK: &str = r#"{"text":"hi","user":"ada"}"#;
const TALKED: &str = r#"{"reply":"ada, you said: hi","source":"ostler"}"#;
const POINT: &str = r#"{"timestamp":0,"value":1.5}"#;
const TWO_POINTS: &str = r#"{"count":2,"average":1.5,"total":3.0}"#;
const NO_POINT: &str = r#"{"count":0,"average":0.0,"total":0.0}"#;
const USER_7: &str = r#"{"username":"user-7","age":25}"#;
const USER_1: &str = r#"{"username":"user-1","age":19}"#;
const USER_2: &str = r#"{"username":"user-2","age":20}"#;

/// What a call is for, its path, the messages sent and received.
type Row = (&'static str, &'static str, Vec<String>, Vec<&'static str>);

#[tokio::test]
async fn patterns() {
    let host = Host::start(&["users", "control", "types"], None).await;
    let addr = host.addr;
    let mut table = Table::new("gRPC+JSON: patterns");
    for (what, path, sent, received) in rows() {
        table
            .row(what, async move {
                let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
                let reply = call(addr, path, &[], frames(&sent)).await;
                assert_eq!(reply.told(), (received, "0"));
                assert_eq!(reply.head.status, 200);
                assert_eq!(reply.head.header("content-type"), "application/grpc+json");
            })
            .await;
    }
    table.row("both sides take turns", take_turns(addr)).await;
    table
        .row("a body in pieces of one byte", async move {
            let mut talk = Call::open(addr, "/users/conversation", &[]).await;
            for byte in &frames(&[TALK, TALK]) {
                talk.call.send(vec![*byte]).await;
            }
            talk.call.finish();
            assert_eq!(talk.rest().await.told(), (vec![TALKED, TALKED], "0"));
        })
        .await;
    table
        .row("10,000 messages each way", async move {
            let mut talk = Call::open(addr, "/users/conversation", &[]).await;
            let hundred = frames(&[TALK; 100]);
            for round in 0..100 {
                talk.call.send(hundred.clone()).await;
                if round == 0 {
                    talk.call.head().await;
                }
                for _ in 0..100 {
                    assert_eq!(talk.message().await.unwrap(), TALKED);
                }
            }
            talk.call.finish();
            assert_eq!(talk.message().await.unwrap_err()["grpc-status"], "0");
        })
        .await;
    table.row("metadata", metadata(addr)).await;
    table
        .row("metadata around the messages", async move {
            let body = frames(&[r#"{"items":1,"code":null}"#]);
            let reply = call(addr, "/control/send", &[], body).await;
            assert_eq!(reply.head.header("x-first"), "before the items");
            assert_eq!(reply.trailer("x-last"), "after the items");
        })
        .await;
    table.finish();
}

fn rows() -> Vec<Row> {
    let one = |message: &str| vec![message.to_owned()];
    vec![
        (
            "unary",
            "/users/get_user",
            one(r#"{"user_id":7}"#),
            vec![USER_7],
        ),
        (
            "unary, by the name of MicroAPI's .proto",
            "/users.UsersService/get_user",
            one(r#"{"user_id":7}"#),
            vec![USER_7],
        ),
        (
            "no parameter, no result",
            "/control/nothing",
            one("{}"),
            vec!["null"],
        ),
        (
            "server streaming",
            "/users/list_users",
            one(r#"{"limit":2}"#),
            vec![USER_1, USER_2],
        ),
        (
            "no message",
            "/users/list_users",
            one(r#"{"limit":0}"#),
            vec![],
        ),
        (
            "client streaming",
            "/users/aggregate",
            vec![POINT.into(), POINT.into()],
            vec![TWO_POINTS],
        ),
        (
            "client streaming, in an array",
            "/users/aggregate",
            one(&format!("[{POINT},{POINT}]")),
            vec![TWO_POINTS],
        ),
        (
            "client streaming, both ways at once",
            "/users/aggregate",
            vec![POINT.into(), format!(" [{POINT}] ")],
            vec![TWO_POINTS],
        ),
        (
            "{} alone is no message",
            "/users/aggregate",
            one("{}"),
            vec![NO_POINT],
        ),
        ("so is []", "/users/aggregate", one("[]"), vec![NO_POINT]),
        ("so is nothing", "/users/aggregate", vec![], vec![NO_POINT]),
        (
            "bidirectional",
            "/users/conversation",
            vec![TALK.into(), TALK.into()],
            vec![TALKED, TALKED],
        ),
        (
            "bidirectional, in an array",
            "/users/conversation",
            one(&format!("[{TALK},{TALK}]")),
            vec![TALKED, TALKED],
        ),
        (
            "items that are arrays come in an array",
            "/types/lists",
            one("[[1,2],[]]"),
            vec![r#"[3,"[1, 2]"]"#, r#"[0,"[]"]"#],
        ),
    ]
}

async fn take_turns(addr: SocketAddr) {
    let mut talk = Call::open(addr, "/users/conversation", &[]).await;
    for turn in 0..3 {
        talk.send(TALK).await;
        if turn == 0 {
            assert_eq!(talk.call.head().await.status, 200);
        }
        assert_eq!(talk.message().await.unwrap(), TALKED);
    }
    talk.call.finish();
    let trailers = talk.message().await.unwrap_err();
    assert_eq!(trailers["grpc-status"], "0");
}

async fn metadata(addr: SocketAddr) {
    let headers = [
        ("team", "blue"),
        ("team", "red"),
        ("trace-bin", "AQI="),
        ("grpc-timeout", "5S"),
        ("user-agent", "a test"),
        ("ostler-x", "stripped"),
    ];
    let reply = call(addr, "/control/context", &headers, frames(&["{}"])).await;
    let seen: Value = serde_json::from_str(&reply.messages[0]).unwrap();
    let pair = |key: &str, value: &str| json!({"key": key, "value": value});
    let expected = json!([
        pair("team", "blue"),
        pair("team", "red"),
        pair("trace-bin", "AQI")
    ]);
    assert_eq!(seen["metadata"], expected);
    let left = seen["remaining"].as_u64().unwrap();
    assert!((4000..=5000).contains(&left), "{left}");
}
