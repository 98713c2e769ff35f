//! HTTP/1.1: a connection a running call, kept for the next one when the call
//! ended in order, closed when it did not, which is how it is cancelled.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Response, header};
use http_body::Body as _;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use ostler_call::Status;
use tokio_util::task::AbortOnDropHandle;

use super::request::{Progress, Request, RequestBody};
use super::source::{Part, Source};
use super::{Http, Stream, Target, error, spawn};

/// Connections kept between calls.
const IDLE: usize = 16;

/// Connections without a call.
pub(crate) struct Pool {
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    sender: SendRequest<RequestBody>,
    /// Dropping it closes the connection.
    _task: AbortOnDropHandle<()>,
}

/// The body of a response.
pub(crate) struct Incoming {
    body: hyper::body::Incoming,
    /// Given back to the pool at the end.
    connection: Option<Connection>,
    pool: Arc<Pool>,
    progress: Arc<Progress>,
}

impl Pool {
    /// A pool with a first connection.
    pub(super) async fn open(target: &Target) -> Result<Arc<Self>, Status> {
        let io = target.dial(&[Http::One]).await?;
        Self::with(io).await
    }

    /// A pool whose first connection is this.
    pub(super) async fn with(io: Stream) -> Result<Arc<Self>, Status> {
        let first = Connection::on(io).await?;
        Ok(Arc::new(Self {
            idle: Mutex::new(vec![first]),
        }))
    }

    /// Sends a request; the response's body may be read while the request's
    /// is still being sent.
    pub(super) async fn send(
        self: &Arc<Self>,
        target: &Target,
        request: Request,
    ) -> Result<Response<Source>, Status> {
        let progress = request.progress();
        let mut request = fitted(request, target)?;
        let (response, connection) = loop {
            let (mut connection, fresh) = match self.take().await {
                Some(kept) => (kept, false),
                None => (Connection::open(target).await?, true),
            };
            match connection.sender.try_send_request(request).await {
                Ok(response) => break (response, connection),
                // A kept connection may have been closed by the server. When
                // hyper gives the request back, nothing of it was sent.
                Err(mut failed) => match failed.take_message().filter(|_| !fresh) {
                    Some(unsent) => request = unsent,
                    None => return Err(error::of_hyper(failed.error())),
                },
            }
        };
        Ok(response.map(|body| {
            Source::One(Incoming {
                body,
                connection: Some(connection),
                pool: Arc::clone(self),
                progress,
            })
        }))
    }

    /// A kept connection that can take a request.
    async fn take(&self) -> Option<Connection> {
        loop {
            let mut kept = self.lock().pop()?;
            if kept.sender.ready().await.is_ok() {
                return Some(kept);
            }
        }
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() < IDLE && !connection.sender.is_closed() {
            idle.push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    async fn open(target: &Target) -> Result<Self, Status> {
        Self::on(target.dial(&[Http::One]).await?).await
    }

    async fn on(io: Stream) -> Result<Self, Status> {
        let (sender, connection) = http1::handshake(TokioIo::new(io))
            .await
            .map_err(|e| error::of_hyper(&e))?;
        let task = spawn(async move {
            // The call on the connection sees the same error.
            connection.await.unwrap_or_default();
        });
        Ok(Self {
            sender,
            _task: task,
        })
    }
}

/// The request in HTTP/1.1's form.
fn fitted(request: Request, target: &Target) -> Result<http::Request<RequestBody>, Status> {
    let mut fitted = http::Request::new(request.body);
    *fitted.method_mut() = request.verb;
    *fitted.uri_mut() = request.path.into();
    *fitted.headers_mut() = request.headers;
    let headers = fitted.headers_mut();
    let host = HeaderValue::from_str(target.authority.as_str());
    headers.insert(
        header::HOST,
        host.map_err(|e| Status::invalid_argument(e.to_string()))?,
    );
    if headers.contains_key(header::TE) {
        // Required beside it (RFC 9110, section 10.1.4).
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    Ok(fitted)
}

impl Incoming {
    pub(super) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, Status>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    self.connection = None;
                    let broken = error::of_hyper(&error);
                    return Poll::Ready(Some(Err(self.progress.failure().unwrap_or(broken))));
                }
                None => {
                    self.finish();
                    return Poll::Ready(None);
                }
            };
            match frame.into_data() {
                Ok(data) => return Poll::Ready(Some(Ok(Part::Data(data)))),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(Some(Ok(Part::Trailers(trailers))));
                    }
                }
            }
        }
    }

    /// Keeps the connection, unless the request is still being sent: nobody
    /// reads it any more.
    fn finish(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.progress.is_sent()) {
            self.pool.give_back(connection);
        }
    }
}
