//! The client against servers that break the rules, over real sockets.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use ostler_call::{Code, Deadline, Encoding, Next};
use ostler_wire::compression::gzip;
use ostler_wire::{connect as wire, frame};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::dial::testing::{Server, TestBody, end, feed, full, message, next, ok, read, writer};

const GRPC: &str = "grpc";
const CONNECT: &str = "connect+http";

fn head() -> Head {
    Head {
        request: Encoding::Proto,
        reply: Encoding::Proto,
        ..Head::new("demo.users.v1.Users", "GetUser")
    }
}

fn http(scheme: &str) -> Http {
    match scheme {
        GRPC => Http::Two,
        _ => Http::One,
    }
}

async fn client(scheme: &str, server: &Server) -> Client {
    let config = ClientConfig {
        message_bytes: 100,
        ..ClientConfig::default()
    };
    let url = format!("{scheme}://{}", server.addr);
    Client::connect_with(&url, None, config).await.unwrap()
}

/// What a server answers.
#[derive(Clone, Debug, Default)]
struct Answer {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    trailers: Option<&'static [(&'static str, &'static str)]>,
    aborts: bool,
}

impl Answer {
    fn new(content_type: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            status: 200,
            headers: content_type,
            ..Self::default()
        }
    }

    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    fn trailers(self, trailers: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            trailers: Some(trailers),
            ..self
        }
    }

    fn aborts(self) -> Self {
        Self {
            aborts: true,
            ..self
        }
    }

    fn response(self) -> Response<TestBody> {
        let mut frames = Vec::new();
        if !self.body.is_empty() {
            frames.push(Ok(Frame::data(Bytes::from(self.body))));
        }
        if let Some(trailers) = self.trailers {
            frames.push(Ok(Frame::trailers(map(trailers))));
        }
        if self.aborts {
            frames.push(Err(io::Error::other("aborted")));
        }
        let mut response = Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync());
        *response.status_mut() = self.status.try_into().unwrap();
        *response.headers_mut() = map(self.headers);
        response
    }
}

fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_static(value))
    });
    pairs.collect()
}

fn frames(frames: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (flag, data) in frames {
        frame::join(&mut out, *flag, data).unwrap();
    }
    out
}

/// What came of a call in words: messages, end, trailing metadata.
async fn outcome(reply: Result<Reply, Status>) -> String {
    let mut words = Vec::new();
    let end = match reply {
        Err(status) => status.into(),
        Ok(mut reply) => match reply.body.kind {
            Kind::Empty(end) => end,
            Kind::One(message, trailers) => {
                words.push(String::from_utf8(message.to_vec()).unwrap());
                End {
                    result: Ok(()),
                    trailers,
                }
            }
            Kind::Stream(_) => loop {
                match next(&mut reply).await {
                    Next::Message(message) => {
                        words.push(String::from_utf8(message.to_vec()).unwrap());
                    }
                    Next::End(end) => break end,
                }
            },
        },
    };
    let trailers = end.trailers.iter();
    let trailers: Vec<_> = trailers.map(|(k, v)| format!("{k}={v}")).collect();
    words.extend(trailers);
    words.push(match end.result {
        Ok(()) => "ok".to_owned(),
        Err(status) => {
            let details = status.details().iter();
            let details: String = details
                .map(|any| format!(" ({} {:?})", any.type_name, any.value))
                .collect();
            format!("{status}{details}")
        }
    });
    words.join(" ")
}

async fn calls(scheme: &str, rows: Vec<(&str, Pattern, Answer, &str)>) {
    let mut wrong = Vec::new();
    for (what, pattern, answer, expected) in rows {
        let server = Server::start(http(scheme), move |request| {
            let answer = answer.clone();
            async move {
                read(&mut request.into_body()).await.unwrap_or_default();
                answer.response()
            }
        })
        .await;
        let client = client(scheme, &server).await;
        let reply = client.call(head(), pattern, Body::empty()).await;
        let found = outcome(reply).await;
        // Reasons that others word are told by how they start.
        let is = match expected.strip_suffix('…') {
            Some(start) => found.starts_with(start),
            None => found == expected,
        };
        if !is {
            wrong.push(format!("{what}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{scheme}: {wrong:#?}");
}

const PROTO: &[(&str, &str)] = &[("content-type", "application/grpc+proto")];
const BARE: &[(&str, &str)] = &[("content-type", "application/grpc; charset=x")];
const GZIP: &[(&str, &str)] = &[
    ("content-type", "application/grpc"),
    ("grpc-encoding", "gzip"),
];
const OK: &[(&str, &str)] = &[("grpc-status", "0"), ("k", "v")];

#[tokio::test]
async fn replies_of_grpc() {
    use Pattern::{ServerStreaming as Many, Unary};
    let a = || Answer::new(PROTO).body(frames(&[(0, b"a")]));
    let two = || Answer::new(BARE).body(frames(&[(0, b"a"), (0, b"b")]));
    let packed = gzip(b"abc");
    let rows = vec![
        ("one", Unary, a().trailers(OK), "a k=v ok"),
        ("two", Many, two().trailers(OK), "a b k=v ok"),
        ("none", Many, Answer::new(PROTO).trailers(OK), "k=v ok"),
        (
            "a status after messages",
            Many,
            two().trailers(&[
                ("grpc-status", "5"),
                ("grpc-message", "caf%C3%A9"),
                (
                    "grpc-status-details-bin",
                    "CAUaHAoXdHlwZS5nb29nbGVhcGlzLmNvbS9hLkISAXY=",
                ),
                ("blob-bin", "AQI=, AwQ"),
            ]),
            "a b blob-bin=AQI blob-bin=AwQ not_found: café (a.B b\"v\")",
        ),
        (
            "only trailers",
            Many,
            Answer::new(&[
                ("content-type", "application/grpc"),
                ("grpc-status", "9"),
                ("grpc-message", "no"),
                ("k", "v"),
            ]),
            "k=v failed_precondition: no",
        ),
        (
            "only trailers, and a status of HTTP",
            Unary,
            Answer::new(&[("grpc-status", "16"), ("grpc-message", "who")]).status(401),
            "unauthenticated: who",
        ),
        (
            "gzip",
            Many,
            Answer::new(GZIP)
                .body(frames(&[(1, &packed), (0, b"d")]))
                .trailers(OK),
            "abc d k=v ok",
        ),
        (
            "bad gzip",
            Many,
            Answer::new(GZIP).body(frames(&[(1, b"abc")])).trailers(OK),
            "internal: the reply cannot be read: a compressed message is not gzip…",
        ),
        (
            "a bomb",
            Unary,
            Answer::new(GZIP)
                .body(frames(&[(1, &gzip(&[0; 1000]))]))
                .trailers(OK),
            "resource_exhausted: the reply cannot be read: a message has more than the 100 bytes allowed",
        ),
        (
            "gzip that was not announced",
            Unary,
            Answer::new(PROTO)
                .body(frames(&[(1, &packed)]))
                .trailers(OK),
            "internal: the reply cannot be read: a message is compressed, but grpc-encoding is not set",
        ),
        (
            "another compression",
            Unary,
            Answer::new(&[
                ("content-type", "application/grpc"),
                ("grpc-encoding", "br"),
            ]),
            "internal: the server compressed with \"br\", not gzip, which was asked for",
        ),
        (
            "too large",
            Many,
            Answer::new(PROTO).body(frames(&[(0, b"a"), (0, &[b'x'; 101])])),
            "a resource_exhausted: the reply cannot be read: a message has more than the 100 bytes allowed",
        ),
        (
            "a torn message",
            Many,
            Answer::new(PROTO)
                .body(b"\0\0\0\0\x01a\0\0".to_vec())
                .trailers(OK),
            "a internal: the reply cannot be read: the body ended inside a message",
        ),
        (
            "no trailers",
            Many,
            two(),
            "a b internal: the server ended the reply without trailers",
        ),
        (
            "no trailers after one message",
            Unary,
            a(),
            "internal: the server ended the reply without trailers",
        ),
        (
            "no status in the trailers",
            Many,
            a().trailers(&[("k", "v")]),
            "a k=v internal: the trailers of the reply have no status",
        ),
        (
            "a status that is no number",
            Unary,
            a().trailers(&[("grpc-status", "x"), ("grpc-message", "m")]),
            "unknown: m",
        ),
        (
            "a status there is not",
            Unary,
            a().trailers(&[("grpc-status", "99"), ("grpc-status-details-bin", "?")]),
            "unknown: ",
        ),
        (
            "two messages for one",
            Unary,
            two().trailers(OK),
            "unimplemented: the server answered more than one message",
        ),
        (
            "no message for one",
            Unary,
            Answer::new(PROTO).trailers(OK),
            "unimplemented: the server answered without a message",
        ),
        (
            "a page",
            Unary,
            Answer::new(&[("content-type", "text/html")]).body("<html>"),
            "unknown: the server answered text/html, not application/grpc+proto",
        ),
        (
            "no type",
            Unary,
            Answer::new(&[]),
            "unknown: the server answered nothing, not application/grpc+proto",
        ),
        (
            "another codec",
            Unary,
            Answer::new(&[("content-type", "application/grpc+json")]),
            "internal: the server answered application/grpc+json, not application/grpc+proto",
        ),
        (
            "a gateway's page",
            Many,
            Answer::new(&[("content-type", "text/html")])
                .status(503)
                .body("busy\n"),
            "unavailable: HTTP 503 Service Unavailable: busy",
        ),
        (
            "a path there is not",
            Unary,
            Answer::new(&[]).status(404),
            "unimplemented: HTTP 404 Not Found",
        ),
        (
            "a reset",
            Many,
            Answer::new(PROTO).aborts(),
            "internal: the server reset the call…",
        ),
    ];
    calls(GRPC, rows).await;
}

const UNARY: &[(&str, &str)] = &[("content-type", "application/proto")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("trailer-k", "v")];
const STREAM: &[(&str, &str)] = &[("content-type", "application/connect+proto")];
const PACKED: &[(&str, &str)] = &[
    ("content-type", "application/connect+proto"),
    ("connect-content-encoding", "gzip"),
];

#[tokio::test]
async fn replies_of_connect() {
    use Pattern::{ClientStreaming as Sum, ServerStreaming as Many, Unary};
    let ended = |end: &[u8]| Answer::new(STREAM).body(frames(&[(0, b"a"), (wire::END, end)]));
    let rows = vec![
        ("one", Unary, Answer::new(UNARY).body("a"), "a ok"),
        (
            "one, and trailers",
            Unary,
            Answer::new(&[("content-type", "application/proto"), ("trailer-k", "v")]).body("a"),
            "a k=v ok",
        ),
        (
            "gzip",
            Unary,
            Answer::new(&[
                ("content-type", "application/proto"),
                ("content-encoding", "gzip"),
            ])
            .body(gzip(b"abc")),
            "abc ok",
        ),
        (
            "bad gzip",
            Unary,
            Answer::new(&[
                ("content-type", "application/proto"),
                ("content-encoding", "gzip"),
            ])
            .body("abc"),
            "internal: the reply cannot be read: a compressed message is not gzip…",
        ),
        (
            "too large",
            Unary,
            Answer::new(UNARY).body([b'x'; 101]),
            "resource_exhausted: the reply has more than the 100 bytes allowed",
        ),
        (
            "an error",
            Unary,
            Answer::new(JSON).status(404).body(
                r#"{"code":"not_found","message":"no","details":[{"type":"a.B","value":"dg"}]}"#,
            ),
            "k=v not_found: no (a.B b\"v\")",
        ),
        (
            "an error with another status",
            Unary,
            Answer::new(JSON).status(418).body(r#"{"code":"canceled"}"#),
            "k=v cancelled: ",
        ),
        (
            "an error without a code",
            Unary,
            Answer::new(JSON).status(503).body(r#"{"message":"later"}"#),
            "k=v unavailable: later",
        ),
        (
            "an error that is none",
            Unary,
            Answer::new(JSON).status(429).body("[1]"),
            "k=v unavailable: HTTP 429 Too Many Requests: [1]",
        ),
        (
            "a page",
            Unary,
            Answer::new(&[("content-type", "text/html")])
                .status(502)
                .body("<html>"),
            "unavailable: HTTP 502 Bad Gateway: <html>",
        ),
        (
            "a page that succeeds",
            Unary,
            Answer::new(&[("content-type", "text/html")]).body("<html>"),
            "unknown: the server answered text/html, not application/proto",
        ),
        (
            "another codec",
            Unary,
            Answer::new(JSON).body("{}"),
            "internal: the server answered application/json, not application/proto",
        ),
        ("a stream", Many, ended(b"{}"), "a ok"),
        (
            "one of a stream",
            Sum,
            ended(br#"{"metadata":{"k":["v"]}}"#),
            "a k=v ok",
        ),
        (
            "an end with an error",
            Many,
            ended(br#"{"error":{"code":"aborted","message":"no"},"metadata":{"K-Bin":["AQ=="]}}"#),
            "a k-bin=AQ aborted: no",
        ),
        (
            "an end with an error of no code",
            Many,
            ended(br#"{"error":{"code":"new"}}"#),
            "a unknown: ",
        ),
        (
            "an end that is not JSON",
            Many,
            ended(b"{"),
            "a internal: the reply cannot be read: the end of the reply: EOF…",
        ),
        (
            "no end",
            Many,
            Answer::new(STREAM).body(frames(&[(0, b"a")])),
            "a internal: the server ended the reply without its last frame",
        ),
        (
            "something after the end",
            Many,
            Answer::new(STREAM).body(frames(&[(wire::END, b"{}"), (0, b"a")])),
            "internal: the reply cannot be read: there is something after the last frame",
        ),
        (
            "gzip in a stream",
            Many,
            Answer::new(PACKED).body(frames(&[(1, &gzip(b"abc")), (3, &gzip(b"{}"))])),
            "abc ok",
        ),
        (
            "a stream of no messages for one",
            Sum,
            Answer::new(STREAM).body(frames(&[(wire::END, b"{}")])),
            "unimplemented: the server answered without a message",
        ),
        (
            "a stream of too large messages",
            Many,
            Answer::new(STREAM).body(frames(&[(0, &[b'x'; 101])])),
            "resource_exhausted: the reply cannot be read: a message has more than the 100 bytes allowed",
        ),
        (
            "a stream of another type",
            Many,
            Answer::new(UNARY),
            "unknown: the server answered application/proto, not application/connect+proto",
        ),
        (
            "a path there is not",
            Many,
            Answer::new(&[]).status(404).body("nobody"),
            "unimplemented: HTTP 404 Not Found: nobody",
        ),
        (
            "a connection that breaks",
            Many,
            Answer::new(STREAM).aborts(),
            "unavailable: the connection broke…",
        ),
    ];
    calls(CONNECT, rows).await;
}

#[tokio::test]
async fn what_a_call_says() {
    let grpc: &[(&str, &str)] = &[
        ("content-type", "application/grpc+proto"),
        ("te", "trailers"),
        ("grpc-accept-encoding", "gzip"),
    ];
    let unary: &[(&str, &str)] = &[
        ("content-type", "application/proto"),
        ("accept-encoding", "gzip"),
        ("connect-protocol-version", "1"),
    ];
    let stream: &[(&str, &str)] = &[
        ("content-type", "application/connect+proto"),
        ("connect-accept-encoding", "gzip"),
        ("connect-protocol-version", "1"),
    ];
    let rows = [
        (GRPC, Pattern::Unary, grpc, "grpc-timeout", "\0\0\0\0\0"),
        (GRPC, Pattern::ClientStreaming, grpc, "grpc-timeout", ""),
        (CONNECT, Pattern::Unary, unary, "connect-timeout-ms", ""),
        (
            CONNECT,
            Pattern::ServerStreaming,
            stream,
            "connect-timeout-ms",
            "\0\0\0\0\0",
        ),
    ];
    for (scheme, pattern, headers, timeout, sent) in rows {
        let (seen, mut requests) = mpsc::channel(1);
        let server = Server::start(http(scheme), move |request| {
            let seen = seen.clone();
            async move {
                let (parts, mut body) = request.into_parts();
                let body = read(&mut body).await.unwrap();
                seen.send((parts, body)).await.unwrap();
                ok("")
            }
        })
        .await;
        let client = client(scheme, &server).await;
        let mut head = head();
        for (key, value) in [("k", "1"), ("k", "2"), ("b-bin", "AQI"), ("grpc-x", "no")] {
            head.metadata.insert(key, value).unwrap();
        }
        head.deadline = Deadline::after(now(), Duration::from_secs(60));
        client.call(head, pattern, Body::empty()).await.unwrap_err();
        let (parts, body) = requests.recv().await.unwrap();
        assert_eq!(parts.method, "POST");
        assert_eq!(parts.uri.path(), "/demo.users.v1.Users/GetUser");
        assert_eq!(body, sent, "{scheme} {pattern:?}");
        for (name, value) in headers {
            assert_eq!(parts.headers[*name], value, "{scheme} {pattern:?}");
        }
        let all: Vec<_> = parts.headers.get_all("k").iter().collect();
        assert_eq!(all, ["1", "2"]);
        assert_eq!(parts.headers["b-bin"], "AQI");
        assert!(!parts.headers.contains_key("grpc-x"));
        assert!(parts.headers.contains_key(timeout), "{scheme} {pattern:?}");
    }
}

#[tokio::test]
async fn messages_cross_one_by_one_and_a_dropped_reply_cancels() {
    for scheme in [GRPC, CONNECT] {
        let (started, mut writers) = mpsc::channel(1);
        let server = Server::start(http(scheme), move |request| {
            let started = started.clone();
            async move {
                let (writer, body) = writer();
                let media = request.headers()["content-type"].clone();
                started.send((request.into_body(), writer)).await.unwrap();
                let mut response = Response::new(body);
                response.headers_mut().insert("content-type", media);
                response
            }
        })
        .await;
        let client = client(scheme, &server).await;
        let (sender, body) = feed();
        let call = client.call(head(), Pattern::ServerStreaming, body);
        let mut reply = call.await.unwrap();
        let (mut request, writer) = writers.recv().await.unwrap();
        sender.send(Ok("first".into())).await.unwrap();
        let data = request.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(data, &b"\0\0\0\0\x05first"[..]);
        writer.data(frames(&[(0, b"answer")])).await;
        assert_eq!(message(&mut reply).await, "answer");
        drop(reply);
        let broken = read(&mut request).await;
        assert!(broken.is_err(), "{scheme}: {broken:?}");
        // NB hyper's HTTP/1.1 server drops the response only once it fails to
        // write it.
        if http(scheme) == Http::Two {
            writer.dropped().await;
        }
    }
}

/// Bytes of one message of an endless reply, with its prefix.
const PIECE: usize = 10 << 10;

#[tokio::test]
async fn a_reply_nobody_reads_fills_its_window_and_no_more() {
    for window in [64 << 10, 1 << 20] {
        let (started, mut writers) = mpsc::channel(1);
        let server = Server::start(Http::Two, move |_| {
            let started = started.clone();
            async move {
                let (writer, body) = writer();
                started.send(writer).await.unwrap();
                let mut response = Response::new(body);
                *response.headers_mut() = map(PROTO);
                response
            }
        })
        .await;
        let config = ClientConfig {
            stream_window: window,
            ..ClientConfig::default()
        };
        let url = format!("grpc://{}", server.addr);
        let client = Client::connect_with(&url, None, config).await.unwrap();
        let call = client.call(head(), Pattern::ServerStreaming, Body::empty());
        let mut reply = call.await.unwrap();
        let writer = writers.recv().await.unwrap();
        let piece = Bytes::from(frames(&[(0, &[b'x'; PIECE - frame::PREFIX])]));
        let mut sent = 0;
        // Nothing tells that a write waits but that it goes on waiting.
        while tokio::time::timeout(Duration::from_millis(300), writer.data(piece.clone()))
            .await
            .is_ok()
        {
            sent += PIECE;
        }
        let window = window as usize;
        assert!(
            (window..window + 8 * PIECE).contains(&sent),
            "{sent} bytes went into a window of {window}"
        );
        // What is read makes room.
        for _ in 0..sent / PIECE {
            message(&mut reply).await;
        }
        writer.data(piece).await;
        message(&mut reply).await;
    }
}

#[tokio::test]
async fn a_request_that_fails_is_the_status() {
    for scheme in [GRPC, CONNECT] {
        let server = Server::start(http(scheme), |request| async move {
            read(&mut request.into_body()).await.unwrap_or_default();
            ok("")
        })
        .await;
        let client = client(scheme, &server).await;
        let (sender, body) = feed();
        sender.send(Err(Status::not_found("mine"))).await.unwrap();
        let call = client.call(head(), Pattern::ClientStreaming, body);
        assert_eq!(call.await.unwrap_err(), Status::not_found("mine"));
    }
}

#[tokio::test]
async fn a_deadline_ends_a_silent_stream() {
    for scheme in [GRPC, CONNECT] {
        let server = Server::start(http(scheme), |request| async move {
            let (writer, body) = writer();
            let mut response = Response::new(body);
            let media = request.headers()["content-type"].clone();
            response.headers_mut().insert("content-type", media);
            // Until the client is gone.
            tokio::task::spawn_blocking(move || {
                tokio::runtime::Handle::current().block_on(writer.dropped());
            });
            response
        })
        .await;
        let client = client(scheme, &server).await;
        let head = Head {
            deadline: Deadline::after(now(), Duration::from_millis(200)),
            ..head()
        };
        let call = client.call(head, Pattern::ServerStreaming, Body::empty());
        let mut reply = call.await.unwrap();
        let status = end(&mut reply).await.result.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{scheme}");
    }
}

#[tokio::test]
async fn a_server_that_answers_no_pings_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("grpc://{}", listener.local_addr().unwrap());
    let config = ClientConfig {
        keep_alive: Some(KeepAlive {
            interval: Duration::from_millis(20),
            timeout: Duration::from_millis(20),
        }),
        ..ClientConfig::default()
    };
    let accepted = async {
        let (mut io, _) = listener.accept().await.unwrap();
        // Its settings, which are empty.
        io.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        io
    };
    let (client, _io) = tokio::join!(Client::connect_with(&url, None, config), accepted);
    let call = client.unwrap();
    let call = call.call(head(), Pattern::Unary, Body::empty()).await;
    assert_eq!(call.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn what_cannot_be_called() {
    let config = ClientConfig::default;
    for (url, http) in [
        ("grpc://h:1/x", None),
        ("http://h:1", None),
        ("connect://h:1", None),
        ("grpc://h:1", Some(Http::One)),
    ] {
        let status = Client::connect_with(url, http, config()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{url}: {status}");
    }
    let server = Server::start(Http::Two, |_| async { Response::new(full("")) }).await;
    let client = client(GRPC, &server).await;
    for (request, reply) in [
        (Encoding::Raw, Encoding::Raw),
        (Encoding::Query, Encoding::Query),
        (Encoding::Proto, Encoding::ProtoJson),
    ] {
        let head = Head {
            request,
            reply,
            ..head()
        };
        let call = client.call(head, Pattern::Unary, Body::empty());
        assert_eq!(call.await.unwrap_err().code(), Code::InvalidArgument);
    }
}
