//! What the client halves share: addresses, connections, requests and
//! responses as bytes, deadlines, tasks.

pub(crate) mod error;
mod messages;
mod one;
mod request;
mod source;
mod target;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod two;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Response;
use ostler_call::{Code, Deadline, Status};
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::messages::{Messages, Replies, malformed};
pub(crate) use self::request::{Layout, Request, RequestBody, method_path, parse_path};
pub(crate) use self::source::Source;
pub(crate) use self::target::{Schemes, Stream, Target};
pub use self::tls::ClientTls;

/// The longest timeout servers read in milliseconds: ten digits, 115 days. A
/// later deadline is not sent.
const MAX_TIMEOUT_MS: u128 = 9_999_999_999;

/// Bytes of an error body.
pub(crate) const ERROR_BYTES: usize = 1 << 20;

/// Which HTTP a client speaks. There is no negotiation over plain TCP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    /// HTTP/1.1; each call that runs has a connection of its own.
    One,
    /// HTTP/2, with prior knowledge where there is no TLS; all calls share one
    /// connection.
    Two,
}

/// What a client allows servers and itself.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Until a connection stands, TLS included.
    pub connect_timeout: Duration,
    /// Bytes of one reply message, and of a whole body.
    pub message_bytes: usize,
    /// HTTP/2 window of a stream, bytes: so much is received ahead of who
    /// reads the reply.
    pub stream_window: u32,
    /// HTTP/2 window of the connection, bytes. Replies that nobody reads stall
    /// the others once they fill it.
    pub connection_window: u32,
    /// Pings on a connection of HTTP/2, calls or not; none unless set, since
    /// servers close connections that ping more often than they like.
    pub keep_alive: Option<KeepAlive>,
    /// Whom to trust, and who to be, where the URL asks for TLS.
    pub tls: ClientTls,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            message_bytes: 64 << 20,
            stream_window: 64 << 10,
            connection_window: 64 << 20,
            keep_alive: None,
            tls: ClientTls::default(),
        }
    }
}

/// When a connection counts as dead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeepAlive {
    /// Between the answer to a ping and the next one.
    pub interval: Duration,
    /// Until a ping must be answered.
    pub timeout: Duration,
}

/// Connections to one host in one version of HTTP.
pub(crate) enum Wire {
    One(Arc<one::Pool>),
    Two(two::Connection),
}

impl Wire {
    /// Connects in that version.
    ///
    /// # Errors
    /// `UNAVAILABLE` when there is no connection.
    pub(crate) async fn open(target: &Target, http: Http) -> Result<Self, Status> {
        Ok(match http {
            Http::One => Self::One(one::Pool::open(target).await?),
            Http::Two => Self::Two(two::Connection::open(target).await?),
        })
    }

    /// Connects in the version that TLS agrees on.
    ///
    /// # Errors
    /// As [`Wire::open`].
    pub(crate) async fn negotiate(target: &Target) -> Result<Self, Status> {
        let io = target.dial(&[Http::Two, Http::One]).await?;
        Ok(match tls::agreed(&io) {
            Http::One => Self::One(one::Pool::with(io).await?),
            Http::Two => Self::Two(two::Connection::with(io, &target.config).await?),
        })
    }

    /// Sends a request; the response's body may be read while the request's
    /// is still being sent.
    pub(crate) async fn send(
        &self,
        target: &Target,
        request: Request,
    ) -> Result<Response<Source>, Status> {
        match self {
            Self::One(pool) => pool.send(target, request).await,
            Self::Two(connection) => connection.send(target, request).await,
        }
    }
}

/// A media type without its parameters.
pub(crate) fn media_type(value: &[u8]) -> &[u8] {
    let media = value.split(|b| *b == b';').next();
    media.unwrap_or_default().trim_ascii()
}

/// The caller's time is up.
pub(crate) fn late() -> Status {
    Status::new(
        Code::DeadlineExceeded,
        "the call did not end before its deadline",
    )
}

/// What `answer` gives before the deadline.
///
/// # Errors
/// The answer's own, and [`late`].
pub(crate) async fn within<T>(
    deadline: Option<Deadline>,
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => answer.await,
        Some(deadline) => tokio::time::timeout_at(deadline.instant().into(), answer)
            .await
            .unwrap_or_else(|_| Err(late())),
    }
}

/// Time left in whole milliseconds, rounded up so that the server does not
/// give up first; `None` when there is no deadline, or one too far away.
///
/// # Errors
/// [`late`] when none is left.
pub(crate) fn timeout_ms(deadline: Option<Deadline>, now: Instant) -> Result<Option<u64>, Status> {
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    let left = deadline.remaining(now);
    if left.is_zero() {
        return Err(late());
    }
    let millis = left
        .as_nanos()
        .div_ceil(Duration::from_millis(1).as_nanos());
    Ok(u64::try_from(millis)
        .ok()
        .filter(|_| millis <= MAX_TIMEOUT_MS))
}

/// Runs `task` until the handle is dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "a client has no drain: its tasks end with the connections and calls that hold them"
)]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}
