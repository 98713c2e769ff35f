//! gRPC framing with JSON messages on plain paths, frame by frame over h2c.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod errors;
mod large;
mod patterns;

use std::net::SocketAddr;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::HeaderMap;
use ostler_tests::{H2, H2Call, Head, Step};

/// One call.
struct Call {
    call: H2Call,
    received: BytesMut,
    /// Lives as long as its stream.
    _connection: H2,
}

/// A whole reply.
struct Reply {
    head: Head,
    messages: Vec<String>,
    /// The head's fields when there is nothing else.
    trailers: HeaderMap,
    /// Whether the head was all.
    trailers_only: bool,
}

impl Reply {
    fn trailer(&self, name: &str) -> &str {
        let value = self.trailers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The messages and the status.
    fn told(&self) -> (Vec<&str>, &str) {
        let messages = self.messages.iter().map(String::as_str).collect();
        (messages, self.trailer("grpc-status"))
    }
}

/// A message with its prefix.
fn frame(message: &str) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap());
    out.put_slice(message.as_bytes());
    out.freeze()
}

fn frames(messages: &[&str]) -> Bytes {
    messages
        .iter()
        .copied()
        .map(frame)
        .collect::<Vec<_>>()
        .concat()
        .into()
}

impl Call {
    async fn open(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = http::Request::post(format!("http://{addr}{path}"))
            .header("content-type", "application/grpc+json")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let connection = H2::connect(addr).await;
        let call = connection.request(request.body(()).unwrap(), false).await;
        Self {
            call,
            received: BytesMut::new(),
            _connection: connection,
        }
    }

    async fn send(&mut self, message: &str) {
        self.call.send(frame(message)).await;
    }

    /// The next message; the trailers after the last one.
    async fn message(&mut self) -> Result<String, HeaderMap> {
        loop {
            let length = self
                .received
                .get(1..5)
                .map(|mut length| length.get_u32() as usize);
            if let Some(length) = length.filter(|length| self.received.len() >= 5 + length) {
                assert_eq!(self.received[0], 0, "no message is compressed");
                self.received.advance(5);
                let message = self.received.split_to(length);
                return Ok(String::from_utf8(message.to_vec()).unwrap());
            }
            match self.call.read().await {
                Step::Data(data) => self.received.extend_from_slice(&data),
                Step::End(trailers) => {
                    assert!(self.received.is_empty(), "{:?} is left", self.received);
                    return Err(trailers);
                }
                Step::Broken(why) => panic!("the reply broke off: {why}"),
            }
        }
    }

    async fn rest(mut self) -> Reply {
        let head = self.call.head().await;
        let mut messages = Vec::new();
        let trailers = loop {
            match self.message().await {
                Ok(message) => messages.push(message),
                Err(trailers) => break trailers,
            }
        };
        let trailers_only = trailers.is_empty();
        let trailers = if trailers_only {
            head.headers.clone()
        } else {
            trailers
        };
        Reply {
            head,
            messages,
            trailers,
            trailers_only,
        }
    }
}

/// Sends a whole body and reads the whole reply.
async fn call(addr: SocketAddr, path: &str, headers: &[(&str, &str)], body: Bytes) -> Reply {
    let mut call = Call::open(addr, path, headers).await;
    call.call.send(body).await;
    call.call.finish();
    call.rest().await
}
