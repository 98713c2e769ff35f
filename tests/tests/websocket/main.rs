//! WebSocket, against the real binary: the handshake, MicroAPI's protocol,
//! `ostler.v1`, faults, and our own client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod faults;
mod handshake;
mod microapi;
mod ostler;
mod shutdown;

use serde_json::{Value, json};

/// A user of the `users` example.
fn user(id: u64) -> Value {
    json!({"username": format!("user-{id}"), "age": 18 + id % 64})
}

/// A message to `users.conversation`, and the reply to it.
fn talk(text: &str) -> (Value, Value) {
    (
        json!({"text": text, "user": "ada"}),
        json!({"reply": format!("ada, you said: {text}"), "source": "ostler"}),
    )
}

/// A point for `users.aggregate`.
fn point(value: f64) -> Value {
    json!({"timestamp": 0.0, "value": value})
}

fn summary(count: u32, total: f64) -> Value {
    let average = if count == 0 {
        0.0
    } else {
        total / f64::from(count)
    };
    json!({"count": count, "average": average, "total": total})
}
