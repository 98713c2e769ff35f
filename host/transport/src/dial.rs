//! What the client halves share: addresses, connections, deadlines, tasks.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use ostler_call::{Code, Deadline, Status};
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

/// Host and port of a `url` of this scheme, which has nothing else.
///
/// # Errors
/// `INVALID_ARGUMENT` for a URL of another form.
pub(crate) fn authority(url: &str, scheme: &str) -> Result<Authority, Status> {
    let wrong = |why: &str| {
        Status::invalid_argument(format!(
            "{url:?} is not the URL of a host: {why}; write {scheme}://HOST:PORT"
        ))
    };
    let uri: Uri = url.parse().map_err(|e| wrong(&format!("{e}")))?;
    match uri.scheme_str() {
        Some(given) if given == scheme => {}
        Some(given) => return Err(wrong(&format!("{given} is not supported"))),
        None => return Err(wrong("it has no scheme")),
    }
    if uri.path() != "/" || uri.query().is_some() {
        return Err(wrong("it has a path"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("it has a user"));
    }
    Ok(authority.clone())
}

/// A connection within its time.
///
/// # Errors
/// `UNAVAILABLE` when there is none.
pub(crate) async fn connect(authority: &Authority, limit: Duration) -> Result<TcpStream, Status> {
    let host = authority.host();
    let port = authority.port_u16().unwrap_or(80);
    let connecting = TcpStream::connect(format!("{host}:{port}"));
    let unreachable = |why: &dyn fmt::Display| {
        Status::unavailable(format!("cannot connect to {host}:{port}: {why}"))
    };
    let stream = tokio::time::timeout(limit, connecting)
        .await
        .map_err(|_| unreachable(&format_args!("no answer within {limit:?}")))?
        .map_err(|e| unreachable(&e))?;
    stream.set_nodelay(true).map_err(|e| unreachable(&e))?;
    Ok(stream)
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

/// Runs `task` until the handle is dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "a client has no drain: its tasks end with the connections and calls that hold them"
)]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}
