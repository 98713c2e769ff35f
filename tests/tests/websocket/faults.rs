//! What broken and hostile clients do: each is told, or dropped, and nobody
//! else notices.

use std::net::SocketAddr;

use ostler_tests::{Host, Said, Socket, Table, binary, opening};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{point, user};

/// The largest message the host of these tests takes.
const MESSAGE: usize = 64 << 10;

/// Reasons of RFC 6455, section 7.4.1.
const PROTOCOL: u16 = 1002;
const INVALID: u16 = 1007;
const SIZE: u16 = 1009;

#[tokio::test]
async fn faults() {
    let config = format!("[limits]\nmessage = {MESSAGE}\n[server.http]\nstreams = 50\n");
    let mut host = Host::start(&["users", "control", "cancel", "faults"], Some(&config)).await;
    let addr = host.addr;
    let mut table = Table::new("WebSocket: faults");
    let mut neighbour = Socket::ostler(addr).await;
    for (what, bytes, code) in frames() {
        table
            .row(format!("{what}: closed with {code}"), async move {
                assert_eq!(close_code(addr, &bytes).await, Some(code));
            })
            .await;
    }
    table
        .row("a socket that ends in the middle of a frame", async move {
            let mut stream = Socket::ostler(addr).await.into_stream();
            stream.write_all(&[0x81, 0xfe, 0x10]).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            let ended = stream.read_to_end(&mut rest);
            ostler_tests::within("the end", ended).await.unwrap();
        })
        .await;
    table
        .row("a half-closed socket with a call that runs", async {
            let mut socket = Socket::ostler(addr).await;
            socket.request("1", "cancel.count", json!({})).await;
            socket.envelope().await;
            let seen = |line: &str| line.contains("cancelled: true");
            let before = host.log.count(seen);
            let mut stream = socket.into_stream();
            stream.shutdown().await.unwrap();
            host.log.wait_count(seen, before + 1).await;
        })
        .await;
    table
        .row("a close without a code is answered", async move {
            let mut socket = Socket::ostler(addr).await;
            socket
                .frame(tokio_tungstenite::tungstenite::Message::Close(None))
                .await;
            assert!(matches!(socket.next().await, Said::Closed(_)));
        })
        .await;
    table
        .row(
            "a payload above the limit of messages: RESOURCE_EXHAUSTED",
            async move {
                let mut socket = Socket::ostler(addr).await;
                let key = "x".repeat(MESSAGE + 1);
                socket
                    .request("1", "control.get", json!({"key": key}))
                    .await;
                assert_eq!(socket.envelope().await["status_code"], 8);
                socket.request("2", "users.conversation", Value::Null).await;
                socket.push("2", json!({"user": "a", "text": key})).await;
                assert_eq!(socket.envelope().await["status_code"], 8);
                socket
                    .request(
                        "3",
                        "users.conversation",
                        json!([{"user": "a", "text": key}]),
                    )
                    .await;
                assert_eq!(socket.envelope().await["status_code"], 8);
                socket
                    .request("4", "users.get_user", json!({"user_id": 1}))
                    .await;
                assert_eq!(socket.envelope().await["payload"], user(1));
            },
        )
        .await;
    table
        .row("a payload deeper than allowed: INVALID_ARGUMENT", async move {
            let mut socket = Socket::ostler(addr).await;
            let depth = 20_000;
            let deep = format!(
                r#"{{"type":"request","service":"users","method":"get_user","id":"1","payload":{}1{}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            );
            socket.frame(binary(deep)).await;
            assert_eq!(socket.envelope().await["status_code"], 3);
        })
        .await;
    table
        .row("an id that is too long: INVALID_ARGUMENT", async move {
            let mut socket = Socket::ostler(addr).await;
            socket
                .request(&"i".repeat(257), "users.get_user", json!({"user_id": 1}))
                .await;
            assert_eq!(socket.envelope().await["status_code"], 3);
        })
        .await;
    table
        .row("metadata that is none: INVALID_ARGUMENT", async move {
            let mut socket = Socket::ostler(addr).await;
            for (id, metadata) in [json!({"a b": "x"}), json!({"a": "\n"}), json!({"": "x"})]
                .into_iter()
                .enumerate()
            {
                let payload = json!({"user_id": 1});
                let mut envelope = opening("request", &id.to_string(), "users.get_user", payload);
                envelope["metadata"] = metadata;
                socket.send(envelope).await;
                assert_eq!(socket.envelope().await["status_code"], 3);
            }
        })
        .await;
    table
        .row("a trap tells the client nothing of the guest", async move {
            let mut socket = Socket::ostler(addr).await;
            socket
                .request("1", "faults.trap_after", json!({"items": 2}))
                .await;
            let (items, end) = socket.stream("1").await;
            assert_eq!((items.len(), &end["status_code"]), (2, &13.into()));
            assert!(!end["error"].as_str().unwrap().contains("wasm"), "{end}");
        })
        .await;
    table
        .row(
            "more calls than a socket may have: RESOURCE_EXHAUSTED",
            async move {
                let mut socket = Socket::ostler(addr).await;
                for id in 0..51 {
                    socket
                        .request(&id.to_string(), "users.aggregate", Value::Null)
                        .await;
                }
                let reply = socket.envelope().await;
                assert_eq!(
                    (&reply["id"], &reply["status_code"]),
                    (&"50".into(), &8.into())
                );
                socket.push("7", point(1.0)).await;
                socket.end("7").await;
                assert_eq!(socket.envelope().await["payload"]["count"], 1);
                socket
                    .request("51", "users.get_user", json!({"user_id": 1}))
                    .await;
                assert_eq!(socket.envelope().await["payload"], user(1));
            },
        )
        .await;
    table
        .row("10,000 calls opened and cancelled at once", async move {
            let mut socket = Socket::ostler(addr).await;
            for id in 0..10_000 {
                let id = id.to_string();
                socket.request(&id, "users.aggregate", Value::Null).await;
                socket.send(json!({"type": "cancel", "id": id})).await;
                let reply = socket.of(&id).await;
                // Its guest may not have seen yet that an earlier one is over.
                assert!(
                    [1, 8].contains(&reply["status_code"].as_u64().unwrap()),
                    "{reply}"
                );
            }
        })
        .await;
    table
        .row(
            "10,000 cancels of nobody, and as many late messages",
            async move {
                let mut socket = Socket::ostler(addr).await;
                for id in 0..10_000 {
                    socket
                        .send(json!({"type": "cancel", "id": id.to_string()}))
                        .await;
                    socket.push(&id.to_string(), json!(1)).await;
                }
                socket
                    .request("1", "users.get_user", json!({"user_id": 1}))
                    .await;
                assert_eq!(socket.envelope().await["payload"], user(1));
            },
        )
        .await;
    table
        .row("the neighbour is served, the host is up", async {
            neighbour
                .request("1", "users.get_user", json!({"user_id": 7}))
                .await;
            assert_eq!(neighbour.envelope().await["payload"], user(7));
        })
        .await;
    table.finish();
    assert!(host.is_alive());
}

/// Frames nobody may send, and the code the socket is closed with. The mask
/// is zero, so that what is masked stands as it is.
fn frames() -> Vec<(&'static str, Vec<u8>, u16)> {
    let masked = |first: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        let mut frame = vec![first, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        frame
    };
    let mut oversized = vec![0x82, 0xff];
    oversized.extend_from_slice(&(1_u64 << 40).to_be_bytes());
    oversized.extend_from_slice(&[0; 4]);
    let mut large = vec![0x82, 0xff];
    large.extend_from_slice(&(200_000_u64).to_be_bytes());
    large.extend_from_slice(&[0; 4]);
    large.extend(vec![b' '; 200_000]);
    let fragments: Vec<u8> = std::iter::once(masked(0x01, &[b' '; 100]))
        .chain(std::iter::repeat_n(masked(0x00, &[b' '; 100]), 2_000))
        .flatten()
        .collect();
    vec![
        (
            "a frame without a mask",
            vec![0x81, 2, b'{', b'}'],
            PROTOCOL,
        ),
        ("a reserved bit", masked(0xc1, b"{}"), PROTOCOL),
        ("a reserved kind of frame", masked(0x83, b"{}"), PROTOCOL),
        ("a fragmented ping", masked(0x09, b""), PROTOCOL),
        ("a continuation of nothing", masked(0x80, b"{}"), PROTOCOL),
        ("text that is not UTF-8", masked(0x81, b"\"\xff\""), INVALID),
        ("a frame of 1 TiB", oversized, SIZE),
        ("a frame above the limit, all of it sent", large, SIZE),
        ("fragments above the limit", fragments, SIZE),
        (
            "an HTTP request",
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            PROTOCOL,
        ),
        ("a close with half a code", masked(0x88, &[3]), PROTOCOL),
    ]
}

/// The code of the close frame the host answers to these bytes.
async fn close_code(addr: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let stream: TcpStream = Socket::ostler(addr).await.into_stream();
    let (mut reader, mut writer) = stream.into_split();
    let sending = async {
        // It may be closed before all of it was taken.
        writer.write_all(bytes).await.ok();
        std::future::pending::<()>().await;
    };
    let reading = async {
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).await.ok();
        rest
    };
    let rest = ostler_tests::within("the end of the socket", async {
        tokio::select! {
            rest = reading => rest,
            () = sending => Vec::new(),
        }
    })
    .await;
    let at = rest.iter().position(|byte| *byte == 0x88)?;
    let code = rest.get(at + 2..at + 4)?;
    Some(u16::from_be_bytes([code[0], code[1]]))
}

/// Streams that nobody takes must not fill the host.
#[tokio::test]
async fn sockets_that_are_not_read() {
    let host = Host::start(&["users", "faults"], None).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut socket = Socket::microapi(host.addr).await;
        for id in 0..5 {
            // 100 GB, if anybody took them.
            let payload = json!({"bytes": 100_000, "count": 1_000_000});
            socket
                .request(&id.to_string(), "faults.items", payload)
                .await;
        }
        open.push(socket);
    }
    // All of them have begun and are stuck.
    let mut other = Socket::microapi(host.addr).await;
    let mut last = host.rss_kib();
    let mut steady = 0;
    for id in 0_u64.. {
        let id_text = id.to_string();
        other
            .request(&id_text, "users.get_user", json!({"user_id": 7}))
            .await;
        assert_eq!(other.envelope().await["payload"], user(7));
        let now = host.rss_kib();
        steady = if now.abs_diff(last) < 512 {
            steady + 1
        } else {
            0
        };
        last = now;
        if steady == 2_000 {
            break;
        }
    }
    // 100 guests of 64 KiB and more, with the buffers of 20 sockets.
    assert!(last < 300 << 10, "{last} KiB");
}
