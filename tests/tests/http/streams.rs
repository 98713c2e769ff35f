//! Streams of messages: how they are laid out, and that they are streams.

use ostler_tests::{Exchange, Host, Http, PATIENCE, Request, Step, Table, call};
use serde_json::{Value, json};

use crate::{answers, user};

#[tokio::test]
async fn messages_of_streams() {
    let host = Host::start(&["users", "control", "types"], None).await;
    let mut table = Table::new("HTTP: layout of streams");
    answers(&mut table, host.addr, rows()).await;

    let addr = host.addr;
    table
        .both(
            "NDJSON: one compact value a line, the last one ended too",
            |http| async move {
                let request = Request::json("/users/list_users", r#"{"limit":2}"#);
                let answer = call(addr, http, request).await;
                assert_eq!(answer.header("content-type"), "application/x-ndjson");
                let text =
                    "{\"username\":\"user-1\",\"age\":19}\n{\"username\":\"user-2\",\"age\":20}\n";
                assert_eq!(answer.text(), text);
            },
        )
        .await;
    table
        .both("100,000 messages arrive in order", |http| async move {
            let request = Request::json("/control/send", r#"{"items":100000,"code":null}"#);
            let answer = call(addr, http, request).await;
            let expected: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
            assert!(answer.text() == expected, "{} bytes", answer.body.len());
        })
        .await;
    table
        .both(
            "10,000 messages are taken in any pieces",
            |http| async move {
                let line = "{\"timestamp\":1,\"value\":2}\n".repeat(10_000);
                let mut exchange =
                    Exchange::open(addr, http, &Request::ndjson("/users/aggregate", "")).await;
                for piece in line.as_bytes().chunks(9973) {
                    exchange.send(piece).await;
                }
                exchange.finish().await;
                let head = exchange.head().await;
                let answer = exchange.rest(head).await;
                assert_eq!(answer.json()["total"], 20_000.0);
            },
        )
        .await;
    table.finish();
}

fn rows() -> Vec<crate::Row> {
    let summary = |count: u32, total: f64| {
        let average = if count == 0 {
            0.0
        } else {
            total / f64::from(count)
        };
        json!({"count": count, "average": average, "total": total})
    };
    let replies = || {
        let reply =
            |text: &str| json!({"reply": format!("ada, you said: {text}"), "source": "ostler"});
        json!([reply("hi"), reply("bye")])
    };
    let talk = r#"{"text":"hi","user":"ada"}"#;
    let bye = r#"{"text":"bye","user":"ada"}"#;
    let point = r#"{"timestamp":0,"value":1.5}"#;
    let up = |body: String| Request::ndjson("/users/aggregate", body);
    let array = |body: &str| Request::json("/users/aggregate", body.to_owned());
    vec![
        (
            "server streaming",
            Request::json("/users/list_users", r#"{"limit":3}"#),
            200,
            json!([user(1), user(2), user(3)]),
        ),
        (
            "a stream without messages",
            Request::json("/users/list_users", r#"{"limit":0}"#),
            200,
            json!([]),
        ),
        (
            "NDJSON up",
            up(format!("{point}\n{point}\n")),
            200,
            summary(2, 3.0),
        ),
        (
            "NDJSON up, last line without its end",
            up(format!("{point}\n{point}")),
            200,
            summary(2, 3.0),
        ),
        (
            "NDJSON up, blank lines and CRLF",
            up(format!("\n{point}\r\n\r\n \n{point}\n\n")),
            200,
            summary(2, 3.0),
        ),
        (
            "NDJSON up without a message",
            up(String::new()),
            200,
            summary(0, 0.0),
        ),
        (
            "JSON array up",
            array(&format!("[{point},{point}]")),
            200,
            summary(2, 3.0),
        ),
        (
            "JSON array up with white space",
            array(&format!(" [ {point} ,\n{point}\t] \n")),
            200,
            summary(2, 3.0),
        ),
        ("[] is no message", array("[]"), 200, summary(0, 0.0)),
        ("{} is no message", array("{}"), 200, summary(0, 0.0)),
        (
            "an empty body is no message",
            array(""),
            200,
            summary(0, 0.0),
        ),
        (
            "NDJSON both ways",
            Request::ndjson("/users/conversation", format!("{talk}\n{bye}\n")),
            200,
            replies(),
        ),
        (
            "JSON array up, NDJSON down",
            Request::json("/users/conversation", format!("[{talk},{bye}]")),
            200,
            replies(),
        ),
        (
            "{} up, nothing down",
            Request::json("/users/conversation", "{}"),
            200,
            json!([]),
        ),
        (
            "strings as messages",
            Request::json("/types/words", r#"{"text":" one  two "}"#),
            200,
            json!(["one", "two"]),
        ),
        (
            "null as a message",
            Request::ndjson("/types/maybes", "null\n\"a\"\nnull\n"),
            200,
            json!([null, "a", null]),
        ),
        (
            "lists as messages",
            Request::ndjson("/types/lists", "[1,2]\n[]\n"),
            200,
            json!([[3, "[1, 2]"], [0, "[]"]]),
        ),
        (
            "lists in an array",
            Request::json("/types/lists", "[[1,2],[]]"),
            200,
            json!([[3, "[1, 2]"], [0, "[]"]]),
        ),
        (
            "variants as messages",
            Request::ndjson("/types/shapes", "\"point\"\n{\"circle\":1}\n"),
            200,
            json!(["red", "green"]),
        ),
    ]
}

#[tokio::test]
async fn streams_are_incremental() {
    let host = Host::start(&["users", "control", "ticker"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: streams are streams");
    table
        .both(
            "the first reply comes before the second message is sent",
            |http| async move {
                let mut talk =
                    Exchange::open(addr, http, &Request::ndjson("/users/conversation", "")).await;
                for text in ["one", "two", "three"] {
                    talk.send(format!("{{\"text\":\"{text}\",\"user\":\"ada\"}}\n").as_bytes())
                        .await;
                    if text == "one" {
                        assert_eq!(talk.head().await.status, 200);
                    }
                    let reply = talk.line().await.unwrap();
                    assert_eq!(reply["reply"], format!("ada, you said: {text}"));
                }
                talk.finish().await;
                assert_eq!(talk.line().await, None);
            },
        )
        .await;
    table
        .both("the same in a JSON array", |http| async move {
            let mut talk =
                Exchange::open(addr, http, &Request::json("/users/conversation", "")).await;
            talk.send(b"[{\"text\":\"one\",\"user\":\"ada\"},").await;
            assert_eq!(talk.head().await.status, 200);
            assert_eq!(talk.line().await.unwrap()["reply"], "ada, you said: one");
            talk.send(b"{\"text\":\"two\",\"user\":\"ada\"}]").await;
            talk.finish().await;
            assert_eq!(talk.line().await.unwrap()["reply"], "ada, you said: two");
            assert_eq!(talk.line().await, None);
        })
        .await;
    for method in ["run", "run_kept"] {
        table
            .both(
                format!("ticker.{method} sends ticks while its input is silent"),
                |http| ticks(addr, http, method),
            )
            .await;
    }
    table
        .both(
            "flushed headers come before the input ends",
            |http| async move {
                let mut flush =
                    Exchange::open(addr, http, &Request::ndjson("/control/flush", "")).await;
                let head = flush.head().await;
                assert_eq!(
                    (head.status, head.header("x-microapi-x-flushed")),
                    (200, "yes")
                );
                flush.send(b"1\n2\n").await;
                flush.finish().await;
                assert_eq!(flush.line().await, Some(json!(2)));
            },
        )
        .await;
    table
        .both(
            "a guest that stops reading answers while the client sends",
            |http| async move {
                let mut some =
                    Exchange::open(addr, http, &Request::ndjson("/control/read_some", "")).await;
                some.send(b"7\n").await;
                assert_eq!(some.head().await.status, 200);
                assert_eq!(some.line().await, Some(json!(7)));
                assert_eq!(some.line().await, None);
            },
        )
        .await;
    table
        .both(
            "a guest that drops its sink ends the output and reads on",
            |http| ends_early(&host, http),
        )
        .await;
    table
        .both("50 streams at once stay apart", |http| apart(addr, http))
        .await;
    table.finish();
}

async fn ticks(addr: std::net::SocketAddr, http: Http, method: &str) {
    let path = format!("/ticker/{method}");
    let mut ticker = Exchange::open(addr, http, &Request::ndjson(&path, "")).await;
    assert_eq!(ticker.head().await.status, 200);
    for tick in 1..=3 {
        let beat = ticker.line().await;
        assert_eq!(beat, Some(json!({"text": "tick", "ticks": tick})));
    }
    ticker.send(b"\"word\"\n").await;
    let mut ticks = 3;
    let echo = loop {
        let beat = ticker.line().await.unwrap();
        if beat["text"] != "tick" {
            break beat;
        }
        ticks += 1;
    };
    assert_eq!(echo, json!({"text": "word", "ticks": ticks}));
    // Silent again: it ticks on.
    let beat = ticker.line().await;
    assert_eq!(beat, Some(json!({"text": "tick", "ticks": ticks + 1})));
    ticker.finish().await;
    while let Some(beat) = ticker.line().await {
        assert_eq!(beat["text"], "tick");
    }
}

async fn ends_early(host: &Host, http: Http) {
    let id = format!("ends-early-{http}").replace('/', "-");
    let request = Request::ndjson("/control/end_early", "").header("x-request-id", &id);
    let mut call = Exchange::open(host.addr, http, &request).await;
    assert_eq!(call.head().await.status, 200);
    assert_eq!(call.line().await, Some(json!(1)));
    for number in 0..3 {
        call.send(format!("{number}\n").as_bytes()).await;
    }
    call.finish().await;
    assert!(matches!(call.read().await, Step::End(_)));
    let read = |line: &str| line.contains("read 3 items after the end") && line.contains(&id);
    host.wait_for_log(read, PATIENCE).await;
}

/// Conversations whose steps take turns.
async fn apart(addr: std::net::SocketAddr, http: Http) {
    let mut talks = Vec::new();
    for _ in 0..50 {
        let request = Request::ndjson("/users/conversation", "");
        talks.push(Exchange::open(addr, http, &request).await);
    }
    for round in 0..3 {
        for (who, talk) in talks.iter_mut().enumerate() {
            talk.send(format!("{{\"text\":\"{round}\",\"user\":\"{who}\"}}\n").as_bytes())
                .await;
        }
        for (who, talk) in talks.iter_mut().enumerate() {
            if round == 0 {
                assert_eq!(talk.head().await.status, 200);
            }
            let reply: Value = talk.line().await.unwrap();
            assert_eq!(reply["reply"], format!("{who}, you said: {round}"));
        }
    }
    for mut talk in talks {
        talk.finish().await;
        assert_eq!(talk.line().await, None);
    }
}
