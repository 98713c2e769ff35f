//! The server half: an HTTP/1.1 request becomes a socket, each envelope that
//! opens a call a task of its own.

mod body;
mod calls;
mod handshake;
mod reply;
mod request;
mod socket;

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use ostler_call::Metadata;
use ostler_schema::Handler;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::handshake::{Refused, is_upgrade};
use self::socket::Socket;
use super::framing;

/// What the WebSocket transport allows its clients.
#[derive(Clone, Debug)]
pub(crate) struct WebSocketConfig {
    /// Bytes of one message, in either direction.
    pub(crate) message_bytes: usize,
    /// Calls at once on one socket.
    pub(crate) calls: usize,
    /// Between pings; a peer that says nothing for as long is gone.
    pub(crate) keep_alive: Duration,
    /// Origins whose pages may open a socket, beside the host's own.
    pub(crate) origins: Vec<String>,
}

/// Which protocol the envelopes of a socket follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dialect {
    /// MicroAPI's.
    MicroApi,
    /// [`SUBPROTOCOL`](super::SUBPROTOCOL).
    Ostler,
}

/// Turns connections into sockets.
#[derive(Clone)]
pub(crate) struct Sockets(Arc<Shared>);

struct Shared {
    handler: Arc<dyn Handler>,
    config: WebSocketConfig,
    /// Sockets and their calls, which a shutdown waits for.
    tasks: TaskTracker,
    /// No further request is taken once this is over.
    stop: CancellationToken,
    /// Every socket is cut once this is over.
    cut: CancellationToken,
}

impl Sockets {
    pub(crate) fn new(
        handler: Arc<dyn Handler>,
        config: WebSocketConfig,
        tasks: TaskTracker,
        stop: CancellationToken,
        cut: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared {
            handler,
            config,
            tasks,
            stop,
            cut,
        }))
    }

    /// Origins whose pages may call, beside the host's own.
    pub(crate) fn origins(&self) -> &[String] {
        &self.0.config.origins
    }

    /// Agrees to an upgrade; the socket lives in a task of its own and keeps
    /// `permit`. `metadata` is what the headers of the request say.
    ///
    /// # Errors
    /// [`Refused`], when this is no handshake or of a foreign origin.
    pub(crate) fn upgrade(
        &self,
        request: &mut Request<Incoming>,
        metadata: Metadata,
        peer: SocketAddr,
        permit: Arc<dyn Any + Send + Sync>,
    ) -> Result<Response<Bytes>, Refused> {
        let agreed = handshake::agree(request.headers(), &self.0.config.origins)?;
        let upgrade = hyper::upgrade::on(request);
        let socket = Socket::new(Arc::clone(&self.0), agreed.dialect, metadata, peer);
        let shared = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = shared.cut.cancelled() => {}
                () = serve(upgrade, socket, shared.config.message_bytes) => {}
            }
            drop(permit);
        });
        Ok(agreed.response)
    }
}

async fn serve(upgrade: OnUpgrade, socket: Socket, message_bytes: usize) {
    match upgrade.await {
        Ok(connection) => {
            let config = Some(framing(message_bytes));
            let connection = TokioIo::new(connection);
            let stream = WebSocketStream::from_raw_socket(connection, Role::Server, config).await;
            socket.serve(stream).await;
        }
        Err(error) => tracing::debug!(%error, "a connection was not upgraded"),
    }
}
