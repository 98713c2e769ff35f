//! Guests that do not yield, beside neighbours that must not notice.

use std::time::Duration;

use ostler_tests::{Host, Http, Request, Table, call};
use serde_json::json;
use tokio::task::JoinSet;

/// Calls to the neighbour while the loop runs, 10 ms apart.
const NEIGHBOURS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_is_stopped_and_its_neighbours_are_served() {
    let host = Host::start(&["spin", "users"], None).await;
    let addr = host.addr;
    let mut endless = JoinSet::new();
    endless.spawn(async move {
        call(addr, Http::One, Request::json("/spin/spin", r#"{"ms":0}"#)).await
    });
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    let mut neighbours = JoinSet::new();
    for id in 0..NEIGHBOURS {
        pace.tick().await;
        let body = format!(r#"{{"user_id":{}}}"#, id % 400 + 1);
        neighbours.spawn(async move {
            call(addr, Http::One, Request::json("/users/get_user", body)).await
        });
    }
    while let Some(answer) = neighbours.join_next().await {
        assert_eq!(answer.expect("a neighbour's call").status(), 200);
    }
    let answer = endless
        .join_next()
        .await
        .expect("one call")
        .expect("an answer");
    assert_eq!(answer.status(), 429, "{}", answer.text());
    assert_eq!(
        answer.json(),
        json!({"error": "the call used up its CPU time of 1s", "code": "resource_exhausted"})
    );
}

#[tokio::test]
async fn guests_that_fail_are_told_apart_and_leave_nothing_behind() {
    let mut host = Host::start(&["faults"], None).await;
    let addr = host.addr;
    let internal = json!({"error": "the service failed", "code": "internal"});
    let memory =
        json!({"error": "the service used up its memory of 64 MiB", "code": "resource_exhausted"});
    let told = call(
        addr,
        Http::One,
        Request::json("/faults/panic", r#"{"message":"told to"}"#),
    )
    .await;
    assert_eq!((told.status(), told.json()), (500, internal.clone()));
    let panicked = |line: &str| line.contains("panicked: told to");
    host.wait_for_log(panicked, Duration::from_secs(5)).await;
    let rows = [
        ("a trap", "/faults/trap", "{}", 500, internal.clone()),
        (
            "memory without end",
            "/faults/grow",
            r#"{"mib":1000}"#,
            429,
            memory,
        ),
        (
            "recursion without end",
            "/faults/recurse",
            r#"{"depth":4000000000}"#,
            500,
            internal,
        ),
        (
            "memory within the limit",
            "/faults/grow",
            r#"{"mib":16}"#,
            200,
            json!("ok"),
        ),
        (
            "a log flood",
            "/faults/log",
            r#"{"lines":20000,"bytes":100}"#,
            200,
            json!("ok"),
        ),
    ];
    let mut table = Table::new("guests that fail");
    for (what, path, body, status, expected) in rows {
        table
            .row(what, async {
                let answer = call(addr, Http::One, Request::json(path, body)).await;
                assert_eq!((answer.status(), answer.json()), (status, expected));
                let after = call(addr, Http::One, Request::json("/faults/calls", "{}")).await;
                assert_eq!(after.status(), 200);
            })
            .await;
    }
    table.finish();
    assert!(host.is_alive());
}

#[tokio::test]
async fn handles_kept_after_the_return_answer_errors() {
    let host = Host::start(&["faults"], None).await;
    let kept = call(
        host.addr,
        Http::One,
        Request::json("/faults/leak_stream", "[1,2]"),
    )
    .await;
    assert_eq!(kept.json(), 1);
    let answer = call(
        host.addr,
        Http::One,
        Request::json("/faults/use_leaked", "{}"),
    )
    .await;
    let texts = answer.json().to_string();
    assert!(
        texts.contains("the call this stream belongs to has ended"),
        "{texts}"
    );
}
