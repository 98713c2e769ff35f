//! Sockets of the subprotocol `ostler.v1`: metadata, details, windows,
//! cancellation, deadlines, and streams that are streams.

use ostler_tests::{Host, OSTLER, Socket, Table, opening};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{point, summary, talk, user};

/// Messages either side may send before it is granted any.
const WINDOW: usize = 32;

#[tokio::test]
async fn calls() {
    let host = Host::start(&["users", "control", "spin"], None).await;
    let addr = host.addr;
    let mut table = Table::new("WebSocket: ostler.v1");
    table
        .row("headers and trailers of one reply", async move {
            let mut socket = Socket::ostler(addr).await;
            let pair = |key: &str, value: &str| json!({"key": key, "value": value});
            let payload = json!({
                "headers": [pair("a", "1"), pair("b", "x"), pair("a", "2")],
                "trailers": [pair("t", "3")],
            });
            socket.request("1", "control.set", payload).await;
            let mut expected = opening("response", "1", "control.set", json!([]));
            expected["metadata"] = json!({"a": ["1", "2"], "b": "x"});
            expected["trailers"] = json!({"t": "3"});
            assert_eq!(socket.envelope().await, expected);
        })
        .await;
    table
        .row("headers and trailers of a stream", async move {
            let mut socket = Socket::ostler(addr).await;
            let payload = json!({"items": 2, "code": null});
            socket.request("1", "control.send", payload).await;
            let first = socket.envelope().await;
            assert_eq!(first["metadata"], json!({"x-first": "before the items"}));
            assert_eq!(socket.envelope().await["metadata"], json!({}));
            let end = socket.envelope().await;
            assert_eq!(
                (&end["type"], &end["status_code"]),
                (&"stream_end".into(), &0.into())
            );
            assert_eq!(end["metadata"], json!({"x-last": "after the items"}));
        })
        .await;
    table
        .row("an error after items has trailers too", async move {
            let mut socket = Socket::ostler(addr).await;
            let payload = json!({"items": 1, "code": "aborted"});
            socket.request("1", "control.send", payload).await;
            let (items, end) = socket.stream("1").await;
            assert_eq!(items, [json!(1)]);
            assert_eq!(
                (&end["type"], &end["error"], &end["status_code"]),
                (&"stream_end".into(), &"after 1 items".into(), &10.into())
            );
            assert_eq!(end["metadata"], json!({"x-last": "after the items"}));
        })
        .await;
    table
        .row("an error before items is a response", async move {
            let mut socket = Socket::ostler(addr).await;
            let payload = json!({"items": 0, "code": "aborted"});
            socket.request("1", "control.send", payload).await;
            let reply = socket.envelope().await;
            assert_eq!(
                (&reply["type"], &reply["error"], &reply["status_code"]),
                (&"response".into(), &"after 0 items".into(), &10.into())
            );
            let both = json!({"x-first": "before the items", "x-last": "after the items"});
            assert_eq!(reply["metadata"], both);
        })
        .await;
    table
        .row("details beside the error", async move {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "control.fail_own", json!({"which": 3})).await;
            let reply = socket.envelope().await;
            assert_eq!((&reply["error"], &reply["status_code"]), (&"named".into(), &2.into()));
            let detail = json!({"type": "test.control.v1.Error", "value": {"named": {"key": "a", "value": "b"}}});
            assert_eq!(reply["details"], json!([detail]));
        })
        .await;
    table
        .row(
            "metadata of the handshake, and of the envelope before it",
            async move {
                let headers = [
                    ("sec-websocket-protocol", OSTLER),
                    ("authorization", "Bearer handshake"),
                    ("x-microapi-team", "blue"),
                    ("x-microapi-ostler-x", "stripped"),
                ];
                let mut socket = Socket::open(addr, "/", &headers).await.unwrap();
                for (id, own, expected) in [
                    ("1", json!({}), json!(["Bearer handshake", "blue"])),
                    (
                        "2",
                        json!({"authorization": "Bearer own"}),
                        json!(["Bearer own", "blue"]),
                    ),
                    (
                        "3",
                        json!({"team": ["red", "green"]}),
                        json!(["Bearer handshake", "red"]),
                    ),
                ] {
                    let mut got = Vec::new();
                    for key in ["authorization", "team"] {
                        let id = format!("{id}-{key}");
                        let mut envelope =
                            opening("request", &id, "control.get", json!({"key": key}));
                        envelope["metadata"] = own.clone();
                        socket.send(envelope).await;
                        got.push(socket.envelope().await["payload"].take());
                    }
                    assert_eq!(Value::from(got), expected);
                }
            },
        )
        .await;
    table
        .row(
            "the first reply comes before the second message",
            async move {
                let mut socket = Socket::ostler(addr).await;
                socket.request("1", "users.conversation", Value::Null).await;
                for text in ["hi", "bye"] {
                    let (message, reply) = talk(text);
                    socket.push("1", message).await;
                    assert_eq!(socket.envelope().await["payload"], reply);
                }
                socket.end("1").await;
                let end = socket.envelope().await;
                assert_eq!(end["type"], "stream_end");
                assert_eq!(end["metadata"], json!({"x-replies": "2"}));
            },
        )
        .await;
    table
        .row(
            "a reply of a stream that is opened and ended at once",
            async move {
                let mut socket = Socket::ostler(addr).await;
                socket.request("1", "users.aggregate", Value::Null).await;
                socket.end("1").await;
                assert_eq!(socket.envelope().await["payload"], summary(0, 0.0));
            },
        )
        .await;
    table
        .row(
            "all messages at once, without a response after the stream",
            async move {
                let mut socket = Socket::ostler(addr).await;
                let (message, reply) = talk("hi");
                socket
                    .request("1", "users.conversation", json!([message]))
                    .await;
                assert_eq!(socket.stream("1").await.0, [reply]);
                socket
                    .request("2", "users.get_user", json!({"user_id": 1}))
                    .await;
                assert_eq!(socket.envelope().await["id"], "2");
            },
        )
        .await;
    table
        .row("a client's stream that fails fails the call", async move {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "users.aggregate", Value::Null).await;
            socket.push("1", point(1.0)).await;
            let end = json!({"type": "stream_end", "id": "1", "error": "the disk broke", "status_code": 15});
            socket.send(end).await;
            let reply = socket.envelope().await;
            assert_eq!((&reply["error"], &reply["status_code"]), (&"the disk broke".into(), &15.into()));
        })
        .await;
    table
        .row("a deadline", async move {
            let mut socket = Socket::ostler(addr).await;
            let mut envelope = opening("request", "1", "spin.sleep", json!({"ms": 20_000}));
            envelope["timeout_ms"] = 100.into();
            socket.send(envelope).await;
            let reply = socket.envelope().await;
            assert_eq!(
                (&reply["type"], &reply["status_code"]),
                (&"response".into(), &4.into())
            );
        })
        .await;
    table
        .row("a slow call does not hold up the next one", async move {
            let mut socket = Socket::ostler(addr).await;
            socket
                .request("slow", "spin.sleep", json!({"ms": 300}))
                .await;
            socket
                .request("quick", "spin.quick", json!({"number": 5}))
                .await;
            assert_eq!(socket.envelope().await["id"], "quick");
            assert_eq!(socket.envelope().await["id"], "slow");
        })
        .await;
    table
        .row("a ping is answered", async move {
            let mut socket = Socket::ostler(addr).await;
            socket.frame(Message::Ping("beat".into())).await;
            assert_eq!(socket.ping().await, Message::Pong("beat".into()));
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn windows() {
    let host = Host::start(&["users", "control", "cancel"], None).await;
    let addr = host.addr;
    let mut table = Table::new("WebSocket: windows");
    table
        .row(
            "the host sends what it was granted, and no more",
            async move {
                let mut socket = Socket::ostler(addr).await;
                socket
                    .request("1", "users.list_users", json!({"limit": 1_000_000}))
                    .await;
                for id in 1..=WINDOW as u64 {
                    assert_eq!(socket.envelope().await["payload"], user(id));
                }
                for (grant, next) in [(1, 33), (2, 34)] {
                    // Nothing of the stream comes before the reply to another call.
                    socket
                        .request("2", "users.get_user", json!({"user_id": 1}))
                        .await;
                    assert_eq!(socket.envelope().await["id"], "2");
                    let window = json!({"type": "window", "id": "1", "payload": grant});
                    socket.send(window).await;
                    for id in next..next + grant {
                        assert_eq!(socket.envelope().await["payload"], user(id));
                    }
                }
            },
        )
        .await;
    table
        .row("an error is said whatever was granted", async move {
            let mut socket = Socket::ostler(addr).await;
            let payload = json!({"items": WINDOW, "code": "aborted"});
            socket.request("1", "control.send", payload).await;
            let (items, end) = socket.stream("1").await;
            assert_eq!((items.len(), &end["status_code"]), (WINDOW, &10.into()));
        })
        .await;
    table
        .row("what the guest read is granted anew", async move {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "users.aggregate", Value::Null).await;
            let mut window = WINDOW as u64;
            for _ in 0..10 * WINDOW {
                if window == 0 {
                    let grant = socket.envelope().await;
                    assert_eq!(
                        (&grant["type"], &grant["id"]),
                        (&"window".into(), &"1".into())
                    );
                    window += grant["payload"].as_u64().unwrap();
                }
                socket.push("1", point(1.0)).await;
                window -= 1;
            }
            socket.end("1").await;
            let (_, reply) = socket.stream("1").await;
            assert_eq!(reply["payload"], summary(320, 320.0));
        })
        .await;
    table
        .row("a window that is overrun ends its call alone", async move {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "cancel.hold", Value::Null).await;
            socket.request("2", "users.conversation", Value::Null).await;
            for _ in 0..=WINDOW {
                socket.push("1", json!(1)).await;
            }
            let reply = socket.envelope().await;
            assert_eq!(
                (&reply["id"], &reply["status_code"]),
                (&"1".into(), &8.into())
            );
            // Late ones are no new call.
            socket.push("1", json!(1)).await;
            socket.end("1").await;
            let (message, reply) = talk("hi");
            socket.push("2", message).await;
            assert_eq!(socket.envelope().await["payload"], reply);
        })
        .await;
    for bad in [
        json!(-1),
        json!("7"),
        json!(1.5),
        json!(5_000_000_000_u64),
        Value::Null,
        json!([]),
    ] {
        table
            .row(format!("a window of {bad} ends its call"), async move {
                let mut socket = Socket::ostler(addr).await;
                socket.request("1", "cancel.wait", json!({})).await;
                socket
                    .send(json!({"type": "window", "id": "1", "payload": bad}))
                    .await;
                let reply = socket.envelope().await;
                assert_eq!(
                    (&reply["id"], &reply["status_code"]),
                    (&"1".into(), &3.into())
                );
            })
            .await;
    }
    table
        .row("windows and ends of nobody are left alone", async move {
            let mut socket = Socket::ostler(addr).await;
            for kind in ["window", "cancel", "stream_end", "stream_push"] {
                socket
                    .send(json!({"type": kind, "id": "nobody", "payload": 1}))
                    .await;
            }
            socket
                .request("1", "users.get_user", json!({"user_id": 1}))
                .await;
            assert_eq!(socket.envelope().await["id"], "1");
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn cancellation() {
    let host = Host::start(&["users", "cancel"], None).await;
    let addr = host.addr;
    let mut table = Table::new("WebSocket: cancellation");
    let seen = |line: &str| line.contains("cancelled: true");
    table
        .row(
            "a cancelled call ends CANCELLED, and its guest sees it",
            async {
                let mut socket = Socket::ostler(addr).await;
                socket.request("1", "cancel.wait", json!({})).await;
                host.log
                    .wait_count(|line| line.contains("\"waiting\""), 1)
                    .await;
                let before = host.log.count(seen);
                socket.send(json!({"type": "cancel", "id": "1"})).await;
                let reply = socket.envelope().await;
                assert_eq!(
                    (&reply["type"], &reply["status_code"]),
                    (&"response".into(), &1.into())
                );
                host.log.wait_count(seen, before + 1).await;
            },
        )
        .await;
    table
        .row("a cancelled stream ends CANCELLED", async {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "cancel.count", json!({})).await;
            assert_eq!(socket.envelope().await["payload"], 0);
            let before = host.log.count(seen);
            socket.send(json!({"type": "cancel", "id": "1"})).await;
            let (_, end) = socket.stream("1").await;
            assert_eq!(
                (&end["type"], &end["status_code"]),
                (&"stream_end".into(), &1.into())
            );
            host.log.wait_count(seen, before + 1).await;
        })
        .await;
    table
        .row("a socket that is gone cancels its calls", async {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "cancel.count", json!({})).await;
            assert_eq!(socket.envelope().await["payload"], 0);
            socket.request("2", "cancel.watch", Value::Null).await;
            socket.push("2", json!("AAAA")).await;
            socket
                .request("3", "users.get_user", json!({"user_id": 1}))
                .await;
            socket.of("3").await;
            let before = host.log.count(seen);
            drop(socket);
            host.log.wait_count(seen, before + 2).await;
        })
        .await;
    table
        .row(
            "a second opening ends the first, and the id is free",
            async {
                let mut socket = Socket::ostler(addr).await;
                socket.request("1", "cancel.wait", json!({})).await;
                socket
                    .request("1", "users.get_user", json!({"user_id": 1}))
                    .await;
                let reply = socket.envelope().await;
                assert_eq!(
                    (&reply["id"], &reply["status_code"]),
                    (&"1".into(), &3.into())
                );
                socket
                    .request("1", "users.get_user", json!({"user_id": 2}))
                    .await;
                assert_eq!(socket.envelope().await["payload"], user(2));
            },
        )
        .await;
    table.finish();
}

#[tokio::test]
async fn pings() {
    let config = "[server.http]\nkeep-alive = \"100ms\"\n";
    let host = Host::start(&["users"], Some(config)).await;
    let mut answering = Socket::ostler(host.addr).await;
    let mut silent = Socket::ostler(host.addr).await.into_stream();
    let mut rest = Vec::new();
    let ended = tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut rest);
    let mut pings = 0;
    let answered = async {
        loop {
            assert!(matches!(answering.ping().await, Message::Ping(_)));
            pings += 1;
        }
    };
    tokio::select! {
        ended = ostler_tests::within("the close", ended) => ended.map(drop).unwrap(),
        () = answered => {}
    }
    assert!(pings > 2, "{pings}");
    assert!(rest.starts_with(&[0x89, 0]), "no ping came first: {rest:?}");
    // A close of 27 bytes with the code 1008.
    let close = [0x88, 27, 0x03, 0xf0];
    assert!(rest.windows(4).any(|bytes| bytes == close), "{rest:?}");
    // Whoever answers is still there when the other is gone.
    answering
        .request("1", "users.get_user", json!({"user_id": 1}))
        .await;
    assert_eq!(answering.envelope().await["payload"], user(1));
}
