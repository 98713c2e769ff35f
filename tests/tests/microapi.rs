//! The real client of MicroAPI 1.1.1 (Python), and what its generator makes,
//! on every transport: the same steps, and what each gives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;

use ostler_tests::{Host, Table, microapi};
use serde_json::{Value, json};

const CONFIG: &str = r#"
[[server.listener]]
listen = "127.0.0.1:0"
h2 = "large"
"#;

/// A step that gives something else on one transport, and what.
type Difference = (&'static str, Value);

#[tokio::test]
async fn every_step_on_every_transport() {
    let host = Host::start(&["users"], Some(CONFIG)).await;
    let large = host.listing["listen"][1].as_str().unwrap().parse().unwrap();
    let mut table = Table::new("MicroAPI's client");
    for (transport, addr, differences) in [
        ("http", host.addr, http()),
        // Over a WebSocket, as over gRPC, it ends a stream that fails in silence.
        ("websocket", host.addr, Vec::new()),
        ("grpc", large, grpc()),
    ] {
        let told = told(transport, addr).await;
        assert_eq!(told.len(), steps().len(), "{told:?}");
        for (step, usual) in steps() {
            let other = differences.iter().find(|(name, _)| *name == step);
            let expected = other.map_or(usual, |(_, value)| value.clone());
            let got = &told[step];
            table
                .row(format!("{transport}: {step}"), async move {
                    assert_eq!(*got, expected);
                })
                .await;
        }
    }
    table.finish();
}

async fn told(transport: &str, addr: SocketAddr) -> serde_json::Map<String, Value> {
    let (host, port) = (addr.ip().to_string(), addr.port().to_string());
    let printed = microapi("users.py", &[transport, &host, &port]).await;
    serde_json::from_str(&printed).unwrap()
}

fn steps() -> Vec<(&'static str, Value)> {
    let user = |id: u64| json!({"username": format!("user-{id}"), "age": 18 + id % 64});
    let reply = |text: &str, source: &str| json!({"reply": format!("ada, you said: {text}"), "source": source});
    let summary = |count: u32, average: f64, total: f64| json!({"count": count, "average": average, "total": total});
    vec![
        ("unary", user(7)),
        ("server streaming", json!([user(1), user(2), user(3)])),
        ("server streaming without messages", json!([])),
        ("client streaming", summary(2, 1.5, 3.0)),
        ("client streaming without messages", summary(0, 0.0, 0.0)),
        ("bidirectional", reply("hi", "ostler")),
        (
            "bidirectional as a stream",
            json!([reply("hi", "eve"), reply("bye", "eve")]),
        ),
        ("bidirectional without messages", json!([])),
        ("an error", raised("no user 404")),
        ("an error of a stream", json!([])),
        (
            "no such method",
            raised("Method 'nothing' not found in service 'users'"),
        ),
        ("150 calls at once", json!(true)),
        (
            "a large message",
            json!([100_000 + "ada, you said: ".len()]),
        ),
    ]
}

fn raised(text: &str) -> Value {
    json!({"raised": "TransportError", "text": text})
}

/// Its HTTP client raises the status and the whole error body.
fn http() -> Vec<Difference> {
    let not_found = r#"HTTP 404: {"error": "no user 404", "code": "not_found", "details": [{"type":"google.rpc.ResourceInfo","value":"CgR1c2VyEgM0MDQ="}]}"#;
    let out_of_range = r#"HTTP 400: {"error": "limit: -1 is out of range for u32 (0 to 4294967295)", "code": "invalid_argument"}"#;
    let no_method = r#"HTTP 404: {"error": "Method 'nothing' not found in service 'users'", "code": "not_found"}"#;
    vec![
        ("an error", raised(not_found)),
        ("an error of a stream", raised(out_of_range)),
        ("no such method", raised(no_method)),
    ]
}

/// Its gRPC client reads no trailers: an error is an empty reply.
fn grpc() -> Vec<Difference> {
    vec![
        ("an error", json!({"raised": "ValidationError"})),
        ("no such method", json!({})),
    ]
}
