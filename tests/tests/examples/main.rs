//! What the examples show, by the calls that show it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analytics;
mod chat;
mod logs;
mod readme;
mod search;

use std::net::SocketAddr;

use ostler_tests::{Answer, Exchange, Http, Request, Table, call};
use serde_json::Value;

/// What a call shows, its request, and the status and body it has.
type Row = (&'static str, Request, u16, Value);

/// Runs rows that are one request and one response, on both versions of HTTP.
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

/// A body as one value: the lines of NDJSON as an array, of an error its code.
fn value(answer: &Answer) -> Value {
    if answer.status() != 200 {
        return answer.json()["code"].clone();
    }
    match answer.header("content-type") {
        "application/x-ndjson" => answer.lines().into(),
        _ => answer.json(),
    }
}

/// A stream of requests that stays open, whose first message is that.
async fn open(addr: SocketAddr, http: Http, path: &str, first: &Value) -> Exchange {
    let mut exchange = Exchange::open(addr, http, &Request::ndjson(path, "")).await;
    send(&mut exchange, first).await;
    assert_eq!(exchange.head().await.status, 200);
    exchange
}

async fn send(exchange: &mut Exchange, message: &Value) {
    exchange.send(format!("{message}\n").as_bytes()).await;
}
