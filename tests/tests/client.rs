//! The client halves of HTTP, gRPC and Connect against the host: four patterns
//! over each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use ostler_call::{
    Body, Code, Deadline, Encoding, End, Head, Kind, MessageStream, Next, Reply, Status,
};
use ostler_schema::Pattern;
use ostler_tests::{Host, PATIENCE, Table, within};
use ostler_transport::http::client::{Client as HttpClient, ClientConfig, Http};
use ostler_transport::rpc::client::Client as RpcClient;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// A request's messages, sent one by one.
struct Messages(mpsc::Receiver<Bytes>);

impl MessageStream for Messages {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        self.0
            .poll_recv(cx)
            .map(|message| message.map_or(Next::End(End::ok()), Next::Message))
    }
}

fn messages() -> (mpsc::Sender<Bytes>, Body) {
    let (sender, receiver) = mpsc::channel(16);
    (sender, Body::stream(Messages(receiver)))
}

/// A body of these messages.
async fn given(all: &[&'static str]) -> Body {
    let (sender, body) = messages();
    for message in all {
        sender
            .send(Bytes::from_static(message.as_bytes()))
            .await
            .unwrap();
    }
    body
}

/// The next message of a streamed reply as JSON, or its end.
async fn next(reply: &mut Reply) -> Result<Value, End> {
    let Kind::Stream(messages) = &mut reply.body.kind else {
        panic!("{reply:?} is no stream");
    };
    match within("a reply", poll_fn(|cx| messages.as_mut().poll_next(cx))).await {
        Next::Message(message) => Ok(serde_json::from_slice(&message).unwrap()),
        Next::End(end) => Err(end),
    }
}

/// The one message of a reply as JSON, or its status.
fn only(reply: Reply) -> Result<Value, Status> {
    match reply.body.kind {
        Kind::One(message, _) => Ok(serde_json::from_slice(&message).unwrap()),
        Kind::Empty(end) => Err(end.result.expect_err("an empty reply has failed")),
        Kind::Stream(_) => panic!("one reply was expected"),
    }
}

/// A client of one transport. Names and messages are those of the plain
/// profile on each of them.
#[derive(Clone)]
enum Client {
    Http(HttpClient),
    Rpc(RpcClient),
}

/// Transports, with the version of HTTP where there is a choice.
const WIRES: [(&str, &str, Option<Http>); 5] = [
    ("HTTP/1.1", "http", Some(Http::One)),
    ("h2c", "http", Some(Http::Two)),
    ("gRPC", "grpc", None),
    ("Connect", "connect+http", None),
    ("Connect over h2c", "connect+http", Some(Http::Two)),
];

impl Client {
    async fn connect(host: &Host, scheme: &str, http: Option<Http>) -> Self {
        let url = format!("{scheme}://{}", host.addr);
        match http.filter(|_| scheme == "http") {
            Some(http) => Self::Http(HttpClient::connect(&url, http).await.unwrap()),
            None => {
                let client = RpcClient::connect_with(&url, http, ClientConfig::default()).await;
                Self::Rpc(client.unwrap())
            }
        }
    }

    async fn call(&self, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
        match self {
            Self::Http(client) => client.call(head, pattern, body).await,
            Self::Rpc(client) => client.call(head, pattern, body).await,
        }
    }
}

async fn call(client: &Client, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
    // In a box, since what a test polls has many of them.
    let call = Box::pin(client.call(head, pattern, body));
    within("a reply", call).await
}

#[tokio::test]
async fn four_patterns() {
    let host = Host::start(&["users", "blobs", "control", "spin"], None).await;
    let mut table = Table::new("Client");
    for (wire, scheme, http) in WIRES {
        let client = &Client::connect(&host, scheme, http).await;
        table.row(format!("unary ({wire})"), unary(client)).await;
        if scheme == "http" {
            table
                .row(format!("unary by GET ({wire})"), query(client))
                .await;
            table
                .row(format!("chunks both ways ({wire})"), chunks(client))
                .await;
        }
        table
            .row(
                format!("server streaming, with trailers ({wire})"),
                server_streaming(client),
            )
            .await;
        table
            .row(
                format!("client streaming ({wire})"),
                client_streaming(client),
            )
            .await;
        table
            .row(
                format!("bidirectional, taking turns ({wire})"),
                bidirectional(client),
            )
            .await;
        table
            .row(format!("statuses, with details ({wire})"), statuses(client))
            .await;
        table
            .row(
                format!("a status in the middle of a stream ({wire})"),
                late_status(client),
            )
            .await;
        table
            .row(format!("metadata both ways ({wire})"), metadata(client))
            .await;
        table
            .row(format!("a deadline ({wire})"), deadline(client))
            .await;
        table
            .row(
                format!("a deadline in the middle of streams ({wire})"),
                late_streams(client),
            )
            .await;
        table
            .row(
                format!("a request that fails on this side ({wire})"),
                failing_request(client),
            )
            .await;
        table
            .row(
                format!("30 conversations at once ({wire})"),
                at_once(client),
            )
            .await;
        table
            .row(
                format!("a reply that is dropped leaves the client usable ({wire})"),
                async {
                    let head = Head::new("users", "list_users");
                    let body = Body::one(r#"{"limit":4000000000}"#.into());
                    let mut endless = call(client, head, Pattern::ServerStreaming, body)
                        .await
                        .unwrap();
                    assert!(next(&mut endless).await.is_ok());
                    drop(endless);
                    unary(client).await;
                },
            )
            .await;
    }
    table.finish();
}

async fn unary(client: &Client) {
    let body = Body::one(r#"{"user_id":7}"#.into());
    let reply = call(client, Head::new("users", "get_user"), Pattern::Unary, body)
        .await
        .unwrap();
    assert_eq!(
        only(reply).unwrap(),
        json!({"username": "user-7", "age": 25})
    );
}

async fn query(client: &Client) {
    let head = Head {
        request: Encoding::Query,
        ..Head::new("users", "get_user")
    };
    let reply = call(client, head, Pattern::Unary, Body::one("user_id=7".into()))
        .await
        .unwrap();
    assert_eq!(only(reply).unwrap()["username"], "user-7");
}

async fn server_streaming(client: &Client) {
    let body = Body::one(r#"{"limit":1000}"#.into());
    let head = Head::new("users", "list_users");
    let mut reply = call(client, head, Pattern::ServerStreaming, body)
        .await
        .unwrap();
    for id in 1..=1000 {
        assert_eq!(
            next(&mut reply).await.unwrap()["username"],
            format!("user-{id}")
        );
    }
    let end = next(&mut reply).await.unwrap_err();
    assert_eq!(end.result, Ok(()));
    assert_eq!(end.trailers.get("x-users-sent"), Some("1000"));
}

async fn client_streaming(client: &Client) {
    let body = given(&[
        r#"{"timestamp":0,"value":1.5}"#,
        r#"{"timestamp":0,"value":2.5}"#,
    ])
    .await;
    let head = Head::new("users", "aggregate");
    let reply = call(client, head, Pattern::ClientStreaming, body)
        .await
        .unwrap();
    assert_eq!(
        only(reply).unwrap(),
        json!({"count": 2, "average": 2.0, "total": 4.0})
    );
}

async fn bidirectional(client: &Client) {
    let (sender, body) = messages();
    let say = |text: &str| Bytes::from(json!({"text": text, "user": "ada"}).to_string());
    sender.send(say("one")).await.unwrap();
    let head = Head::new("users", "conversation");
    let mut reply = call(client, head, Pattern::Bidirectional, body)
        .await
        .unwrap();
    assert_eq!(reply.headers.get("x-conversation-with"), Some("ostler"));
    assert_eq!(
        next(&mut reply).await.unwrap()["reply"],
        "ada, you said: one"
    );
    for text in ["two", "three"] {
        sender.send(say(text)).await.unwrap();
        assert_eq!(
            next(&mut reply).await.unwrap()["reply"],
            format!("ada, you said: {text}")
        );
    }
    drop(sender);
    let end = next(&mut reply).await.unwrap_err();
    assert_eq!(
        (end.result, end.trailers.get("x-replies")),
        (Ok(()), Some("3"))
    );
}

async fn chunks(client: &Client) {
    let head = Head {
        request: Encoding::Raw,
        reply: Encoding::Raw,
        ..Head::new("blobs", "echo")
    };
    let body = given(&["first, ", "second"]).await;
    let mut reply = call(client, head, Pattern::Bidirectional, body)
        .await
        .unwrap();
    let Kind::Stream(messages) = &mut reply.body.kind else {
        panic!("{reply:?} is no stream");
    };
    let mut back = Vec::new();
    loop {
        match within("a chunk", poll_fn(|cx| messages.as_mut().poll_next(cx))).await {
            Next::Message(chunk) => back.extend_from_slice(&chunk),
            Next::End(end) => break assert_eq!(end.result, Ok(())),
        }
    }
    assert_eq!(back, b"first, second");
}

async fn statuses(client: &Client) {
    let body = Body::one(r#"{"user_id":404}"#.into());
    let reply = call(client, Head::new("users", "get_user"), Pattern::Unary, body)
        .await
        .unwrap();
    let status = only(reply).unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "no user 404")
    );
    assert_eq!(status.details()[0].type_name, "google.rpc.ResourceInfo");

    let nobody = call(
        client,
        Head::new("nobody", "f"),
        Pattern::Unary,
        Body::empty(),
    )
    .await
    .unwrap();
    // In RPC, NOT_FOUND is left to services.
    let expected = match client {
        Client::Http(_) => Code::NotFound,
        Client::Rpc(_) => Code::Unimplemented,
    };
    assert_eq!(only(nobody).unwrap_err().code(), expected);
}

async fn late_status(client: &Client) {
    let body = Body::one(r#"{"items":2,"code":"data_loss"}"#.into());
    let head = Head::new("control", "send");
    let mut reply = call(client, head, Pattern::ServerStreaming, body)
        .await
        .unwrap();
    assert_eq!(next(&mut reply).await, Ok(json!(1)));
    assert_eq!(next(&mut reply).await, Ok(json!(2)));
    let end = next(&mut reply).await.unwrap_err();
    let status = end.result.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DataLoss, "after 2 items")
    );
    assert_eq!(end.trailers.get("x-last"), Some("after the items"));
}

async fn metadata(client: &Client) {
    let mut head = Head::new("control", "context");
    head.metadata.insert("team", "blue").unwrap();
    head.metadata.insert("team", "red").unwrap();
    head.metadata.insert("authorization", "Bearer t").unwrap();
    let reply = call(client, head, Pattern::Unary, Body::empty())
        .await
        .unwrap();
    let seen = only(reply).unwrap();
    let pair = |key: &str, value: &str| json!({"key": key, "value": value});
    let expected = [
        pair("team", "blue"),
        pair("team", "red"),
        pair("authorization", "Bearer t"),
    ];
    let mut seen = seen["metadata"].as_array().unwrap().clone();
    // Headers of different names have no order.
    seen.sort_by_key(|pair| pair["key"] != "team");
    assert_eq!(seen, expected);

    let body = Body::one(
        r#"{"headers":[{"key":"a","value":"1"}],"trailers":[{"key":"b","value":"2"}]}"#.into(),
    );
    let reply = call(client, Head::new("control", "set"), Pattern::Unary, body)
        .await
        .unwrap();
    assert_eq!(reply.headers.get("a"), Some("1"));
    let Kind::One(_, trailers) = reply.body.kind else {
        panic!("one message was expected");
    };
    assert_eq!(trailers.get("b"), Some("2"));
}

async fn deadline(client: &Client) {
    let head = Head {
        deadline: Deadline::after(
            tokio::time::Instant::now().into(),
            Duration::from_millis(200),
        ),
        ..Head::new("spin", "sleep")
    };
    let body = Body::one(r#"{"ms":20000}"#.into());
    let late = match call(client, head, Pattern::Unary, body).await {
        Ok(reply) => only(reply).unwrap_err(),
        Err(status) => status,
    };
    assert_eq!(late.code(), Code::DeadlineExceeded);
}

/// Calls whose requests, or replies, go on for longer than they may.
async fn late_streams(client: &Client) {
    let rows = [
        ("users", "list_users", Pattern::ServerStreaming),
        ("users", "aggregate", Pattern::ClientStreaming),
        ("users", "conversation", Pattern::Bidirectional),
    ];
    for (service, method, pattern) in rows {
        let after = Duration::from_millis(200);
        let head = Head {
            deadline: Deadline::after(tokio::time::Instant::now().into(), after),
            ..Head::new(service, method)
        };
        let (_open, endless) = messages();
        let body = match pattern {
            Pattern::ServerStreaming => Body::one(r#"{"limit":4000000000}"#.into()),
            _ => endless,
        };
        let late = match call(client, head, pattern, body).await {
            Err(status) => status,
            Ok(mut reply) if pattern.streams_out() => loop {
                match &mut reply.body.kind {
                    Kind::Empty(end) => break end.result.clone().unwrap_err(),
                    _ => match next(&mut reply).await {
                        Ok(_) => {}
                        Err(end) => break end.result.unwrap_err(),
                    },
                }
            },
            Ok(reply) => only(reply).unwrap_err(),
        };
        assert_eq!(late.code(), Code::DeadlineExceeded, "{method}: {late}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_seen_by_the_guest() {
    let mut table = Table::new("Client: cancelled calls");
    for (wire, scheme, http) in WIRES {
        for (method, pattern) in [
            ("wait", Pattern::Unary),
            ("hold", Pattern::ClientStreaming),
            ("count", Pattern::ServerStreaming),
        ] {
            let row = async {
                let host = Host::start(&["cancel"], None).await;
                let client = Client::connect(&host, scheme, http).await;
                let (_open, endless) = messages();
                let body = if pattern.streams_in() {
                    endless
                } else {
                    Body::empty()
                };
                let running = client.call(Head::new("cancel", method), pattern, body);
                if pattern.streams_out() {
                    let mut reply = within("a reply", running).await.unwrap();
                    next(&mut reply).await.unwrap();
                } else {
                    let waits = |line: &str| line.contains("waiting");
                    tokio::select! {
                        reply = running => panic!("{reply:?}"),
                        _ = host.wait_for_log(waits, PATIENCE) => {}
                    }
                }
                let told = |line: &str| line.contains("cancelled: true");
                host.wait_for_log(told, PATIENCE).await;
            };
            table.row(format!("{method} ({wire})"), row).await;
        }
    }
    table.finish();
}

/// A stream that breaks after its first message.
struct Breaking(Option<Bytes>);

impl MessageStream for Breaking {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Next> {
        Poll::Ready(match self.0.take() {
            Some(message) => Next::Message(message),
            None => Next::End(Status::unavailable("the sensor is gone").into()),
        })
    }
}

async fn failing_request(client: &Client) {
    let body = Body::stream(Breaking(Some(r#"{"timestamp":0,"value":1}"#.into())));
    let head = Head::new("users", "aggregate");
    let status = call(client, head, Pattern::ClientStreaming, body)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "the sensor is gone")
    );
    unary(client).await;
}

async fn at_once(client: &Client) {
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let client = client.clone();
        all.spawn(async move { bidirectional(&client).await });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}
