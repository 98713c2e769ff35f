//! Our own client half: all four patterns, errors, cancellation, windows and
//! chunks.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ostler_call::{
    Body, Code, Deadline, Encoding, End, Head, Kind, MessageStream, Next, Reply, Status,
};
use ostler_schema::Pattern;
use ostler_tests::{Host, Table, within};
use ostler_transport::websocket::client::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{point, summary, talk, user};

/// Messages as somebody sends them.
struct Fed(mpsc::Receiver<Next>);

impl MessageStream for Fed {
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Next> {
        self.0.poll_recv(cx).map(|next| match next {
            Some(next) => next,
            None => Next::End(End::ok()),
        })
    }
}

fn fed() -> (mpsc::Sender<Next>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Body::stream(Fed(receiver)))
}

/// Messages that are there.
fn these(messages: Vec<Value>) -> Body {
    let (sender, receiver) = mpsc::channel(messages.len().max(1));
    for message in messages {
        sender.try_send(self::message(&message)).unwrap();
    }
    Body::stream(Fed(receiver))
}

fn message(value: &Value) -> Next {
    Next::Message(value.to_string().into())
}

fn one(value: Value) -> Body {
    Body::one(value.to_string().into())
}

fn json_of(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// The messages of a reply, and its end.
async fn all(reply: Reply) -> (Vec<Bytes>, End) {
    match reply.body.kind {
        Kind::Empty(end) => (Vec::new(), end),
        Kind::One(message, trailers) => {
            let result = Ok(());
            (vec![message], End { result, trailers })
        }
        Kind::Stream(mut stream) => {
            let mut messages = Vec::new();
            loop {
                let next = poll_fn(|cx| stream.as_mut().poll_next(cx));
                match within("a reply", next).await {
                    Next::Message(message) => messages.push(message),
                    Next::End(end) => return (messages, end),
                }
            }
        }
    }
}

#[tokio::test]
async fn every_pattern() {
    let host = Host::start(&["users", "control", "cancel", "blobs", "spin"], None).await;
    let url = format!("ws://{}", host.addr);
    let client = &Client::connect(&url).await.unwrap();
    let mut table = Table::new("WebSocket: our client");
    table
        .row("unary, with headers and trailers", async move {
            let pair = json!([{"key": "k", "value": "v"}]);
            let payload = json!({"headers": pair, "trailers": pair});
            let head = Head::new("control", "set");
            let reply = client
                .call(head, Pattern::Unary, one(payload))
                .await
                .unwrap();
            assert_eq!(reply.headers.get("k"), Some("v"));
            let (messages, end) = all(reply).await;
            assert_eq!(messages, [Bytes::from_static(b"[]")]);
            assert_eq!(end.trailers.get("k"), Some("v"));
        })
        .await;
    table
        .row("unary, an error with a detail", async move {
            let head = Head::new("users", "get_user");
            let reply = client
                .call(head, Pattern::Unary, one(json!({"user_id": 404})))
                .await
                .unwrap();
            let status = all(reply).await.1.result.unwrap_err();
            assert_eq!(
                (status.code(), status.message()),
                (Code::NotFound, "no user 404")
            );
            assert_eq!(status.details()[0].type_name, "google.rpc.ResourceInfo");
        })
        .await;
    table
        .row("server streaming, 100,000 messages in order", async move {
            let head = Head::new("users", "list_users");
            let reply = client
                .call(
                    head,
                    Pattern::ServerStreaming,
                    one(json!({"limit": 100_000})),
                )
                .await
                .unwrap();
            let (messages, end) = all(reply).await;
            assert_eq!(messages.len(), 100_000);
            assert_eq!(json_of(&messages[99_999]), user(100_000));
            assert_eq!(end.trailers.get("x-users-sent"), Some("100000"));
        })
        .await;
    table
        .row("server streaming, an error after items", async move {
            let head = Head::new("control", "send");
            let payload = json!({"items": 3, "code": "aborted"});
            let reply = client
                .call(head, Pattern::ServerStreaming, one(payload))
                .await
                .unwrap();
            let (messages, end) = all(reply).await;
            assert_eq!(messages.len(), 3);
            assert_eq!(end.result.unwrap_err().code(), Code::Aborted);
        })
        .await;
    table
        .row("client streaming, 10,000 messages", async move {
            let head = Head::new("users", "aggregate");
            let body = these(vec![point(0.5); 10_000]);
            let reply = client
                .call(head, Pattern::ClientStreaming, body)
                .await
                .unwrap();
            let (messages, _) = all(reply).await;
            assert_eq!(json_of(&messages[0]), summary(10_000, 5_000.0));
        })
        .await;
    table
        .row("bidirectional, one for one", async move {
            let (sender, body) = fed();
            let head = Head::new("users", "conversation");
            let (hi, hi_back) = talk("hi");
            sender.send(message(&hi)).await.unwrap();
            let reply = client
                .call(head, Pattern::Bidirectional, body)
                .await
                .unwrap();
            let Kind::Stream(mut stream) = reply.body.kind else {
                panic!("not a stream");
            };
            for round in 0..3 {
                let next = poll_fn(|cx| stream.as_mut().poll_next(cx));
                let Next::Message(got) = within("a reply", next).await else {
                    panic!("no reply in round {round}");
                };
                assert_eq!(json_of(&got), hi_back);
                sender.send(message(&hi)).await.unwrap();
            }
            drop(sender);
            let rest = all(Kind::Stream(stream).into_reply()).await;
            assert_eq!((rest.0.len(), rest.1.result), (1, Ok(())));
        })
        .await;
    table
        .row("chunks both ways as bytes", async move {
            let data: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
            let (sender, body) = fed();
            let head = Head {
                request: Encoding::Raw,
                reply: Encoding::Raw,
                ..Head::new("blobs", "echo")
            };
            let sent = data.clone();
            let feeding = tokio::task::JoinSet::from_iter([async move {
                for chunk in sent.chunks(50_000) {
                    let next = Next::Message(Bytes::copy_from_slice(chunk));
                    sender.send(next).await.unwrap();
                }
            }]);
            let reply = client
                .call(head, Pattern::Bidirectional, body)
                .await
                .unwrap();
            let (chunks, end) = all(reply).await;
            assert!(chunks.concat() == data, "other bytes came back");
            assert_eq!(end.result, Ok(()));
            feeding.join_all().await;
        })
        .await;
    table
        .row("a request whose stream fails", async move {
            let (sender, body) = fed();
            let lost = Status::cancelled("the input cannot be read");
            sender.send(message(&point(1.0))).await.unwrap();
            let feeding = sender.send(Next::End(lost.clone().into()));
            let head = Head::new("users", "aggregate");
            let calling = client.call(head, Pattern::ClientStreaming, body);
            let (_, reply) = tokio::join!(feeding, calling);
            assert_eq!(reply.unwrap_err(), lost);
        })
        .await;
    table
        .row("a deadline", async move {
            let head = Head {
                deadline: Deadline::after(now(), Duration::from_millis(100)),
                ..Head::new("spin", "sleep")
            };
            let calling = client.call(head, Pattern::Unary, one(json!({"ms": 20_000})));
            let code = match calling.await {
                Ok(reply) => all(reply).await.1.result.unwrap_err().code(),
                Err(status) => status.code(),
            };
            assert_eq!(code, Code::DeadlineExceeded);
        })
        .await;
    let seen = |line: &str| line.contains("cancelled: true");
    table
        .row("dropping a reply cancels its call, and only that", async {
            let before = host.log.count(seen);
            let count = |client: &Client| {
                let client = client.clone();
                async move {
                    let head = Head::new("cancel", "count");
                    let body = one(json!({}));
                    client
                        .call(head, Pattern::ServerStreaming, body)
                        .await
                        .unwrap()
                }
            };
            let (first, second) = (count(client).await, count(client).await);
            drop(first);
            host.log.wait_count(seen, before + 1).await;
            let Kind::Stream(mut stream) = second.body.kind else {
                panic!("not a stream");
            };
            for _ in 0..1_000 {
                let next = poll_fn(|cx| stream.as_mut().poll_next(cx));
                assert!(matches!(within("a number", next).await, Next::Message(_)));
            }
        })
        .await;
    table
        .row(
            "a stream nobody reads does not hold up others",
            async move {
                let head = Head::new("users", "list_users");
                let body = one(json!({"limit": 1_000_000}));
                let stuck = client
                    .call(head, Pattern::ServerStreaming, body)
                    .await
                    .unwrap();
                for _ in 0..100 {
                    let head = Head::new("users", "get_user");
                    let body = one(json!({"user_id": 7}));
                    let calling = client.call(head, Pattern::Unary, body);
                    let reply = within("a reply", calling).await.unwrap();
                    assert_eq!(json_of(&all(reply).await.0[0]), user(7));
                }
                drop(stuck);
            },
        )
        .await;
    table.finish();
}

#[tokio::test]
async fn a_reply_outlives_its_client() {
    let host = Host::start(&["users"], None).await;
    let client = Client::connect(&format!("ws://{}", host.addr))
        .await
        .unwrap();
    let head = Head::new("users", "list_users");
    let body = one(json!({"limit": 1_000}));
    let calling = client.call(head, Pattern::ServerStreaming, body);
    let reply = calling.await.unwrap();
    drop(client);
    let (messages, end) = all(reply).await;
    assert_eq!((messages.len(), end.result), (1_000, Ok(())));
}

#[tokio::test]
async fn a_host_that_is_gone() {
    let host = Host::start(&["cancel"], None).await;
    let client = Client::connect(&format!("ws://{}", host.addr))
        .await
        .unwrap();
    let head = Head::new("cancel", "wait");
    let calling = client.call(head.clone(), Pattern::Unary, one(json!({})));
    let killing = async {
        let pid = i32::try_from(host.pid()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let (reply, ()) = tokio::join!(calling, killing);
    assert_eq!(reply.unwrap_err().code(), Code::Unavailable);
    let again = client.call(head, Pattern::Unary, one(json!({}))).await;
    assert_eq!(again.unwrap_err().code(), Code::Unavailable);
    for (url, code) in [
        ("http://127.0.0.1:1", Code::InvalidArgument),
        ("ws://127.0.0.1:1/path", Code::InvalidArgument),
        ("ws://127.0.0.1:1", Code::Unavailable),
    ] {
        assert_eq!(
            Client::connect(url).await.unwrap_err().code(),
            code,
            "{url}"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a test makes deadlines")]
fn now() -> Instant {
    Instant::now()
}

/// The rest of a stream as a reply of its own.
trait IntoReply {
    fn into_reply(self) -> Reply;
}

impl IntoReply for Kind {
    fn into_reply(self) -> Reply {
        Reply {
            headers: ostler_call::Metadata::new(),
            body: self.into(),
        }
    }
}
