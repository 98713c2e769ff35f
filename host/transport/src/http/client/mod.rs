//! The client half: a head and a body in, a reply out. Dropping the future of
//! a call, or the reply it gave, cancels the call.

mod error;
mod one;
mod reply;
mod request;
mod source;
mod two;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use ostler_call::{Body, End, Head, Kind, Reply, Status};
use ostler_schema::Pattern;
use tokio::net::TcpStream;

use self::reply::Expected;
use self::request::{Progress, Request, RequestBody};
use self::source::Source;
use crate::clock::now;
use crate::dial::{self, within};

/// Which HTTP a client speaks. There is no negotiation over plain TCP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    /// HTTP/1.1; each call that runs has a connection of its own.
    One,
    /// HTTP/2 with prior knowledge; all calls share one connection.
    Two,
}

/// What a client allows servers and itself.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// Bytes of one reply message, and of a whole body read by
    /// [`Client::get`].
    pub message_bytes: usize,
    /// HTTP/2 window of a stream, bytes: so much is received ahead of who
    /// reads the reply.
    pub stream_window: u32,
    /// HTTP/2 window of the connection, bytes. Replies that nobody reads stall
    /// the others once they fill it.
    pub connection_window: u32,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            message_bytes: 64 << 20,
            stream_window: 64 << 10,
            connection_window: 64 << 20,
        }
    }
}

/// Calls the services of one host. Clones are cheap and share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    wire: Wire,
}

enum Wire {
    One(Arc<one::Pool>),
    Two(two::Connection),
}

/// Whom a client calls, and how.
#[derive(Debug)]
struct Target {
    /// Host and port.
    authority: Authority,
    config: ClientConfig,
}

impl Client {
    /// Connects to `url`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a URL of another form, `UNAVAILABLE` when there
    /// is no connection.
    pub async fn connect(url: &str, http: Http) -> Result<Self, Status> {
        Self::connect_with(url, http, ClientConfig::default()).await
    }

    /// Connects to `url` with other limits than the usual ones.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_with(url: &str, http: Http, config: ClientConfig) -> Result<Self, Status> {
        let target = Target::new(url, config)?;
        let wire = match http {
            Http::One => Wire::One(one::Pool::open(&target).await?),
            Http::Two => Wire::Two(two::Connection::open(&target).await?),
        };
        let shared = Arc::new(Shared { target, wire });
        Ok(Self { shared })
    }

    /// Calls the method of `head`, whose sides stream as `pattern` says.
    ///
    /// `head.request` and `head.reply` choose the encodings: `Raw` sends or
    /// asks for a chunk stream, `Query` calls by GET with the one message as
    /// the URL's query. What the server answered is the reply, a refusal too;
    /// a streamed reply is given as soon as its head is there, and its
    /// messages while the request's are still being sent.
    ///
    /// # Errors
    /// The status of a call that has no answer: the connection broke, time ran
    /// out, or the request's own stream failed.
    pub async fn call(&self, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
        if let Kind::Empty(End {
            result: Err(status),
            ..
        }) = body.kind
        {
            return Err(status);
        }
        let request = request::of_call(&head, pattern, body, now())?;
        let progress = request.progress();
        let expected = Expected {
            streams: pattern.streams_out(),
            encoding: head.reply,
            message_bytes: self.shared.target.config.message_bytes,
            deadline: head.deadline,
        };
        let answer = async {
            let response = self.shared.send(request).await?;
            reply::of_response(response, expected).await
        };
        let answer = within(head.deadline, answer).await;
        answer.map_err(|status| progress.failure().unwrap_or(status))
    }

    /// Reads `path`, giving the HTTP status and the body.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is no path, `RESOURCE_EXHAUSTED` when the
    /// body is over [`ClientConfig::message_bytes`], and as [`Client::call`].
    pub async fn get(&self, path: &str) -> Result<(u16, Bytes), Status> {
        let request = request::of_path(path)?;
        let response = self.shared.send(request).await?;
        let (parts, source) = response.into_parts();
        let limit = self.shared.target.config.message_bytes;
        let (body, _) = source.read(limit).await?;
        Ok((parts.status.as_u16(), body))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("target", &self.shared.target)
            .finish_non_exhaustive()
    }
}

impl Shared {
    async fn send(&self, request: Request) -> Result<http::Response<Source>, Status> {
        match &self.wire {
            Wire::One(pool) => pool.send(&self.target, request).await,
            Wire::Two(connection) => connection.send(&self.target, request).await,
        }
    }
}

impl Target {
    fn new(url: &str, config: ClientConfig) -> Result<Self, Status> {
        Ok(Self {
            authority: dial::authority(url, "http")?,
            config,
        })
    }

    /// A connection within its time.
    async fn dial(&self) -> Result<TcpStream, Status> {
        dial::connect(&self.authority, self.config.connect_timeout).await
    }
}

#[cfg(test)]
mod tests;
