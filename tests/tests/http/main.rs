//! Every behaviour of plain HTTP, on HTTP/1.1 and on h2c: one table a module.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chunks;
mod deadlines;
mod errors;
mod listener;
mod messages;
mod metadata;
mod sse;
mod streams;

use std::net::SocketAddr;

use ostler_tests::{Answer, Request, Table, call};
use serde_json::{Value, json};

/// What a request is for, the request, and the status and body it must have.
type Row = (&'static str, Request, u16, Value);

/// Runs rows that are one request and one response on both versions of HTTP.
async fn answers(table: &mut Table, addr: SocketAddr, rows: impl IntoIterator<Item = Row>) {
    for (what, request, status, body) in rows {
        let (request, body) = (&request, &body);
        table
            .both(what, |http| async move {
                let answer = call(addr, http, request.clone()).await;
                assert_eq!((answer.status(), &value(&answer)), (status, body));
                assert_eq!(answer.broken, None);
            })
            .await;
    }
}

/// A body as one value: the lines of NDJSON as an array.
fn value(answer: &Answer) -> Value {
    match answer.header("content-type") {
        "application/x-ndjson" => answer.lines().into(),
        "application/json" => answer.json(),
        other => panic!("content-type {other:?} of {:?}", answer.text()),
    }
}

/// A user of the `users` example.
fn user(id: u64) -> Value {
    json!({"username": format!("user-{id}"), "age": 18 + id % 64})
}

/// The body of an error.
fn error(text: &str, code: &str) -> Value {
    json!({"error": text, "code": code})
}
