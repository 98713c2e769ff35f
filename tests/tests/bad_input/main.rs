//! What must not harm the host: each line of bad input has its status and its
//! words, and the host serves on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bodies;
mod components;
mod connections;
mod heads;
mod items;
mod messages;

use std::net::SocketAddr;

use ostler_tests::{Answer, Host, Http, Request, Table, call};

/// What is wrong, the request, and the status and the words of its error.
type Row = (&'static str, Request, u16, &'static str);

/// Runs rows on both versions of HTTP.
async fn refusals(table: &mut Table, addr: SocketAddr, rows: impl IntoIterator<Item = Row>) {
    for (what, request, status, words) in rows {
        let request = &request;
        table
            .both(what, |http| async move {
                let answer = call(addr, http, request.clone()).await;
                refused(&answer, status, words);
                serves(addr, http).await;
            })
            .await;
    }
}

/// Checks an error: its status, its words, its code.
fn refused(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status(), status, "{}", answer.text());
    let body = answer.json();
    let text = body["error"].as_str().unwrap_or_default();
    assert!(text.contains(words), "{text:?} does not say {words:?}");
    assert!(body["code"].is_string(), "{body}");
}

/// An ordinary call succeeds.
async fn serves(addr: SocketAddr, http: Http) {
    let answer = call(addr, http, Request::get("/users/get_user?user_id=7")).await;
    assert_eq!(answer.json()["username"], "user-7");
}

/// The process that was started is still the one that serves, and nothing in
/// it panicked.
fn unharmed(host: &mut Host) {
    assert!(host.is_alive(), "the host is gone: {}", host.log.last());
    let panics = host
        .log
        .lines()
        .into_iter()
        .filter(|line| line.contains("panicked"));
    assert_eq!(panics.collect::<Vec<_>>(), Vec::<String>::new());
}
