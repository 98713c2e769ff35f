//! A request and its response on either version of HTTP, so that one row of a
//! table runs on both.

use std::fmt;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use memchr::memchr;
use serde_json::Value;

use crate::{H2, H2Call, Head, RawHttp, Step};

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    /// HTTP/1.1, a connection each.
    One,
    /// HTTP/2 with prior knowledge, a connection each.
    Two,
}

impl Http {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::One, Self::Two];
}

impl fmt::Display for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "HTTP/1.1",
            Self::Two => "h2c",
        })
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    verb: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Request {
    /// A request of that verb without a body.
    pub fn new(verb: &'static str, path: &str) -> Self {
        Self {
            verb,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// A GET.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A POST of JSON.
    pub fn json(path: &str, body: impl Into<Bytes>) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/json")
            .body(body)
    }

    /// A POST of NDJSON.
    pub fn ndjson(path: &str, body: impl Into<Bytes>) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/x-ndjson")
            .body(body)
    }

    /// A POST of bytes.
    pub fn raw(path: &str, body: impl Into<Bytes>) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/octet-stream")
            .body(body)
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The head as HTTP/1.1 writes it, without the empty line.
    fn text(&self, addr: SocketAddr) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {addr}\r\n", self.verb, self.path);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text
    }

    fn head(&self, addr: SocketAddr) -> http::Request<()> {
        let uri = format!("http://{addr}{}", self.path);
        let mut builder = http::Request::builder().method(self.verb).uri(uri);
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder.body(()).expect("tests write what can be sent")
    }
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its head.
    pub head: Head,
    /// The body, as far as it came.
    pub body: Bytes,
    /// Trailers; none when the body broke off.
    pub trailers: HeaderMap,
    /// Why the body broke off.
    pub broken: Option<String>,
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The first value of a header, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.head.header(name)
    }

    /// The first value of a trailer, empty when there is none.
    pub fn trailer(&self, name: &str) -> &str {
        let value = self.trailers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or("not ASCII"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{}: {:?} is not JSON: {e}", self.status(), self.text()))
    }

    /// The lines of the body, each as JSON.
    ///
    /// # Panics
    /// When one is not.
    pub fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let value = |line| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?} is not JSON: {e}"))
        };
        text.lines().map(value).collect()
    }
}

/// A call in progress: both sides, step by step.
#[derive(Debug)]
pub struct Exchange {
    verb: &'static str,
    wire: Wire,
    /// Received and not yet given as a line.
    lines: BytesMut,
}

#[derive(Debug)]
enum Wire {
    One(RawHttp),
    Two {
        call: H2Call,
        /// Lives as long as its stream.
        _connection: H2,
    },
}

/// Sends a whole request and reads the whole response.
pub async fn call(addr: SocketAddr, http: Http, request: Request) -> Answer {
    let mut exchange = Exchange::start(addr, http, &request, false).await;
    let head = exchange.head().await;
    exchange.rest(head).await
}

impl Exchange {
    /// Sends a head and what body there is; more follows by
    /// [`Exchange::send`] until [`Exchange::finish`].
    pub async fn open(addr: SocketAddr, http: Http, request: &Request) -> Self {
        Self::start(addr, http, request, true).await
    }

    async fn start(addr: SocketAddr, http: Http, request: &Request, more: bool) -> Self {
        let wire = match http {
            Http::One => Wire::One(start_one(addr, request, more).await),
            Http::Two => {
                let connection = H2::connect(addr).await;
                let ends = !more && request.body.is_empty();
                let mut call = connection.request(request.head(addr), ends).await;
                call.send(request.body.clone()).await;
                if !more && !ends {
                    call.finish();
                }
                Wire::Two {
                    call,
                    _connection: connection,
                }
            }
        };
        Self {
            verb: request.verb,
            wire,
            lines: BytesMut::new(),
        }
    }

    /// Sends more of the request's body.
    pub async fn send(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::One(connection) => connection.write_chunk(bytes).await,
            Wire::Two { call, .. } => call.send(bytes.to_vec()).await,
        }
    }

    /// Ends the request's body.
    pub async fn finish(&mut self) {
        match &mut self.wire {
            Wire::One(connection) => connection.write_chunk(b"").await,
            Wire::Two { call, .. } => call.finish(),
        }
    }

    /// The head of the response, after interim ones.
    ///
    /// # Panics
    /// When there is none, or it was read before.
    pub async fn head(&mut self) -> Head {
        match &mut self.wire {
            Wire::One(connection) => loop {
                let head = connection.head(self.verb).await;
                if head.status >= 200 {
                    return head;
                }
            },
            Wire::Two { call, .. } => call.head().await,
        }
    }

    /// The next bytes of the response's body, or its end.
    ///
    /// # Panics
    /// When nothing comes, or the head was not read before.
    pub async fn read(&mut self) -> Step {
        match &mut self.wire {
            Wire::One(connection) => connection.read().await,
            Wire::Two { call, .. } => call.read().await,
        }
    }

    /// The next line of the response's body as JSON; nothing at its end.
    ///
    /// # Panics
    /// When it is not JSON, the body breaks off, or nothing comes.
    pub async fn line(&mut self) -> Option<Value> {
        let mut seen = 0;
        loop {
            // Searched once, and fast: a line may have megabytes.
            if let Some(at) = memchr(b'\n', &self.lines[seen..]) {
                let line = self.lines.split_to(seen + at + 1);
                let value = serde_json::from_slice(&line);
                return Some(value.unwrap_or_else(|e| panic!("{line:?} is not JSON: {e}")));
            }
            seen = self.lines.len();
            match self.read().await {
                Step::Data(data) => self.lines.extend_from_slice(&data),
                Step::End(_) if self.lines.is_empty() => return None,
                end => panic!("{end:?} inside a line: {:?}", self.lines),
            }
        }
    }

    /// The rest of the response, whose head was read before.
    ///
    /// # Panics
    /// When nothing comes.
    pub async fn rest(mut self, head: Head) -> Answer {
        let mut body = self.lines.split();
        let (trailers, broken) = loop {
            match self.read().await {
                Step::Data(data) => body.extend_from_slice(&data),
                Step::End(trailers) => break (trailers, None),
                Step::Broken(why) => break (HeaderMap::new(), Some(why)),
            }
        };
        Answer {
            head,
            body: body.freeze(),
            trailers,
            broken,
        }
    }
}

async fn start_one(addr: SocketAddr, request: &Request, more: bool) -> RawHttp {
    let mut connection = RawHttp::connect(addr).await;
    let head = request.text(addr);
    if more {
        connection
            .write(format!("{head}transfer-encoding: chunked\r\n\r\n"))
            .await;
        if !request.body.is_empty() {
            connection.write_chunk(&request.body).await;
        }
        return connection;
    }
    let length = if request.body.is_empty() && request.verb != "POST" {
        String::new()
    } else {
        format!("content-length: {}\r\n", request.body.len())
    };
    let mut bytes = format!("{head}{length}\r\n").into_bytes();
    bytes.extend_from_slice(&request.body);
    connection.write(bytes).await;
    connection
}
