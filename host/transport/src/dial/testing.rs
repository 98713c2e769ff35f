//! A server that answers as each test says, and the test's ends of streams.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use ostler_call::{Body, End, Kind, MessageStream, Next, Reply, Status};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{Http, spawn};

pub(crate) const BOTH: [Http; 2] = [Http::One, Http::Two];

pub(crate) type TestBody = UnsyncBoxBody<Bytes, io::Error>;

/// Serves until dropped.
pub(crate) struct Server {
    /// Host and port.
    pub(crate) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    _accept: AbortOnDropHandle<()>,
}

impl Server {
    pub(crate) async fn start<H, F>(http: Http, handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<TestBody>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&connections);
        let handler = Arc::new(handler);
        let accept = spawn(async move {
            let mut tasks = Vec::new();
            while let Ok((io, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::Relaxed);
                tasks.push(spawn(serve(http, io, Arc::clone(&handler))));
            }
        });
        Self {
            addr,
            connections,
            _accept: accept,
        }
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve<H, F>(http: Http, io: TcpStream, handler: Arc<H>)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<TestBody>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let response = handler(request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let io = TokioIo::new(io);
    // Errors are what some tests are about; the client sees them.
    match http {
        Http::One => http1::Builder::new().serve_connection(io, service).await,
        Http::Two => {
            let builder = http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        }
    }
    .unwrap_or_default();
}

pub(crate) fn full(body: impl Into<Bytes>) -> TestBody {
    Full::new(body.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

pub(crate) fn ok(body: impl Into<Bytes>) -> Response<TestBody> {
    Response::new(full(body))
}

/// Writes a response body; dropping it ends the body.
pub(crate) struct Writer(mpsc::Sender<io::Result<Frame<Bytes>>>);

impl Writer {
    pub(crate) async fn data(&self, data: impl Into<Bytes>) {
        self.0.send(Ok(Frame::data(data.into()))).await.unwrap();
    }

    pub(crate) async fn trailers(&self, trailers: HeaderMap) {
        self.0.send(Ok(Frame::trailers(trailers))).await.unwrap();
    }

    pub(crate) async fn abort(&self) {
        self.0.send(Err(io::Error::other("aborted"))).await.unwrap();
    }

    /// Until the server dropped the body: the client is gone.
    pub(crate) async fn dropped(&self) {
        self.0.closed().await;
    }
}

pub(crate) fn writer() -> (Writer, TestBody) {
    let (sender, mut receiver) = mpsc::channel(1);
    let frames = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (Writer(sender), StreamBody::new(frames).boxed_unsync())
}

/// The data of a request's body; the error of one that broke off.
pub(crate) async fn read(body: &mut Incoming) -> Result<String, hyper::Error> {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        all.extend_from_slice(&frame?.into_data().unwrap_or_default());
    }
    Ok(String::from_utf8(all).unwrap())
}

/// A request stream fed by a channel, which ends in order when that closes.
pub(crate) struct Feed(mpsc::Receiver<Result<Bytes, Status>>);

pub(crate) fn feed() -> (mpsc::Sender<Result<Bytes, Status>>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Body::stream(Feed(receiver)))
}

impl MessageStream for Feed {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        Poll::Ready(match ready!(self.0.poll_recv(cx)) {
            Some(Ok(message)) => Next::Message(message),
            Some(Err(status)) => Next::End(status.into()),
            None => Next::End(End::ok()),
        })
    }
}

/// A request stream that never ends.
pub(crate) struct Endless(pub(crate) Bytes);

impl MessageStream for Endless {
    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Next> {
        Poll::Ready(Next::Message(self.0.clone()))
    }
}

/// The next step of a reply that streams.
pub(crate) async fn next(reply: &mut Reply) -> Next {
    let Kind::Stream(stream) = &mut reply.body.kind else {
        panic!("not a stream: {reply:?}");
    };
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

/// The next message of a reply that streams.
pub(crate) async fn message(reply: &mut Reply) -> Bytes {
    match next(reply).await {
        Next::Message(message) => message,
        Next::End(end) => panic!("ended: {end:?}"),
    }
}

/// The end of a reply that streams and has no more messages.
pub(crate) async fn end(reply: &mut Reply) -> End {
    match next(reply).await {
        Next::Message(message) => panic!("a message: {message:?}"),
        Next::End(end) => end,
    }
}
