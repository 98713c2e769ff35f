//! Replies as the bytes of each protocol.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Body as _;
use ostler_call::{Body, Code, End, Kind, MessageStream, Metadata, Next, Reply, Status};
use ostler_wire::compression::gunzip;

use super::body::ReplyBody;
use super::dialect::Protocol::{Connect, ConnectGet, ConnectStream, Grpc, Web, WebText};
use super::dialect::{Codec, Dialect, Protocol};
use super::reply::Shape;
use crate::body::Unread;

/// Messages, then an end; each is there at once, or after a pause.
struct Given(Vec<Option<&'static str>>, End);

impl MessageStream for Given {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if self.0.is_empty() {
            return Poll::Ready(Next::End(self.1.clone()));
        }
        match self.0.remove(0) {
            Some(message) => Poll::Ready(Next::Message(message.into())),
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

fn shape(protocol: Protocol, accepts_gzip: bool) -> Shape {
    let dialect = Dialect {
        protocol,
        content: Some(("application/x", Codec::Json)),
        proto_name: true,
    };
    let mut headers = HeaderMap::new();
    if accepts_gzip {
        let name = super::compression::names(protocol).accepted;
        headers.insert(name, "gzip".parse().unwrap());
    }
    Shape::new(dialect, &headers, 1000)
}

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in pairs {
        metadata.insert(key, value).unwrap();
    }
    metadata
}

fn reply(headers: &[(&str, &str)], kind: Kind) -> Reply {
    Reply {
        headers: metadata(headers),
        body: kind.into(),
    }
}

fn failed() -> Status {
    Status::new(Code::Cancelled, "no ☺")
}

/// What went out: the status, the headers in order, frames of data, trailers.
struct Sent {
    status: u16,
    headers: Vec<String>,
    frames: Vec<Bytes>,
    trailers: Vec<String>,
}

fn sent(response: Response<ReplyBody>) -> Sent {
    let (parts, mut body) = response.into_parts();
    let mut sent = Sent {
        status: parts.status.as_u16(),
        headers: lines(&parts.headers),
        frames: Vec::new(),
        trailers: Vec::new(),
    };
    let told = body.size_hint().exact();
    let mut cx = Context::from_waker(Waker::noop());
    while !body.is_end_stream() {
        match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => sent.frames.push(data),
                Err(frame) => sent.trailers = lines(&frame.into_trailers().unwrap()),
            },
            Poll::Ready(None) => break,
            Poll::Pending => {}
        }
    }
    if let Some(told) = told {
        assert_eq!(sent.frames.concat().len() as u64, told);
    }
    sent
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let line =
        |(name, value): (_, &http::HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
    headers.iter().map(line).collect()
}

fn response(protocol: Protocol, reply: Reply, streams: bool) -> Sent {
    let shape = shape(protocol, false);
    sent(shape.response(reply, streams, Unread::nowhere()))
}

#[test]
fn one_message() {
    type Row = (Protocol, &'static [&'static [u8]], &'static [&'static str]);
    let rows: [Row; 6] = [
        (Grpc, &[b"\0\0\0\0\x02{}"], &["grpc-status: 0", "b: 2"]),
        (
            Web,
            &[b"\0\0\0\0\x02{}\x80\0\0\0\x16grpc-status: 0\r\nb: 2\r\n"],
            &[],
        ),
        (
            WebText,
            &[b"AAAAAAJ7fYAAAAAWZ3JwYy1zdGF0dXM6IDANCmI6IDINCg=="],
            &[],
        ),
        (
            ConnectStream,
            &[b"\0\0\0\0\x02{}\x02\0\0\0\x18{\"metadata\":{\"b\":[\"2\"]}}"],
            &[],
        ),
        (Connect, &[b"{}"], &[]),
        (ConnectGet, &[b"{}"], &[]),
    ];
    for (protocol, frames, trailers) in rows {
        let one = Kind::One("{}".into(), metadata(&[("b", "2")]));
        let sent = response(protocol, reply(&[("a", "1")], one), false);
        assert_eq!(sent.status, 200, "{protocol:?}");
        assert_eq!(sent.frames, frames, "{protocol:?}");
        assert_eq!(sent.trailers, trailers, "{protocol:?}");
        let has = |line: &str| sent.headers.iter().any(|l| l == line);
        assert!(has("content-type: application/x") && has("a: 1"));
        let bare = matches!(protocol, Connect | ConnectGet);
        assert_eq!(has("trailer-b: 2"), bare, "{protocol:?}");
        assert_eq!(has("vary: Accept-Encoding"), protocol == ConnectGet);
    }
}

#[test]
fn a_failure_alone() {
    let status = || Kind::Empty(failed().into());
    let grpc_says = ["grpc-status: 1", "grpc-message: no %E2%98%BA"];
    for protocol in [Grpc, Web, WebText] {
        let only = response(protocol, reply(&[], status()), false);
        assert!(
            grpc_says
                .iter()
                .all(|line| only.headers.contains(&(*line).to_owned()))
        );
        assert!(only.frames.is_empty() && only.trailers.is_empty());
    }
    // With headers before it, it is in trailers.
    let sent = response(Grpc, reply(&[("a", "1")], status()), true);
    assert_eq!(sent.trailers, grpc_says);
    assert!(sent.frames.is_empty());
    let sent = response(Web, reply(&[("a", "1")], status()), true);
    let expected = b"\x80\0\0\0\x2cgrpc-status: 1\r\ngrpc-message: no %E2%98%BA\r\n";
    assert_eq!(sent.frames, [&expected[..]]);

    let sent = response(ConnectStream, reply(&[], status()), true);
    let expected =
        b"\x02\0\0\0\x30{\"error\":{\"code\":\"canceled\",\"message\":\"no \xe2\x98\xba\"}}";
    assert_eq!(
        (sent.status, &sent.frames[..]),
        (200, &[Bytes::from_static(expected)][..])
    );

    let end = End {
        result: Err(failed()),
        trailers: metadata(&[("acme-cost", "237")]),
    };
    let sent = response(Connect, reply(&[("a", "1")], Kind::Empty(end)), false);
    let expected = r#"{"code":"canceled","message":"no ☺"}"#;
    assert_eq!(
        (sent.status, &sent.frames[..]),
        (499, &[Bytes::from(expected)][..])
    );
    for line in [
        "content-type: application/json",
        "a: 1",
        "trailer-acme-cost: 237",
    ] {
        assert!(sent.headers.contains(&line.to_owned()), "{line}");
    }
}

#[test]
fn no_result_is_an_empty_message() {
    for (protocol, expected) in [(Grpc, &b"\0\0\0\0\x02{}"[..]), (Connect, b"{}")] {
        let sent = response(protocol, reply(&[], Kind::Empty(End::ok())), false);
        assert_eq!(sent.frames, [expected]);
    }
    let sent = response(Grpc, reply(&[], Kind::Empty(End::ok())), true);
    assert!(sent.frames.is_empty());
    assert_eq!(sent.trailers, ["grpc-status: 0"]);
}

fn stream(messages: Vec<Option<&'static str>>, end: End) -> Reply {
    let headers = Metadata::new();
    let body = Body::stream(Given(messages, end));
    Reply { headers, body }
}

#[test]
fn messages_that_are_there_go_out_together() {
    let messages = || vec![Some("1"), Some("2"), None, Some("3")];
    let (first, last) = (b"\0\0\0\0\x011\0\0\0\0\x012", b"\0\0\0\0\x013");
    let sent = response(Grpc, stream(messages(), failed().into()), true);
    assert_eq!(sent.frames, [&first[..], last]);
    assert_eq!(
        sent.trailers,
        ["grpc-status: 1", "grpc-message: no %E2%98%BA"]
    );

    let sent = response(Web, stream(messages(), End::ok()), true);
    let last = [&last[..], b"\x80\0\0\0\x10grpc-status: 0\r\n"].concat();
    assert_eq!(sent.frames, [&first[..], &last]);

    // Each piece of a text is padded by itself.
    let sent = response(WebText, stream(messages(), End::ok()), true);
    let text = ["AAAAAAExAAAAAAEy", "AAAAAAEzgAAAABBncnBjLXN0YXR1czogMA0K"];
    assert_eq!(sent.frames, text);
}

#[test]
fn large_messages_are_not_copied() {
    let large: &'static str = "x".repeat(20_000).leak();
    let sent = response(Web, stream(vec![Some("1"), Some(large)], End::ok()), true);
    assert_eq!(sent.frames.len(), 3);
    assert_eq!(sent.frames[0], &b"\0\0\0\0\x011\0\0\0\x4e\x20"[..]);
    assert_eq!(sent.frames[1].as_ptr(), large.as_ptr());
    let one = Kind::One(large.into(), Metadata::new());
    let sent = response(ConnectStream, reply(&[], one), false);
    assert_eq!(sent.frames[1].as_ptr(), large.as_ptr());
    assert_eq!(sent.frames[2], &b"\x02\0\0\0\x02{}"[..]);
}

#[test]
fn compression_where_it_pays() {
    let long: &'static str = "x".repeat(2000).leak();
    let noise: Vec<u8> = (0..500u32)
        .map(|n| (n.wrapping_mul(0x9e37_79b9) >> 24) as u8)
        .collect();
    for (protocol, header) in [
        (Grpc, "grpc-encoding: gzip"),
        (Web, "grpc-encoding: gzip"),
        (ConnectStream, "connect-content-encoding: gzip"),
    ] {
        let shape = shape(protocol, true);
        let reply = stream(vec![Some("short"), Some(long)], End::ok());
        let sent = sent(shape.response(reply, true, Unread::nowhere()));
        assert!(sent.headers.contains(&header.to_owned()), "{protocol:?}");
        let bytes = sent.frames.concat();
        assert!(bytes.starts_with(b"\0\0\0\0\x05short\x01"), "{protocol:?}");
        let length = u32::from_be_bytes(bytes[11..15].try_into().unwrap()) as usize;
        let message = gunzip(&bytes[15..15 + length], 2000).unwrap();
        assert_eq!(message, long);
    }
    let one = |message: Bytes| reply(&[], Kind::One(message, Metadata::new()));
    let is_packed = |protocol, message: Bytes| {
        let shape = shape(protocol, true);
        let sent = sent(shape.response(one(message), false, Unread::nowhere()));
        sent.headers.iter().any(|l| {
            l.ends_with("content-encoding: gzip")
                || l.ends_with("grpc-encoding: gzip") && !l.contains("accept")
        })
    };
    for protocol in [Connect, ConnectGet, Grpc] {
        assert!(is_packed(protocol, long.into()), "{protocol:?}");
        assert!(!is_packed(protocol, "short".into()), "{protocol:?}");
        assert!(!is_packed(protocol, noise.clone().into()), "{protocol:?}");
    }
}
