//! The caller's deadline, and the host's own.

use std::net::SocketAddr;

use futures_util::future::join_all;
use ostler_tests::{Exchange, Host, Request, Table, call};

/// Calls that are late together, so that some guests end before their callers
/// are told.
const AT_ONCE: usize = 40;

#[tokio::test]
async fn deadlines() {
    let host = Host::start(&["users", "control", "spin", "ticker", "cancel"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: deadlines");
    table
        .both(
            "the caller's deadline reaches the guest",
            |http| async move {
                let left = remaining(addr, http, "5000").await;
                assert!((4000..=5000).contains(&left), "{left}");
            },
        )
        .await;
    table
        .both(
            "a longer one than the method's is shortened to 30 s",
            |http| async move {
                let left = remaining(addr, http, "9999999999").await;
                assert!((29_000..=30_000).contains(&left), "{left}");
            },
        )
        .await;
    for (what, method) in [("waits", "sleep"), ("uses CPU", "spin")] {
        table
            .both(
                format!("a guest that {what} past the deadline: 504"),
                |http| async move {
                    let request = Request::json(&format!("/spin/{method}"), r#"{"ms":20000}"#);
                    let answer = call(addr, http, request.header("ostler-timeout-ms", "100")).await;
                    assert_eq!(
                        (answer.status(), &answer.json()["code"]),
                        (504, &"deadline_exceeded".into())
                    );
                },
            )
            .await;
    }
    for method in ["wait", "compute"] {
        table
            .both(
                format!("cancel.{method} returns when the deadline has passed: 504 to all"),
                |http| async move {
                    let late = || {
                        let request = Request::json(&format!("/cancel/{method}"), "");
                        call(addr, http, request.header("ostler-timeout-ms", "100"))
                    };
                    for answer in join_all((0..AT_ONCE).map(|_| late())).await {
                        assert_eq!(answer.status(), 504);
                    }
                },
            )
            .await;
    }
    table
        .both("no time at all: 504", |http| async move {
            let request =
                Request::json("/spin/quick", r#"{"number":1}"#).header("ostler-timeout-ms", "0");
            assert_eq!(call(addr, http, request).await.status(), 504);
        })
        .await;
    table
        .both(
            "a request body that does not come: 504",
            |http| async move {
                let request =
                    Request::ndjson("/users/aggregate", "").header("ostler-timeout-ms", "100");
                let mut silent = Exchange::open(addr, http, &request).await;
                assert_eq!(silent.head().await.status, 504);
            },
        )
        .await;
    table
        .both("the one message does not come: 504", |http| async move {
            let request = Request::json("/users/get_user", "").header("ostler-timeout-ms", "100");
            let mut silent = Exchange::open(addr, http, &request).await;
            assert_eq!(silent.head().await.status, 504);
        })
        .await;
    table
        .both(
            "in the middle of a stream: trailers say so",
            |http| async move {
                let answer = ticker(addr, http, true).await;
                assert_eq!(
                    (answer.trailer("ostler-status"), &answer.broken),
                    ("4", &None)
                );
            },
        )
        .await;
    table
        .both(
            "in the middle of a stream, without trailers: the end is no clean one",
            |http| async move {
                assert!(ticker(addr, http, false).await.broken.is_some());
            },
        )
        .await;
    table.finish();
}

#[tokio::test]
async fn a_configured_timeout() {
    let host = Host::start(&["spin"], Some("limits.timeout = \"100ms\"")).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: a configured timeout");
    table
        .both(
            "limits.timeout holds without a deadline of the caller's",
            |http| async move {
                let request = Request::json("/spin/sleep", r#"{"ms":20000}"#);
                assert_eq!(call(addr, http, request).await.status(), 504);
            },
        )
        .await;
    table.finish();
}

async fn remaining(addr: SocketAddr, http: ostler_tests::Http, timeout: &str) -> u64 {
    let request = Request::get("/control/context").header("ostler-timeout-ms", timeout);
    call(addr, http, request).await.json()["remaining"]
        .as_u64()
        .unwrap()
}

/// Ticks until its time is up.
async fn ticker(
    addr: SocketAddr,
    http: ostler_tests::Http,
    trailers: bool,
) -> ostler_tests::Answer {
    let mut request = Request::ndjson("/ticker/run", "").header("ostler-timeout-ms", "1000");
    if trailers {
        request = request.header("te", "trailers");
    }
    let mut ticker = Exchange::open(addr, http, &request).await;
    let head = ticker.head().await;
    assert_eq!(head.status, 200);
    let answer = ticker.rest(head).await;
    assert!(answer.text().contains("tick"), "{answer:?}");
    answer
}
