//! HTTP/1.1 by hand (RFC 9112): sends exactly the bytes it is given and shows
//! what comes back as it comes.

use std::net::SocketAddr;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Head, Step, within};

/// One connection.
#[derive(Debug)]
pub struct RawHttp {
    stream: TcpStream,
    buffer: BytesMut,
    framing: Framing,
}

/// What is left of the current response's body.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length(usize),
    /// Bytes left of the current chunk.
    Chunked(usize),
    /// The connection's end is the body's.
    Close,
}

impl RawHttp {
    /// A new connection.
    ///
    /// # Panics
    /// When there is none.
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = within("a connection", TcpStream::connect(addr)).await;
        let stream = stream.unwrap_or_else(|e| panic!("cannot connect to {addr}: {e}"));
        stream.set_nodelay(true).expect("a socket has no delay");
        Self {
            stream,
            buffer: BytesMut::new(),
            framing: Framing::Length(0),
        }
    }

    /// Sends bytes as they are. A peer that is gone is no error here: what it
    /// said before is there to be read.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        within(
            "the peer to take bytes",
            self.stream.write_all(bytes.as_ref()),
        )
        .await
        .ok();
    }

    /// Sends bytes as one chunk of a chunked body; none end the body.
    pub async fn write_chunk(&mut self, bytes: &[u8]) {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.write(chunk).await;
    }

    /// Closes this side; the peer reads an end.
    pub async fn close_write(&mut self) {
        self.stream.shutdown().await.ok();
    }

    /// The head of the next response; `verb` is the request's, since HEAD has
    /// no body. Interim responses (1xx) are given too.
    ///
    /// # Panics
    /// When what comes is none, or nothing comes.
    pub async fn head(&mut self, verb: &str) -> Head {
        self.try_head(verb).await.unwrap_or_else(|| {
            panic!(
                "the connection ended before a response; there was {:?}",
                self.buffer
            )
        })
    }

    /// The head of the next response, or nothing when the connection ends.
    ///
    /// # Panics
    /// When what comes is none, or nothing comes.
    pub async fn try_head(&mut self, verb: &str) -> Option<Head> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            within("a response", self.fill()).await.ok()?;
        };
        let text =
            String::from_utf8(self.buffer.split_to(end + 4).to_vec()).expect("a head is text");
        let (first, rest) = text.split_once("\r\n").unwrap_or_default();
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .and_then(|s| s.get(..3)?.parse().ok());
        let head = Head {
            status: status.unwrap_or_else(|| panic!("{first:?} is no status line of HTTP/1.1")),
            headers: fields(rest),
        };
        self.framing = framing(&head, verb);
        Some(head)
    }

    /// The next bytes of the current response's body, or its end.
    ///
    /// # Panics
    /// When nothing comes.
    pub async fn read(&mut self) -> Step {
        match within("the next bytes of a response", self.step()).await {
            Ok(step) => step,
            Err(text) => Step::Broken(text),
        }
    }

    async fn step(&mut self) -> Result<Step, String> {
        match self.framing {
            Framing::Length(0) => Ok(Step::End(HeaderMap::new())),
            Framing::Length(left) => {
                let data = self.take(left).await?;
                self.framing = Framing::Length(left - data.len());
                Ok(Step::Data(data))
            }
            Framing::Chunked(0) => self.chunk().await,
            Framing::Chunked(left) => {
                let data = self.take(left).await?;
                let left = left - data.len();
                self.framing = Framing::Chunked(left);
                if left == 0 {
                    self.line().await?;
                }
                Ok(Step::Data(data))
            }
            Framing::Close => Ok(match self.take(usize::MAX).await {
                Ok(data) => Step::Data(data),
                Err(_) => Step::End(HeaderMap::new()),
            }),
        }
    }

    /// The first bytes of the next chunk, or the end and its trailers.
    async fn chunk(&mut self) -> Result<Step, String> {
        let line = self.line().await?;
        let size = usize::from_str_radix(&line, 16);
        let size = size.map_err(|e| format!("{line:?} is no size of a chunk: {e}"))?;
        if size > 0 {
            self.framing = Framing::Chunked(size);
            return Box::pin(self.step()).await;
        }
        let mut trailers = String::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                self.framing = Framing::Length(0);
                return Ok(Step::End(fields(&trailers)));
            }
            trailers += &format!("{line}\r\n");
        }
    }

    async fn take(&mut self, most: usize) -> Result<Bytes, String> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        let length = self.buffer.len().min(most);
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let line = self.buffer.split_to(at);
                self.buffer.advance(2);
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.fill().await?;
        }
    }

    /// Reads more; the connection's end is an error.
    async fn fill(&mut self) -> Result<(), String> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err("the connection ended".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("the connection broke: {error}")),
        }
    }

    /// Waits for the peer to end the connection; gives the bytes it still sent.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> Bytes {
        within("the end of the connection", async {
            while self.fill().await.is_ok() {}
        })
        .await;
        self.buffer.split().freeze()
    }
}

fn framing(head: &Head, verb: &str) -> Framing {
    if verb == "HEAD" || head.status < 200 || matches!(head.status, 204 | 304) {
        return Framing::Length(0);
    }
    if head.header("transfer-encoding") == "chunked" {
        return Framing::Chunked(0);
    }
    head.header("content-length")
        .parse()
        .map_or(Framing::Close, Framing::Length)
}

/// The header or trailer fields of some lines.
fn fields(lines: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("{line:?} is no field"));
        map.append(
            HeaderName::try_from(name).expect("a field has a name"),
            HeaderValue::from_str(value.trim()).expect("a field has a value"),
        );
    }
    map
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
