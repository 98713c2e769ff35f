//! Clients that stall: each stage has its time, and then its end.

use std::time::Duration;

use ostler_tests::{Socket, Table};

use crate::Site;
use crate::frames::{DATA, END_HEADERS, HEADERS, PREFACE, Wire, frame, greeting, head};

const CONFIG: &str = r#"
[server.http]
header-timeout = "300ms"
body-timeout = "300ms"
keep-alive = "200ms"
"#;

/// What the host says last to a client that stalls.
enum Last {
    /// Nothing, or 408.
    Close,
    /// An answer that starts so.
    Says(&'static str),
    /// Frames of HTTP/2, if anything.
    Frames,
}

#[tokio::test]
async fn clients_that_stall() {
    let site = Site::start(&["control"], CONFIG).await;
    let addr = site.host.addr;
    let mut table = Table::new("Faults: clients that stall");
    for (what, bytes, last) in stalled() {
        site.row(&mut table, what, async {
            let mut wire = Wire::connect(addr).await;
            wire.write(&bytes).await;
            let said = wire.ended().await;
            let said = String::from_utf8_lossy(&said);
            match last {
                Last::Close => {
                    assert!(
                        said.is_empty() || said.starts_with("HTTP/1.1 408"),
                        "{said}"
                    );
                }
                Last::Says(start) => assert!(said.starts_with(start), "{said}"),
                Last::Frames => assert!(!said.starts_with("HTTP/1.1"), "{said}"),
            }
        })
        .await;
    }
    for (what, start, drop) in dripping() {
        site.row(&mut table, what, async {
            let mut wire = Wire::connect(addr).await;
            wire.write(start).await;
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            let mut drops = 0;
            while wire.write(drop).await && drops < 500 {
                drops += 1;
                pace.tick().await;
            }
            assert!(drops < 500, "it is still listened to");
            wire.ended().await;
        })
        .await;
    }
    site.row(&mut table, "half a frame of a WebSocket: 1008", async {
        let socket = Socket::ostler(addr).await;
        let mut wire = Wire::from_stream(socket.into_stream());
        wire.write([0x81, 0xfe, 0x10]).await;
        let said = wire.ended().await;
        let close = [0x88, 27, 0x03, 0xf0];
        assert!(said.windows(4).any(|bytes| bytes == close), "{said:?}");
    })
    .await;
    site.finish(table).await;
}

/// What is said before the silence.
fn stalled() -> Vec<(&'static str, Vec<u8>, Last)> {
    let post = |rest: &str| format!("POST /control/add HTTP/1.1\r\nhost: h\r\n{rest}").into_bytes();
    let json = head("/control/add", "application/json");
    let after_greeting = |bytes: Vec<u8>| [greeting(), bytes].concat();
    vec![
        ("nothing is said", Vec::new(), Last::Close),
        ("half a preface", PREFACE[..12].to_vec(), Last::Close),
        ("half a request line", b"POST /contr".to_vec(), Last::Close),
        ("half a head", post("content-type: appl"), Last::Close),
        (
            "half a body, its length told: 408",
            post("content-length: 20\r\n\r\n{\"number\":"),
            Last::Says("HTTP/1.1 408"),
        ),
        (
            "half a body in chunks: 408",
            post("transfer-encoding: chunked\r\n\r\n9\r\n{\"numb"),
            Last::Says("HTTP/1.1 408"),
        ),
        (
            "half a handshake of a WebSocket",
            b"GET / HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nsec-".to_vec(),
            Last::Close,
        ),
        (
            "a preface of HTTP/2 without settings",
            PREFACE.to_vec(),
            Last::Frames,
        ),
        (
            "half a frame of HTTP/2",
            after_greeting(frame(HEADERS, END_HEADERS, 1, &json)[..12].to_vec()),
            Last::Frames,
        ),
        (
            "half a head of HTTP/2",
            after_greeting(frame(HEADERS, 0, 1, &json)),
            Last::Frames,
        ),
        (
            "half a body of HTTP/2, then silence to pings",
            after_greeting(
                [
                    frame(HEADERS, END_HEADERS, 1, &json),
                    frame(DATA, 0, 1, b"{"),
                ]
                .concat(),
            ),
            Last::Frames,
        ),
    ]
}

/// What is said first, and what is then said again and again.
fn dripping() -> Vec<(&'static str, &'static [u8], &'static [u8])> {
    vec![
        ("a request line, byte by byte", b"GET /", b"x"),
        (
            "headers, one by one",
            b"GET /health HTTP/1.1\r\nhost: h\r\n",
            b"x: y\r\n",
        ),
        ("empty lines before a request", b"", b"\r\n"),
        (
            "a body of one message, byte by byte",
            b"POST /control/add HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\n",
            b" ",
        ),
        (
            "a body of one message, a chunk at a time",
            b"POST /control/add HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n",
            b"1\r\n \r\n",
        ),
    ]
}
