//! Messages in gzip, both ways.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ostler_tests::{Host, Table};
use serde_json::{Value, json};

use crate::caller::{Call, Method, Protocol, Wire};
use crate::told::Told;

const CONFIG: &str = "limits.message = \"64KiB\"";
const GET: Method = Method::unary("/control/get");
const TALK: Method = Method::stream("/users/conversation");

/// The headers of what messages are compressed with, and may be.
fn names(wire: Wire, method: Method) -> (&'static str, &'static str) {
    match (wire.protocol, method.streams) {
        (Protocol::Connect, true) => ("connect-content-encoding", "connect-accept-encoding"),
        (Protocol::Connect, false) => ("content-encoding", "accept-encoding"),
        _ => ("grpc-encoding", "grpc-accept-encoding"),
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(data).read_to_end(&mut out).unwrap();
    out
}

fn json_of((flag, data): &(u8, Bytes)) -> Value {
    let data = match flag {
        0 => data.to_vec(),
        _ => gunzip(data),
    };
    serde_json::from_slice(&data).unwrap()
}

/// Calls with these messages, each with its flag.
async fn tell(
    addr: SocketAddr,
    wire: Wire,
    method: Method,
    headers: &[(&str, &str)],
    messages: &[(u8, Vec<u8>)],
) -> Told {
    let mut call = Call::open(addr, wire, method, headers).await;
    for (flag, message) in messages {
        call.send(*flag, message).await;
    }
    call.finish().await;
    call.rest().await
}

fn talk(text: &str) -> Vec<u8> {
    json!({"text": text, "user": "a"}).to_string().into_bytes()
}

#[tokio::test]
async fn compression() {
    let host = Host::start(&["control", "users"], Some(CONFIG)).await;
    let addr = host.addr;
    let mut table = Table::new("RPC: compression");
    for wire in Wire::ALL {
        table
            .row(format!("{wire}: one message"), one(addr, wire))
            .await;
        table
            .row(format!("{wire}: a stream"), stream(addr, wire))
            .await;
        table
            .row(format!("{wire}: where nobody asks"), unasked(addr, wire))
            .await;
        for (what, method, encoding, message, code) in refused(wire) {
            let row = async move {
                let (used, accepted) = names(wire, method);
                let headers = [(used, encoding)];
                let told = tell(addr, wire, method, &headers, &[message]).await;
                assert_eq!(told.end.code, code, "{}", told.end.text);
                assert_eq!(told.head.header(accepted), "gzip");
            };
            table.row(format!("{wire}: {what}"), row).await;
        }
    }
    table.finish();
}

async fn one(addr: SocketAddr, wire: Wire) {
    let (used, accepted) = names(wire, GET);
    let message = || vec![(1, gzip(br#"{"key":"k"}"#))];
    let long = "v".repeat(2000);
    for (value, packed) in [("v", false), (&long, true)] {
        let headers = [(used, "gzip"), (accepted, "br, gzip"), ("k", value)];
        let told = tell(addr, wire, GET, &headers, &message()).await;
        assert_eq!(told.ended(), (0, ""));
        assert_eq!(json_of(&told.frames[0]), value);
        assert_eq!(told.frames[0].0, u8::from(packed));
        let encoding = if packed { "gzip" } else { "" };
        assert_eq!(told.head.header(used), encoding);
        assert_eq!(told.head.header(accepted), "gzip");
    }
}

/// Each message by itself: short ones stay as they are.
async fn stream(addr: SocketAddr, wire: Wire) {
    let (used, accepted) = names(wire, TALK);
    let long = "hi ".repeat(1000);
    let messages = [
        (1, gzip(&talk("hi"))),
        (0, talk(&long)),
        (1, gzip(&talk(&long))),
    ];
    let headers = [(used, "gzip"), (accepted, "gzip")];
    let told = tell(addr, wire, TALK, &headers, &messages).await;
    assert_eq!(told.ended(), (0, ""));
    let flags: Vec<_> = told.frames.iter().map(|(flag, _)| *flag).collect();
    assert_eq!(flags, [0, 1, 1]);
    for (frame, text) in told.frames.iter().zip(["hi", &long, &long]) {
        assert_eq!(json_of(frame)["reply"], format!("a, you said: {text}"));
    }
    assert_eq!(told.head.header(used), "gzip");
}

async fn unasked(addr: SocketAddr, wire: Wire) {
    let (used, accepted) = names(wire, TALK);
    for headers in [
        &[][..],
        &[(accepted, "identity")],
        &[(accepted, "gzip;q=0")],
    ] {
        let messages = [(0, talk(&"hi ".repeat(1000)))];
        let told = tell(addr, wire, TALK, headers, &messages).await;
        assert_eq!((told.ended(), told.frames[0].0), ((0, ""), 0));
        assert_eq!(told.head.header(used), "");
    }
}

type Refused = (&'static str, Method, &'static str, (u8, Vec<u8>), u32);

fn refused(wire: Wire) -> Vec<Refused> {
    let not_gzip = if wire.protocol == Protocol::Connect {
        3
    } else {
        13
    };
    let bomb = || gzip(&vec![b' '; 1 << 20]);
    let hi = || talk("hi");
    vec![
        ("what is not known", GET, "br", (0, b"{}".to_vec()), 12),
        (
            "what is not known, of a stream",
            TALK,
            "zstd",
            (0, hi()),
            12,
        ),
        (
            "a flag without a header",
            TALK,
            "identity",
            (1, gzip(&hi())),
            13,
        ),
        ("what is not gzip", TALK, "gzip", (1, hi()), not_gzip),
        ("what is not gzip, alone", GET, "gzip", (1, hi()), not_gzip),
        ("a bomb", TALK, "gzip", (1, bomb()), 8),
        ("a bomb alone", GET, "gzip", (1, bomb()), 8),
    ]
}
