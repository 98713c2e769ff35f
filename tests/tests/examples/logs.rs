//! A log, read, followed, and left.

use std::net::SocketAddr;

use ostler_tests::{Exchange, Host, Http, PATIENCE, Request, Step, Table, field};
use serde_json::{Value, json};

use crate::{Row, answers};

#[tokio::test]
async fn logs() {
    let host = Host::start(&["logs"], None).await;
    let addr = host.addr;
    let mut table = Table::new("Examples: logs");
    answers(&mut table, addr, rows()).await;
    table
        .both("entries come one by one", |http| async move {
            let query = json!({"interval": 20});
            let mut following = follow(addr, http, &query, "comes").await;
            for number in 1..=5 {
                assert_eq!(following.line().await.unwrap()["number"], number);
            }
        })
        .await;
    table
        .both("followed and filtered", |http| async move {
            let query = json!({"interval": 1, "level": "info", "text": "mill", "first": 5});
            let mut following = follow(addr, http, &query, "filtered").await;
            for number in [6, 12, 18, 24, 30] {
                let entry = following.line().await.unwrap();
                assert_eq!(
                    (&entry["number"], &entry["source"]),
                    (&json!(number), &json!("mill"))
                );
            }
        })
        .await;
    table
        .both("a caller who goes away is noticed in between", |http| {
            leave(&host, http)
        })
        .await;
    table
        .both("a deadline ends it with its status", |http| async move {
            let request = following(&json!({"interval": 10}))
                .header("te", "trailers")
                .header("ostler-timeout-ms", "300");
            let mut following = Exchange::open(addr, http, &request).await;
            following.finish().await;
            let head = following.head().await;
            let answer = following.rest(head).await;
            assert_eq!(
                (answer.trailer("ostler-status"), &answer.broken),
                ("4", &None)
            );
            assert!(answer.lines().len() > 1);
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn a_host_that_stops_tells_its_followers_where_to_go_on() {
    let mut host = Host::start(&["logs"], None).await;
    let request = following(&json!({"interval": 10})).header("te", "trailers");
    let mut following = Exchange::open(host.addr, Http::Two, &request).await;
    following.finish().await;
    following.head().await;
    let first = following.line().await.unwrap();
    assert_eq!(first["number"], 1);
    host.terminate();
    let mut last = first["number"].clone();
    let trailers = loop {
        match following.read().await {
            Step::Data(data) => {
                let text = String::from_utf8(data.to_vec()).unwrap();
                let entry: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
                last = entry["number"].clone();
            }
            Step::End(trailers) => break trailers,
            Step::Broken(why) => panic!("{why}"),
        }
    };
    let next = last.as_u64().unwrap() + 1;
    let message = format!("this log moves: follow it again from entry {next}");
    assert_eq!(trailers["ostler-status"], "14");
    assert_eq!(trailers["ostler-message"], message);
    assert!(host.wait().await.success());
}

fn rows() -> Vec<Row> {
    let entry = |number: u32, level: &str, source: &str, text: &str| json!({"number": number, "level": level, "source": source, "text": text});
    vec![
        (
            "a part of the log",
            Request::json("/logs/read", r#"{"first":1,"last":2}"#),
            200,
            json!([
                entry(1, "debug", "harbour", "a cart has arrived"),
                entry(2, "info", "bridge", "the wind has turned")
            ]),
        ),
        (
            "warnings of the bridge",
            Request::get("/logs/read?last=100&level=warn&text=bridge"),
            200,
            json!([
                entry(20, "warn", "bridge", "the gate is open"),
                entry(50, "error", "bridge", "the gate is open"),
                entry(80, "warn", "bridge", "the gate is open")
            ]),
        ),
        (
            "a level there is not",
            Request::get("/logs/read?last=1&level=loud"),
            400,
            json!("invalid_argument"),
        ),
        (
            "no time between entries is refused",
            following(&json!({"interval": 0})),
            400,
            json!("invalid_argument"),
        ),
    ]
}

fn following(query: &Value) -> Request {
    Request::json("/logs/follow", query.to_string())
}

async fn follow(addr: SocketAddr, http: Http, query: &Value, id: &str) -> Exchange {
    let request = following(query).header("x-request-id", id);
    let mut following = Exchange::open(addr, http, &request).await;
    following.finish().await;
    assert_eq!(following.head().await.status, 200);
    following
}

/// One entry at once and the next in an hour: the guest has nothing to send by
/// which it would learn that nobody listens.
async fn leave(host: &Host, http: Http) {
    let id = format!("leaves-{http}").replace('/', "-");
    let query = json!({"interval": 3_600_000});
    let mut following = follow(host.addr, http, &query, &id).await;
    assert_eq!(following.line().await.unwrap()["number"], 1);
    drop(following);
    let noticed =
        |line: &str| line.contains("nobody follows the log any more") && line.contains(&id);
    let line = host.wait_for_log(noticed, PATIENCE).await;
    assert_eq!(field(&line, "method"), "follow");
}
