//! Calls over any transport, and what became of them.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use ostler_call::{Body, Code, End, Head, Kind, MessageStream, Metadata, Next, Reply, Status};
use ostler_schema::Pattern;
use ostler_transport::http::client::{self as http, Http};
use ostler_transport::rpc::client as rpc;
use ostler_transport::websocket::client as websocket;
use serde_json::Value;

/// What carries a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// JSON over HTTP/1.1.
    Http1,
    /// JSON over HTTP/2 without TLS.
    H2c,
    /// Envelopes of `ostler.v1`.
    WebSocket,
    /// gRPC with JSON.
    Grpc,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http1, Self::H2c, Self::WebSocket, Self::Grpc];
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => "HTTP/1.1",
            Self::H2c => "h2c",
            Self::WebSocket => "WebSocket",
            Self::Grpc => "gRPC",
        })
    }
}

/// A client of one host.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Over HTTP.
    Http(http::Client),
    /// Over a WebSocket.
    WebSocket(websocket::Client),
    /// In gRPC.
    Grpc(rpc::Client),
}

impl Caller {
    /// Connects to a host.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn connect(transport: Transport, addr: SocketAddr) -> Self {
        let http = async |version| {
            let url = format!("http://{addr}");
            Self::Http(
                http::Client::connect(&url, version)
                    .await
                    .expect("the host listens"),
            )
        };
        match transport {
            Transport::Http1 => http(Http::One).await,
            Transport::H2c => http(Http::Two).await,
            Transport::WebSocket => {
                let url = format!("ws://{addr}");
                Self::WebSocket(
                    websocket::Client::connect(&url)
                        .await
                        .expect("the host listens"),
                )
            }
            Transport::Grpc => {
                let url = format!("grpc://{addr}");
                Self::Grpc(rpc::Client::connect(&url).await.expect("the host listens"))
            }
        }
    }

    /// Makes a call.
    ///
    /// # Errors
    /// As the client has it.
    pub async fn call(&self, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
        match self {
            Self::Http(client) => client.call(head, pattern, body).await,
            Self::WebSocket(client) => client.call(head, pattern, body).await,
            Self::Grpc(client) => client.call(head, pattern, body).await,
        }
    }
}

/// Messages that are there; then the end, or nothing.
#[derive(Debug)]
pub struct Fed {
    messages: VecDeque<Bytes>,
    ends: bool,
}

impl Fed {
    /// These messages; then the end, if it `ends`.
    pub fn new(messages: &[Value], ends: bool) -> Self {
        Self {
            messages: messages.iter().map(|m| m.to_string().into()).collect(),
            ends,
        }
    }
}

impl MessageStream for Fed {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Next> {
        match self.messages.pop_front() {
            Some(message) => Poll::Ready(Next::Message(message)),
            None if self.ends => Poll::Ready(Next::End(End::ok())),
            // Nobody wakes this up: the call ends by other means.
            None => Poll::Pending,
        }
    }
}

/// How a call ended, whatever carried it.
#[derive(Debug)]
pub struct Outcome {
    /// What was answered.
    pub messages: Vec<Value>,
    /// How it ended.
    pub code: Code,
    /// Why.
    pub text: String,
    /// Metadata of the end, and of the head where there is no other.
    pub trailers: Metadata,
}

impl Outcome {
    /// Reads a reply to its end.
    ///
    /// # Panics
    /// When it is no JSON.
    pub async fn of(reply: Reply) -> Self {
        // HTTP has no trailers where the head already has the status.
        let headers = reply.headers.clone();
        let mut messages = Vec::new();
        let end = read(reply, &mut messages).await;
        let mut trailers = headers;
        for (key, value) in end.trailers.iter() {
            if trailers.get(key).is_none() {
                trailers.insert(key, value).expect("it was metadata before");
            }
        }
        let (code, text) = match end.result {
            Ok(()) => (Code::Ok, String::new()),
            Err(status) => (status.code(), status.message().to_owned()),
        };
        Self {
            messages,
            code,
            text,
            trailers,
        }
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self {
            messages: Vec::new(),
            code: status.code(),
            text: status.message().to_owned(),
            trailers: Metadata::new(),
        }
    }
}

/// Reads a reply to its end.
///
/// # Panics
/// When it is no JSON.
pub async fn read(reply: Reply, messages: &mut Vec<Value>) -> End {
    let value = |bytes: &Bytes| serde_json::from_slice(bytes).expect("a reply is JSON");
    match reply.body.kind {
        Kind::Empty(end) => end,
        Kind::One(message, trailers) => {
            messages.push(value(&message));
            let result = Ok(());
            End { result, trailers }
        }
        Kind::Stream(mut stream) => loop {
            match poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                Next::Message(message) => messages.push(value(&message)),
                Next::End(end) => return end,
            }
        },
    }
}
