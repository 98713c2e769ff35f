//! Messages of a stream: which of them is wrong is told, whether its reply has
//! begun or not.

use ostler_tests::{Exchange, Host, Request, Table};

use crate::{Row, refusals, refused, serves, unharmed};

#[tokio::test]
async fn items() {
    let mut host = Host::start(&["users", "blobs"], None).await;
    let mut table = Table::new("Bad input: messages of streams");
    refusals(&mut table, host.addr, in_streams()).await;
    mid_stream(&mut table, &host).await;
    unharmed(&mut host);
    table.finish();
}

fn in_streams() -> Vec<Row> {
    let lines = |bad: &str| {
        let good = "{\"timestamp\":1,\"value\":2}\n".repeat(2);
        Request::ndjson("/users/aggregate", format!("{good}{bad}\n"))
    };
    let array = |body: &'static str| Request::json("/users/aggregate", body);
    vec![
        (
            "NDJSON: item 3 is malformed",
            lines("{"),
            400,
            "item 3: Invalid JSON body",
        ),
        (
            "NDJSON: item 3 has a wrong type",
            lines(r#"{"timestamp":1,"value":"x"}"#),
            400,
            "item 3: value: ",
        ),
        (
            "NDJSON: item 3 lacks a field",
            lines(r#"{"timestamp":1}"#),
            400,
            "item 3: value: missing",
        ),
        (
            "NDJSON: two values on a line",
            lines("{} {}"),
            400,
            "item 3: ",
        ),
        ("NDJSON: an array on a line", lines("[]"), 400, "item 3: "),
        ("NDJSON: null", lines("null"), 400, "item 3: "),
        (
            "an array cut off",
            array(r#"[{"timestamp":1,"value":2},"#),
            400,
            "JSON",
        ),
        (
            "an array with a comma too many",
            array(r#"[{"timestamp":1,"value":2},]"#),
            400,
            "JSON",
        ),
        (
            "an array without commas",
            array(r#"[{"timestamp":1,"value":2}{"timestamp":1,"value":2}]"#),
            400,
            "expected ','",
        ),
        (
            "an array with something after it",
            array("[] x"),
            400,
            "JSON",
        ),
        ("an array of another type", array("[1]"), 400, "item 1: "),
        (
            "an object that is no message and no {}",
            array(r#"{"x":1}"#),
            400,
            "",
        ),
        ("a number for a stream", array("7"), 400, ""),
        (
            "a chunk that is no base64",
            Request::json("/blobs/upload", r#"["A*"]"#),
            400,
            "item 1: not base64",
        ),
    ]
}

/// Replies are out already, so the status is in the trailers.
async fn mid_stream(table: &mut Table, host: &Host) {
    let addr = host.addr;
    table
        .both(
            "NDJSON: item 2 is malformed when a reply is out",
            |http| async move {
                let request = Request::ndjson("/users/conversation", "").header("te", "trailers");
                let mut talk = Exchange::open(addr, http, &request).await;
                talk.send(b"{\"text\":\"one\",\"user\":\"ada\"}\n").await;
                let head = talk.head().await;
                assert!(talk.line().await.is_some());
                talk.send(b"{\"text\":[],\"user\":\"ada\"}\n").await;
                let answer = talk.rest(head).await;
                assert_eq!(
                    (answer.trailer("ostler-status"), answer.status()),
                    ("3", 200)
                );
                let message = answer.trailer("ostler-message");
                assert!(message.contains("item 2: text: "), "{message}");
                serves(addr, http).await;
            },
        )
        .await;
    table
        .both(
            "NDJSON: an item breaks off with the body",
            |http| async move {
                let mut up =
                    Exchange::open(addr, http, &Request::ndjson("/users/aggregate", "")).await;
                up.send(b"{\"timestamp\":1,\"value\":2}\n{\"timesta").await;
                up.finish().await;
                let head = up.head().await;
                refused(&up.rest(head).await, 400, "item 2: ");
            },
        )
        .await;
}
