//! The real clients of gRPC (Python) and Connect (Node), their stubs made by
//! protoc from the `.proto` files that `ostler generate proto` writes, or from
//! one that was there first.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod evolved;
mod imported;

use std::path::Path;
use std::time::Duration;

use ostler_tests::{Host, Table, command, field, grpcio, guest, node};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const GUESTS: [&str; 3] = ["users", "control", "cancel"];

/// Until a guest must have seen that its caller is gone.
const SEEN: Duration = Duration::from_millis(100);

/// The `.proto` files of guests.
async fn protos(guests: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in guests {
        let (guest, folder) = (guest(name), folder.path());
        ostler(&["generate", "proto", text(&guest), "--out", text(folder)]).await;
    }
    folder
}

/// Runs a command of `ostler` that must succeed.
async fn ostler(arguments: &[&str]) {
    let output = command().args(arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a script of `tests/clients/grpcio` tells of a host, with stubs made of
/// the `.proto` files in a folder.
async fn told(script: &str, host: &Host, protos: &Path) -> Map<String, Value> {
    let printed = grpcio(script, &[&host.addr.to_string(), text(protos)]).await;
    serde_json::from_str(&printed).unwrap()
}

fn user(id: u64) -> Value {
    json!({"username": format!("user-{id}"), "age": 18 + id % 64})
}

async fn rows(table: &mut Table, name: &str, told: &Map<String, Value>, expected: Value) {
    for (step, value) in expected.as_object().unwrap() {
        table
            .row(format!("{name}: {step}"), async {
                assert_eq!(told.get(step).unwrap_or(&Value::Null), value);
            })
            .await;
    }
}

#[tokio::test]
async fn grpcio_in_python() {
    let host = Host::start(&GUESTS, None).await;
    let folder = protos(&GUESTS).await;
    let told = told("users.py", &host, folder.path()).await;
    let mut table = Table::new("gRPC's client for Python");
    let expected = json!({
        "unary": user(7),
        "server streaming": [user(1), user(2)],
        "a default": 100,
        "client streaming": {"count": "2", "average": 1.5, "total": 3.0},
        "bidirectional": ["ada, you said: hi", "ada, you said: bye"],
        "an error": {"code": "NOT_FOUND", "text": "no user 404", "details": 1},
        "an error after items": ["ABORTED", [1, 2, 3]],
        "a deadline": "DEADLINE_EXCEEDED",
        // Values of `-bin` keys are bytes to a client.
        "metadata": ["1", [1, 2], "mine"],
        "compressed": ["ada, you said: ".len()],
        "too large": "RESOURCE_EXHAUSTED",
    });
    rows(&mut table, "grpcio", &told, expected).await;
    table
        .row("grpcio: a cancel mid-stream is seen by the guest", async {
            let told_so = |line: &str| line.contains("send failed") && line.contains("\"count\"");
            let line = host.wait_for_log(told_so, SEEN).await;
            let cancelled = told["cancelled mid stream"].as_f64().unwrap();
            let late = unix_time(&field(&line, "timestamp")) - cancelled;
            assert!(late < SEEN.as_secs_f64(), "{late} s late");
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn connect_in_node() {
    let host = Host::start(&GUESTS, None).await;
    let folder = protos(&GUESTS).await;
    let set = folder.path().join("all.binpb");
    let paths = [folder.path(), set.as_path()].map(|path| path.display().to_string());
    grpcio("descriptors.py", &[&paths[0], &paths[1]]).await;
    let printed = node("rpc.cjs", &[&host.addr.to_string(), &paths[1]]).await;
    let told: Map<String, Value> = serde_json::from_str(&printed).unwrap();
    let mut table = Table::new("Connect's client for Node");
    assert_eq!(told.len(), 9, "{told:?}");
    for (transport, told) in &told {
        let details = ["google.rpc.ResourceInfo"];
        let mut expected = json!({
            "unary": user(7),
            "server streaming": [user(1), user(2)],
            "a default": 100,
            "client streaming": {"count": "2", "average": 1.5, "total": 3},
            "an error": {"code": "NotFound", "text": "no user 404", "details": details},
            "an error of its own": {"code": "Unknown", "text": "named", "details": ["test.control.v1.Error"]},
            "metadata": ["1", "AQI", "mine"],
            "an error after items": [1, 2, 3, "Aborted"],
        });
        if !transport.contains("HTTP/1.1") {
            expected["bidirectional"] = json!(["ada, you said: hi", "ada, you said: bye"]);
        }
        let told = told.as_object().unwrap();
        rows(&mut table, transport, told, expected).await;
        table
            .row(format!("{transport}: a deadline"), async {
                assert_eq!(told["a deadline"]["code"], "DeadlineExceeded");
            })
            .await;
    }
    table.finish();
}

/// Seconds since 1970 of a time such as `2026-01-02T03:04:05.678901Z`.
fn unix_time(text: &str) -> f64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = |year: u32| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let years: u32 = (1970..year).map(|y| 365 + u32::from(leap(y))).sum();
    let lengths = [
        31,
        28 + u32::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let months: u32 = lengths[..month as usize - 1].iter().sum();
    let days = years + months + day - 1;
    let whole = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60;
    f64::from(whole) + text[17..text.len() - 1].parse::<f64>().unwrap()
}
