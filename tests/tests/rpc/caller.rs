//! Calls in every protocol, and what became of them.

use std::fmt;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;
use ostler_tests::{Exchange, Head, Http, Request, Step};

use crate::told::{End, HTTP, Told, lines, of_bare, of_connect, of_connect_end, of_grpc};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Grpc,
    Web,
    WebText,
    Connect,
}

/// A protocol over a version of HTTP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wire {
    pub(crate) protocol: Protocol,
    pub(crate) http: Http,
}

impl Wire {
    pub(crate) const ALL: [Self; 7] = [
        Self::new(Protocol::Grpc, Http::Two),
        Self::new(Protocol::Web, Http::One),
        Self::new(Protocol::Web, Http::Two),
        Self::new(Protocol::WebText, Http::One),
        Self::new(Protocol::WebText, Http::Two),
        Self::new(Protocol::Connect, Http::One),
        Self::new(Protocol::Connect, Http::Two),
    ];

    pub(crate) const fn connect(http: Http) -> Self {
        Self::new(Protocol::Connect, http)
    }

    const fn new(protocol: Protocol, http: Http) -> Self {
        Self { protocol, http }
    }

    /// A header that has this name in gRPC, or that one in Connect.
    pub(crate) fn header(self, grpc: &'static str, connect: &'static str) -> &'static str {
        match self.protocol {
            Protocol::Connect => connect,
            _ => grpc,
        }
    }

    /// The header of a timeout.
    pub(crate) fn timeout(self, millis: u32) -> (&'static str, String) {
        match self.protocol {
            Protocol::Connect => ("connect-timeout-ms", millis.to_string()),
            _ => ("grpc-timeout", format!("{millis}m")),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Grpc => "gRPC",
            Protocol::Web => "gRPC-Web",
            Protocol::WebText => "gRPC-Web text",
            Protocol::Connect => "Connect",
        };
        write!(f, "{protocol} over {}", self.http)
    }
}

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    pub(crate) path: &'static str,
    pub(crate) codec: &'static str,
    /// Whether a side streams.
    pub(crate) streams: bool,
}

impl Method {
    /// A method with one message each way.
    pub(crate) const fn unary(path: &'static str) -> Self {
        Self {
            path,
            codec: "json",
            streams: false,
        }
    }

    pub(crate) const fn stream(path: &'static str) -> Self {
        Self {
            streams: true,
            ..Self::unary(path)
        }
    }

    pub(crate) const fn proto(self) -> Self {
        Self {
            codec: "proto",
            ..self
        }
    }

    pub(crate) fn media(self, protocol: Protocol) -> String {
        let codec = self.codec;
        match protocol {
            Protocol::Grpc => format!("application/grpc+{codec}"),
            Protocol::Web => format!("application/grpc-web+{codec}"),
            Protocol::WebText => format!("application/grpc-web-text+{codec}"),
            Protocol::Connect if self.streams => format!("application/connect+{codec}"),
            Protocol::Connect => format!("application/{codec}"),
        }
    }
}

/// One call.
pub(crate) struct Call {
    exchange: Exchange,
    wire: Wire,
    method: Method,
    pub(crate) head: Option<Head>,
    /// Frames that have come.
    received: BytesMut,
    /// Base64 that has come, less than a group.
    text: BytesMut,
}

/// A message with its prefix.
pub(crate) fn frame(flag: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![flag];
    out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
    out.extend_from_slice(data);
    out
}

impl Call {
    pub(crate) async fn open(
        addr: SocketAddr,
        wire: Wire,
        method: Method,
        headers: &[(&str, &str)],
    ) -> Self {
        let mut request =
            Request::new("POST", method.path).header("content-type", &method.media(wire.protocol));
        if wire.protocol == Protocol::Grpc {
            request = request.header("te", "trailers");
        }
        let says_connect = headers
            .iter()
            .any(|(n, _)| *n == "connect-protocol-version");
        if wire.protocol == Protocol::Connect && !says_connect {
            request = request.header("connect-protocol-version", "1");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        Self {
            exchange: Exchange::open(addr, wire.http, &request).await,
            wire,
            method,
            head: None,
            received: BytesMut::new(),
            text: BytesMut::new(),
        }
    }

    /// Whether messages are in frames.
    fn is_framed(&self) -> bool {
        self.wire.protocol != Protocol::Connect || self.method.streams
    }

    /// Sends a message, compressed or not.
    pub(crate) async fn send(&mut self, flag: u8, message: &[u8]) {
        if self.is_framed() {
            self.send_bytes(&frame(flag, message)).await;
        } else {
            self.exchange.send(message).await;
        }
    }

    /// Sends a piece of the body.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        match self.wire.protocol {
            Protocol::WebText => self.exchange.send(STANDARD.encode(bytes).as_bytes()).await,
            _ => self.exchange.send(bytes).await,
        }
    }

    pub(crate) async fn finish(&mut self) {
        self.exchange.finish().await;
    }

    /// The head of the reply.
    pub(crate) async fn head(&mut self) -> Head {
        if self.head.is_none() {
            let head = self.exchange.head().await;
            assert_eq!(head.headers.get_all("content-type").iter().count(), 1);
            self.head = Some(head);
        }
        self.head.clone().unwrap()
    }

    /// The next message and its flag, or the end.
    pub(crate) async fn next(&mut self) -> Result<(u8, Bytes), End> {
        let head = self.head().await;
        if !self.is_framed() {
            return self.bare(head).await;
        }
        assert_eq!(head.status, 200);
        let media = self.method.media(self.wire.protocol);
        assert_eq!(head.header("content-type"), media);
        loop {
            if let Some((flag, data)) = self.frame() {
                match self.wire.protocol {
                    Protocol::Web | Protocol::WebText if flag == 0x80 => {
                        self.must_end().await;
                        return Err(of_grpc(&lines(&data)));
                    }
                    Protocol::Connect if flag == 2 => {
                        self.must_end().await;
                        return Err(of_connect_end(&data));
                    }
                    _ => assert!(flag <= 1, "a message has the flag {flag}"),
                }
                return Ok((flag, data));
            }
            match self.exchange.read().await {
                Step::Data(data) => self.receive(&data),
                Step::End(trailers) => {
                    self.must_be_empty();
                    return Err(self.ended(&head, trailers));
                }
                Step::Broken(why) => panic!("the reply broke off: {why}"),
            }
        }
    }

    /// The end where no frame has it.
    fn ended(&self, head: &Head, trailers: HeaderMap) -> End {
        match self.wire.protocol {
            Protocol::Connect => panic!("there was no last frame"),
            Protocol::Grpc if !trailers.is_empty() => {
                assert!(!head.headers.contains_key("grpc-status"));
                of_grpc(&trailers)
            }
            // The head was all.
            _ => {
                assert!(trailers.is_empty(), "these trailers no browser reads");
                of_grpc(&head.headers)
            }
        }
    }

    async fn must_end(&mut self) {
        self.must_be_empty();
        match self.exchange.read().await {
            Step::End(trailers) => assert!(trailers.is_empty(), "{trailers:?}"),
            step => panic!("{step:?} after the last frame"),
        }
    }

    fn must_be_empty(&self) {
        let left = (&self.received, &self.text);
        assert!(left.0.is_empty() && left.1.is_empty(), "{left:?} is left");
    }

    fn receive(&mut self, data: &[u8]) {
        if self.wire.protocol != Protocol::WebText {
            return self.received.extend_from_slice(data);
        }
        self.text.extend_from_slice(data);
        // Padding may be anywhere: each piece is encoded by itself.
        while self.text.len() >= 4 {
            let group = self.text.split_to(4);
            let bytes = STANDARD.decode(group).unwrap();
            self.received.extend_from_slice(&bytes);
        }
    }

    fn frame(&mut self) -> Option<(u8, Bytes)> {
        let length = self.received.get(1..5)?.get_u32() as usize;
        if self.received.len() < 5 + length {
            return None;
        }
        let prefix = self.received.split_to(5);
        Some((prefix[0], self.received.split_to(length).freeze()))
    }

    /// The whole reply of a call without frames, as a message or its error;
    /// then the end.
    async fn bare(&mut self, head: Head) -> Result<(u8, Bytes), End> {
        let mut body = BytesMut::new();
        loop {
            match self.exchange.read().await {
                Step::Data(data) => body.extend_from_slice(&data),
                Step::End(trailers) => {
                    assert!(trailers.is_empty(), "{trailers:?}");
                    break;
                }
                Step::Broken(why) => panic!("the reply broke off: {why}"),
            }
        }
        if head.status != 200 {
            let trailers = of_bare(&head).trailers;
            assert_eq!(head.header("content-type"), "application/json");
            assert_eq!(head.header("content-encoding"), "");
            let end = of_connect(serde_json::from_slice(&body).unwrap());
            assert_eq!(head.status, HTTP[end.code as usize]);
            return Err(End { trailers, ..end });
        }
        assert_eq!(
            head.header("content-type"),
            self.method.media(self.wire.protocol)
        );
        let compressed = head.header("content-encoding") == "gzip";
        Ok((u8::from(compressed), body.freeze()))
    }

    pub(crate) async fn rest(mut self) -> Told {
        let head = self.head().await;
        let mut frames = Vec::new();
        let end = loop {
            match self.next().await {
                Ok(frame) if self.is_framed() => frames.push(frame),
                Ok(frame) => {
                    frames.push(frame);
                    break of_bare(&head);
                }
                Err(end) => break end,
            }
        };
        Told { head, frames, end }
    }
}

/// Sends these messages and reads the whole reply.
pub(crate) async fn call(
    addr: SocketAddr,
    wire: Wire,
    method: Method,
    headers: &[(&str, &str)],
    messages: &[&[u8]],
) -> Told {
    let mut call = Call::open(addr, wire, method, headers).await;
    for message in messages {
        call.send(0, message).await;
    }
    call.finish().await;
    call.rest().await
}
