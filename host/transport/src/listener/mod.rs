//! One listener for every protocol that starts on a TCP connection: accepts,
//! tells HTTP/1.1 from HTTP/2, holds connections to their limits, and ends them
//! in order.

mod caps;
mod gather;
mod last;
mod response;
mod sniff;
mod stream;
mod tls;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use ostler_schema::Handler;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::caps::{Caps, Permit};
use self::gather::gathered;
pub(crate) use self::response::AnyBody;
use self::sniff::{Sniffed, Version, sniff};
use self::stream::Stream;
use self::tls::Tls;
pub use self::tls::{TlsConfig, TlsError};
use crate::http::server::{Connection, HttpConfig};
use crate::websocket::server::{Sockets, WebSocketConfig};

/// How long the accept loop rests when the system has no descriptor left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// The largest window of HTTP/2 (RFC 9113, section 6.9.1).
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// How long, once the server stops, an open HTTP/1.1 connection may still
/// bring the request its client is just sending.
pub(crate) const LAST_REQUEST: Duration = Duration::from_millis(500);

/// How long the calls of a client that sends no more still run.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// What a listener allows its connections.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Connections at once.
    pub connections: usize,
    /// Of which from one address.
    pub connections_per_ip: usize,
    /// Until the whole head of a request, or the first byte, has arrived.
    pub header_timeout: Duration,
    /// Bytes of all headers of a request.
    pub header_bytes: usize,
    /// HTTP/2 streams a connection.
    pub streams: u32,
    /// HTTP/2 window of a stream, bytes.
    pub stream_window: u32,
    /// HTTP/2 window of a connection, bytes; `None` is `streams` times a
    /// stream's, so that one stalled stream cannot stall the others.
    pub connection_window: Option<u32>,
    /// The largest HTTP/2 frame a client may send, bytes.
    pub frame_size: u32,
    /// Bytes buffered for sending, an HTTP/2 stream.
    pub send_buffer: usize,
    /// Between pings on an HTTP/2 connection; a peer that does not answer
    /// within the same time is gone.
    pub keep_alive: Duration,
    /// What the HTTP transport allows a request.
    pub http: HttpConfig,
    /// Origins whose pages may open a WebSocket, such as
    /// `https://app.example.com`, beside the host's own.
    pub origins: Vec<String>,
    /// The certificate, for a listener that speaks TLS.
    pub tls: Option<TlsConfig>,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_ip: 2_000,
            header_timeout: Duration::from_secs(30),
            header_bytes: 64 << 10,
            streams: 200,
            stream_window: 64 << 10,
            connection_window: None,
            frame_size: 16 << 10,
            send_buffer: 64 << 10,
            keep_alive: Duration::from_secs(20),
            http: HttpConfig::default(),
            origins: Vec::new(),
            tls: None,
        }
    }
}

impl ListenerConfig {
    /// With room for clients that do not wait for windows, nor cut what they
    /// send into frames, as MicroAPI's gRPC client. What one of them sends
    /// ahead can stall its connection; so this is for a listener of its own.
    #[must_use]
    pub fn large(self) -> Self {
        Self {
            streams: self.streams.max(200),
            stream_window: 4 << 20,
            connection_window: Some(4 << 20),
            frame_size: 1 << 20,
            ..self
        }
    }

    /// A socket is to its calls what an HTTP/2 connection is to its streams.
    fn websocket(&self) -> WebSocketConfig {
        WebSocketConfig {
            message_bytes: self.http.message_bytes,
            calls: usize::try_from(self.streams).unwrap_or(usize::MAX),
            keep_alive: self.keep_alive,
            origins: self.origins.clone(),
        }
    }
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    config: Arc<ListenerConfig>,
    tls: Option<Tls>,
    caps: Arc<Caps>,
}

/// The connections of a listener, to be counted. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Caps>);

impl Connections {
    /// How many are open now.
    pub fn open(&self) -> usize {
        self.0.connections()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// What the system says, such as an address in use; [`TlsError`] as
    /// `InvalidData` for a certificate that is none.
    pub async fn bind(address: SocketAddr, config: ListenerConfig) -> io::Result<Self> {
        let tls = config.tls.clone().map(Tls::load).transpose()?;
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            tls,
            caps: Caps::new(config.connections, config.connections_per_ip),
            config: Arc::new(config),
        })
    }

    /// The address that was bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Its connections, to be counted as long as it serves.
    pub fn connections(&self) -> Connections {
        Connections(Arc::clone(&self.caps))
    }

    /// Serves until `stop`, then lets what runs finish, at most `grace`.
    /// Returns how many connections were cut after that.
    pub async fn serve(
        self,
        handler: Arc<dyn Handler>,
        stop: CancellationToken,
        grace: Duration,
    ) -> usize {
        let tasks = TaskTracker::new();
        let cut = CancellationToken::new();
        let sockets = Sockets::new(
            Arc::clone(&handler),
            self.config.websocket(),
            tasks.clone(),
            stop.clone(),
            cut.clone(),
        );
        let server = Arc::new(Server {
            handler,
            sockets,
            caps: self.caps,
            config: self.config,
            tls: self.tls,
            tasks,
            stop: stop.clone(),
            cut,
        });
        tokio::select! {
            () = stop.cancelled() => {}
            () = server.accept(&self.socket) => {}
            () = server.follow_certificate() => {}
        }
        // Whoever connects from now on is not answered; who has begun to may
        // still be on the way.
        last::refuse_new(&self.socket);
        let late = tokio::time::timeout(last::ON_THE_WAY, server.accept(&self.socket));
        late.await.unwrap_or_default();
        server.accept_rest(self.socket);
        server.finish(grace).await
    }
}

/// Over once the peer sends no more.
type HungUp = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection whose protocol is known.
struct Opened {
    version: Version,
    io: Stream,
    hung_up: HungUp,
}

struct Server {
    handler: Arc<dyn Handler>,
    sockets: Sockets,
    config: Arc<ListenerConfig>,
    tls: Option<Tls>,
    caps: Arc<Caps>,
    tasks: TaskTracker,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl Server {
    /// Never ends by itself.
    async fn follow_certificate(&self) {
        match &self.tls {
            Some(tls) => tls.follow(&self.stop).await,
            None => std::future::pending().await,
        }
    }

    async fn accept(self: &Arc<Self>, socket: &TcpListener) {
        loop {
            match socket.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(%error, "a connection was gone before it was accepted");
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted; resting");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    /// Serves what the system has connected already; then it refuses.
    ///
    /// NB asks the system itself: tokio's `poll_accept` says there is nothing
    /// until its reactor has been told of a connection, which by then is lost.
    fn accept_rest(self: &Arc<Self>, socket: TcpListener) {
        let socket = match socket.into_std() {
            Ok(socket) => socket,
            Err(error) => return tracing::warn!(%error, "the last connections are refused"),
        };
        loop {
            match socket.accept() {
                Ok((stream, peer)) => match from_std(stream) {
                    Ok(stream) => self.admit(stream, peer),
                    Err(error) => tracing::debug!(%peer, %error, "the connection was lost"),
                },
                Err(error) if is_of_one_connection(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let Some(permit) = self.caps.admit(peer.ip()) else {
            tracing::debug!(%peer, "a connection above the limits was closed");
            return;
        };
        let server = Arc::clone(self);
        self.tasks.spawn(async move {
            let cut = server.cut.clone();
            tokio::select! {
                () = cut.cancelled() => {}
                () = server.connection(stream, peer, permit) => {}
            }
        });
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr, permit: Permit) {
        // Small frames must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "the connection keeps its delay");
        }
        // A connection that has said nothing has nothing to lose by a stop.
        let opened = tokio::select! {
            biased;
            opened = tokio::time::timeout(self.config.header_timeout, self.open(stream)) => opened,
            () = self.last_request() => return,
        };
        let Opened {
            version,
            io,
            hung_up,
        } = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                return tracing::debug!(%peer, %error, "the connection ended before a request");
            }
            Err(_) => return tracing::debug!(%peer, "the connection said nothing"),
        };
        let service = Connection::new(
            Arc::clone(&self.handler),
            self.config.http.clone(),
            self.sockets.clone(),
            peer,
            self.stop.clone(),
            Arc::new(permit),
        );
        let served = match version {
            Version::Http1 => self.http1(io, hung_up, service).await,
            Version::Http2 => self.http2(io, service).await,
        };
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "the connection ended with an error");
        }
    }

    /// What the client speaks: said by its TLS handshake, else by its first
    /// bytes.
    async fn open(&self, stream: TcpStream) -> io::Result<Opened> {
        let Some(tls) = &self.tls else {
            let (version, io) = sniff(stream).await?;
            let hung_up = Box::pin(io.hung_up());
            let io = Stream::Plain(io);
            return Ok(Opened {
                version,
                io,
                hung_up,
            });
        };
        let stream = Sniffed::unread(stream);
        let hung_up = Box::pin(stream.hung_up());
        let stream = tls.acceptor().accept(stream).await?;
        let version = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Version::Http2,
            _ => Version::Http1,
        };
        let io = Stream::Tls(Box::new(stream));
        Ok(Opened {
            version,
            io,
            hung_up,
        })
    }

    async fn http1(&self, io: Stream, hung_up: HungUp, service: Connection) -> hyper::Result<()> {
        let mut hung_up = hung_up;
        // NB no `pipeline_flush`: with it hyper never flushes the 400 or 431 to
        // bytes it cannot parse, since they stay in its buffer (hyper 1).
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.config.header_timeout)
            .max_buf_size(self.config.header_bytes.max(8 << 10))
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        // The connection first: a request that is there already is served.
        tokio::select! {
            biased;
            served = connection.as_mut() => return served,
            () = self.last_request() => connection.as_mut().graceful_shutdown(),
            () = hung_up.as_mut() => return last_words(connection).await,
        }
        tokio::select! {
            served = connection.as_mut() => served,
            () = hung_up => last_words(connection).await,
        }
    }

    async fn http2(&self, io: Stream, service: Connection) -> hyper::Result<()> {
        let config = &self.config;
        let all = config.stream_window.saturating_mul(config.streams);
        let window = config.connection_window.unwrap_or(all);
        let connection = http2::Builder::new(Tracked(self.tasks.clone()))
            .timer(TokioTimer::new())
            .initial_stream_window_size(config.stream_window.min(MAX_WINDOW))
            .initial_connection_window_size(window.min(MAX_WINDOW))
            .max_frame_size(config.frame_size)
            .max_concurrent_streams(config.streams)
            .max_send_buf_size(config.send_buffer)
            .max_header_list_size(u32::try_from(config.header_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(config.keep_alive)
            .keep_alive_timeout(config.keep_alive)
            .serve_connection(TokioIo::new(io), service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            served = gathered(connection.as_mut()) => return served,
            () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        gathered(connection).await
    }

    /// Ends when no further request is taken on connections that are open.
    async fn last_request(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(LAST_REQUEST).await;
    }

    async fn finish(&self, grace: Duration) -> usize {
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_ok() {
            return 0;
        }
        let left = self.caps.connections();
        self.cut.cancel();
        self.tasks.wait().await;
        left
    }
}

/// Gives a connection whose client sends no more a moment to answer what it
/// got; hyper ends it by itself, unless nobody reads the rest of a request.
async fn last_words(
    connection: Pin<&mut impl Future<Output = hyper::Result<()>>>,
) -> hyper::Result<()> {
    tokio::time::timeout(LAST_WORDS, connection)
        .await
        .unwrap_or(Ok(()))
}

/// Spawns HTTP/2 streams so that a shutdown waits for them.
#[derive(Clone, Debug)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}

/// A connection that the system, not tokio, was asked for.
fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}

/// Whether an accept error says something of one connection only.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
