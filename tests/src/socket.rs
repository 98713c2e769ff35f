//! A WebSocket as a client sees it: envelopes, and the frames they are in.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderName, HeaderValue, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::within;

/// The subprotocol with windows and cancellation.
pub const OSTLER: &str = "ostler.v1";

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What a socket said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// An envelope, or another JSON text.
    Text(Value),
    /// It is closed, with a code and a reason when the peer gave them.
    Closed(Option<(u16, String)>),
}

impl Socket {
    /// Opens a socket that speaks `ostler.v1`.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn ostler(addr: SocketAddr) -> Self {
        let headers = [(SEC_WEBSOCKET_PROTOCOL.as_str(), OSTLER)];
        let opened = Self::open(addr, "/", &headers).await;
        opened.expect("the host opens sockets")
    }

    /// Opens a socket that speaks as MicroAPI does.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn microapi(addr: SocketAddr) -> Self {
        let opened = Self::open(addr, "/", &[]).await;
        opened.expect("the host opens sockets")
    }

    /// Opens a socket with further headers.
    ///
    /// # Errors
    /// The response of a host that refuses.
    pub async fn open(
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Response<Option<Vec<u8>>>> {
        let connection = TcpStream::connect(addr).await.expect("the host listens");
        connection.set_nodelay(true).expect("small frames may go");
        let url = format!("ws://{addr}{path}");
        let mut request = url.into_client_request().expect("the URL is one");
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            let value: HeaderValue = value.parse().expect("a header's value");
            request.headers_mut().insert(name, value);
        }
        match within("the handshake", client_async(request, connection)).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(response)) => Err(*response),
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Sends an envelope in a text frame.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn send(&mut self, envelope: Value) {
        self.frame(Message::text(envelope.to_string())).await;
    }

    /// Sends any frame.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn frame(&mut self, frame: Message) {
        within("room in the socket", self.stream.send(frame))
            .await
            .expect("the socket takes a frame");
    }

    /// Opens a call of `service.method`.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn request(&mut self, id: &str, method: &str, payload: Value) {
        self.send(opening("request", id, method, payload)).await;
    }

    /// Sends one message of a stream.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn push(&mut self, id: &str, payload: Value) {
        let envelope = json!({"type": "stream_push", "id": id, "payload": payload});
        self.send(envelope).await;
    }

    /// Ends a stream.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn end(&mut self, id: &str) {
        self.send(json!({"type": "stream_end", "id": id})).await;
    }

    /// Waits for a frame that is a ping, or the answer to one.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn ping(&mut self) -> Message {
        loop {
            match within("a ping", self.stream.next()).await {
                Some(Ok(frame @ (Message::Ping(_) | Message::Pong(_)))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => panic!("the socket was closed"),
            }
        }
    }

    /// What is said next.
    ///
    /// # Panics
    /// When nothing is in time.
    pub async fn next(&mut self) -> Said {
        loop {
            let frame = within("the socket", self.stream.next()).await;
            match frame {
                Some(Ok(Message::Text(text))) => {
                    let value = serde_json::from_str(&text);
                    return Said::Text(value.unwrap_or_else(|e| panic!("{text}: {e}")));
                }
                Some(Ok(Message::Close(close))) => {
                    let close = close.map(|c| (c.code.into(), c.reason.to_string()));
                    return Said::Closed(close);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Said::Closed(None),
            }
        }
    }

    /// The next envelope.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn envelope(&mut self) -> Value {
        match self.next().await {
            Said::Text(value) => value,
            Said::Closed(why) => panic!("the socket was closed: {why:?}"),
        }
    }

    /// The next envelope of the call `id`; those of others are dropped.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn of(&mut self, id: &str) -> Value {
        loop {
            let envelope = self.envelope().await;
            if envelope["id"] == id {
                return envelope;
            }
        }
    }

    /// Payloads of the call `id` up to its `stream_end` or `response`, which
    /// comes second.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn stream(&mut self, id: &str) -> (Vec<Value>, Value) {
        let mut payloads = Vec::new();
        loop {
            let mut envelope = self.of(id).await;
            match envelope["type"].as_str() {
                Some("stream_push") => payloads.push(envelope["payload"].take()),
                Some("stream_end" | "response") => return (payloads, envelope),
                _ => {}
            }
        }
    }

    /// Waits for the close, whatever else is said.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            if let Said::Closed(why) = self.next().await {
                return why;
            }
        }
    }

    /// Nothing is read or written by this any more but raw bytes.
    pub fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }
}

/// The envelope that opens a call of `service.method`.
///
/// # Panics
/// When `method` has no dot.
pub fn opening(kind: &str, id: &str, method: &str, payload: Value) -> Value {
    let (service, method) = method.rsplit_once('.').expect("SERVICE.METHOD");
    json!({
        "type": kind, "service": service, "method": method, "id": id, "payload": payload,
        "metadata": {}, "error": null, "status_code": 0,
    })
}

/// A frame with any bytes as its text.
pub fn binary(bytes: impl Into<Vec<u8>>) -> Message {
    Message::Binary(Bytes::from(bytes.into()))
}
