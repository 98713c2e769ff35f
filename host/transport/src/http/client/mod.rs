//! The client half: a head and a body in, a reply out. Dropping the future of
//! a call, or the reply it gave, cancels the call.

mod error;
mod reply;
mod request;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use ostler_call::{Body, End, Head, Kind, Reply, Status};
use ostler_schema::Pattern;

use self::reply::Expected;
use crate::clock::now;
pub use crate::dial::{ClientConfig, ClientTls, Http, KeepAlive};
use crate::dial::{Request, Schemes, Source, Target, Wire, within};

const SCHEMES: Schemes = Schemes {
    plain: "http",
    tls: "https",
};

/// Calls the services of one host. Clones are cheap and share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    wire: Wire,
}

impl Client {
    /// Connects to `url`, such as `http://127.0.0.1:8080`; `https://` is TLS.
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
        let target = Target::new(url, SCHEMES, config)?;
        let wire = Wire::open(&target, http).await?;
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
        self.wire.send(&self.target, request).await
    }
}

#[cfg(test)]
mod tests;
