//! HTTP/2: all calls on one connection, cancelled by resetting their stream.
//!
//! NB this stands on `h2` itself: hyper's client goes on sending a request
//! body after its response was dropped, and so would never reset a stalled
//! upload.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::uri::Uri;
use http::{Response, Version};
use http_body::Body as _;
use ostler_call::Status;
use tokio_util::task::AbortOnDropHandle;

use super::request::{Progress, Request, RequestBody};
use super::source::{Part, Source};
use super::{ClientConfig, Http, KeepAlive, Stream, Target, error, spawn};

/// Bytes a stream buffers for sending.
const SEND_BUFFER: usize = 64 << 10;

/// A connection all calls share.
pub(crate) struct Connection {
    sender: SendRequest<Bytes>,
    task: Task,
}

/// Dropping the last one closes the connection.
type Task = Arc<AbortOnDropHandle<()>>;

/// The body of a response.
pub(crate) struct Incoming {
    body: RecvStream,
    data_ended: bool,
    progress: Arc<Progress>,
    /// Sends the request's body; dropping it and the response's resets the
    /// stream.
    _upload: Option<AbortOnDropHandle<()>>,
    _connection: Task,
}

impl Connection {
    pub(super) async fn open(target: &Target) -> Result<Self, Status> {
        let io = target.dial(&[Http::Two]).await?;
        Self::with(io, &target.config).await
    }

    /// The connection that stands on `io`.
    pub(super) async fn with(io: Stream, config: &ClientConfig) -> Result<Self, Status> {
        let (sender, mut connection) = h2::client::Builder::new()
            .initial_window_size(config.stream_window)
            .initial_connection_window_size(config.connection_window)
            .max_send_buffer_size(SEND_BUFFER)
            .enable_push(false)
            .handshake(io)
            .await
            .map_err(|e| error::of_h2(&e))?;
        let pings = connection.ping_pong();
        let keep_alive = config.keep_alive;
        let task = spawn(async move {
            // Every call on the connection sees the same error: that of the
            // connection, or of one dropped since it was silent.
            tokio::select! {
                ended = connection => ended.unwrap_or_default(),
                () = silence(pings, keep_alive) => {}
            }
        });
        Ok(Self {
            sender,
            task: Arc::new(task),
        })
    }

    /// Sends a request; the response's body may be read while the request's
    /// is still being sent.
    pub(super) async fn send(
        &self,
        target: &Target,
        request: Request,
    ) -> Result<Response<Source>, Status> {
        let progress = request.progress();
        let (head, body) = fitted(request, target)?;
        let ended = body.is_end_stream();
        let mut sender = self
            .sender
            .clone()
            .ready()
            .await
            .map_err(|e| error::of_h2(&e))?;
        let (response, stream) = sender
            .send_request(head, ended)
            .map_err(|e| error::of_h2(&e))?;
        let upload = (!ended).then(|| spawn(upload(body, stream)));
        let response = response.await.map_err(|e| error::of_h2(&e))?;
        Ok(response.map(|body| {
            Source::Two(Incoming {
                body,
                data_ended: false,
                progress,
                _upload: upload,
                _connection: Arc::clone(&self.task),
            })
        }))
    }
}

/// Waits until the server leaves a ping without an answer.
async fn silence(pings: Option<PingPong>, keep_alive: Option<KeepAlive>) {
    let (Some(mut pings), Some(keep_alive)) = (pings, keep_alive) else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(keep_alive.interval).await;
        let answer = tokio::time::timeout(keep_alive.timeout, pings.ping(Ping::opaque()));
        match answer.await {
            Ok(Ok(_)) => {}
            // A connection that broke tells so itself.
            Ok(Err(_)) => return std::future::pending().await,
            Err(_) => return,
        }
    }
}

/// The request in HTTP/2's form.
fn fitted(request: Request, target: &Target) -> Result<(http::Request<()>, RequestBody), Status> {
    let uri = Uri::builder()
        .scheme(target.scheme())
        .authority(target.authority.clone())
        .path_and_query(request.path)
        .build()
        .map_err(|e| Status::invalid_argument(e.to_string()))?;
    let mut head = http::Request::new(());
    *head.method_mut() = request.verb;
    *head.uri_mut() = uri;
    *head.version_mut() = Version::HTTP_2;
    *head.headers_mut() = request.headers;
    if let Some(length) = request
        .body
        .size_hint()
        .exact()
        .filter(|length| *length > 0)
    {
        head.headers_mut()
            .insert(http::header::CONTENT_LENGTH, length.into());
    }
    Ok((head, request.body))
}

/// Sends `body` as fast as the server takes it, until it ends or the server
/// wants no more of it.
async fn upload(mut body: RequestBody, mut stream: SendStream<Bytes>) {
    loop {
        let next = poll_fn(|cx| {
            if stream.poll_reset(cx).is_ready() {
                return Poll::Ready(None);
            }
            Pin::new(&mut body).poll_frame(cx).map(Some)
        });
        let Some(next) = next.await else {
            return;
        };
        let sent = match next.map(|frame| frame.map(http_body::Frame::into_data)) {
            Some(Ok(Ok(data))) => send_all(&mut stream, data).await,
            // A request has no trailers.
            Some(Ok(Err(_))) => Ok(()),
            Some(Err(_)) => return stream.send_reset(Reason::CANCEL),
            None => return stream.send_data(Bytes::new(), true).unwrap_or_default(),
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Sends `data` in pieces as the windows allow.
async fn send_all(stream: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let Some(granted) = poll_fn(|cx| stream.poll_capacity(cx)).await else {
            return Err(Reason::STREAM_CLOSED.into());
        };
        let piece = data.split_to(granted?.min(data.len()));
        if !piece.is_empty() {
            stream.send_data(piece, false)?;
        }
    }
    Ok(())
}

impl Incoming {
    pub(super) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, Status>>> {
        if !self.data_ended {
            match ready!(self.body.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Whoever polls has used up what came before, and the
                    // window lets no more than itself wait here.
                    let released = self.body.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(match released {
                        Ok(()) => Ok(Part::Data(data)),
                        Err(error) => Err(error::of_h2(&error)),
                    }));
                }
                // The server is done and wants no more of the request.
                Some(Err(error)) if error.reason() == Some(Reason::NO_ERROR) => {
                    return Poll::Ready(None);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(self.failed(&error)))),
                None => self.data_ended = true,
            }
        }
        match ready!(self.body.poll_trailers(cx)) {
            Ok(trailers) => Poll::Ready(trailers.map(|map| Ok(Part::Trailers(map)))),
            Err(error) if error.reason() == Some(Reason::NO_ERROR) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(self.failed(&error)))),
        }
    }

    fn failed(&self, error: &h2::Error) -> Status {
        self.progress
            .failure()
            .unwrap_or_else(|| error::of_h2(error))
    }
}
