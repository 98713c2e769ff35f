//! The client half: a head and a body in, a reply out, in gRPC or Connect.
//! Dropping the future of a call, or the reply it gave, cancels the call.

mod connect;
mod dialect;
mod grpc;
mod metadata;
mod reply;
mod request;

use std::fmt;
use std::sync::Arc;

use ostler_call::{Body, End, Head, Kind, Reply, Status};
use ostler_schema::Pattern;
use tokio::sync::OnceCell;

use self::dialect::{Dialect, Protocol};
use self::reply::Expected;
use crate::clock::now;
pub use crate::dial::{ClientConfig, ClientTls, Http, KeepAlive};
use crate::dial::{Target, Wire, within};

/// Calls the services of one host. Clones are cheap and share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    protocol: Protocol,
    wire: Wire,
    /// What carries calls that stream both ways, where `wire` cannot.
    both_ways: Option<OnceCell<Wire>>,
}

impl Client {
    /// Connects to `url`: gRPC to `grpc://127.0.0.1:8080`, Connect to
    /// `connect+http://127.0.0.1:8080`; `grpcs://` and `connect+https://` are
    /// TLS.
    ///
    /// gRPC is HTTP/2. Connect is what TLS agrees on; without TLS it is
    /// HTTP/1.1, which every server has, but HTTP/2 with prior knowledge for
    /// calls that stream both ways, since these need it.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a URL of another form, `UNAVAILABLE` when there
    /// is no connection.
    pub async fn connect(url: &str) -> Result<Self, Status> {
        Self::connect_with(url, None, ClientConfig::default()).await
    }

    /// Connects to `url` with other limits than the usual ones, and in that
    /// HTTP if one is given.
    ///
    /// # Errors
    /// As [`Client::connect`], and `INVALID_ARGUMENT` for gRPC over HTTP/1.1.
    pub async fn connect_with(
        url: &str,
        http: Option<Http>,
        config: ClientConfig,
    ) -> Result<Self, Status> {
        let protocol = Protocol::of_url(url);
        let target = Target::new(url, protocol.schemes(), config)?;
        let wire = match (protocol, http) {
            (Protocol::Grpc, Some(Http::One)) => {
                return Err(Status::invalid_argument("gRPC needs HTTP/2"));
            }
            (Protocol::Grpc, _) => Wire::open(&target, Http::Two).await?,
            (Protocol::Connect, Some(http)) => Wire::open(&target, http).await?,
            (Protocol::Connect, None) if target.is_tls() => Wire::negotiate(&target).await?,
            (Protocol::Connect, None) => Wire::open(&target, Http::One).await?,
        };
        let is_free = protocol == Protocol::Connect && http.is_none() && !target.is_tls();
        let shared = Arc::new(Shared {
            target,
            protocol,
            wire,
            both_ways: is_free.then(OnceCell::new),
        });
        Ok(Self { shared })
    }

    /// Calls the method of `head`, whose sides stream as `pattern` says.
    ///
    /// The address is that of the wire: `demo.users.v1.Users` and `GetUser`.
    /// The encodings of `head` are one: protobuf or JSON. What the server
    /// answered is the reply, a refusal too; a streamed reply is given as soon
    /// as its head is there, and its messages while the request's are still
    /// being sent.
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
        let shared = &self.shared;
        let dialect = Dialect::new(shared.protocol, pattern, &head)?;
        let request = request::of_call(&head, dialect, pattern, body, now())?;
        let progress = request.progress();
        let expected = Expected {
            dialect,
            streams: pattern.streams_out(),
            message_bytes: shared.target.config.message_bytes,
            deadline: head.deadline,
        };
        let answer = async {
            let wire = shared.wire(pattern).await?;
            let response = wire.send(&shared.target, request).await?;
            reply::of_response(response, expected).await
        };
        let answer = within(head.deadline, answer).await;
        answer.map_err(|status| progress.failure().unwrap_or(status))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("target", &self.shared.target)
            .field("protocol", &self.shared.protocol)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// What carries calls of that pattern; connected for the first of them.
    async fn wire(&self, pattern: Pattern) -> Result<&Wire, Status> {
        match &self.both_ways {
            Some(wire) if pattern == Pattern::Bidirectional => {
                let open = || Wire::open(&self.target, Http::Two);
                wire.get_or_try_init(open).await
            }
            _ => Ok(&self.wire),
        }
    }
}

#[cfg(test)]
mod tests;
