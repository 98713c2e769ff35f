//! The client half: calls multiplexed on one socket. Dropping the future of a
//! call, or the reply it gave, cancels the call.

mod reply;
mod request;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, header};
use ostler_call::{Body, End, Head, Kind as BodyKind, Reply, Status};
use ostler_schema::Pattern;
use ostler_wire::envelope::{self, Envelope, Kind};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_util::task::AbortOnDropHandle;

use self::reply::Expected;
use super::credit::Credit;
use super::inbox::{Feeder, Inbox, inbox};
use super::outbox::{Alive, Ended, Outbox, outbox};
use super::{CLOSE, SUBPROTOCOL, framing};
pub use crate::dial::ClientTls;
use crate::dial::{self, Http, Schemes, Target, within};

/// What a client allows servers and itself.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Until a socket stands.
    pub connect_timeout: Duration,
    /// Bytes of one reply message.
    pub message_bytes: usize,
    /// Between pings; a server that says nothing for as long is gone.
    pub keep_alive: Duration,
    /// Whom to trust, and who to be, where the URL asks for TLS.
    pub tls: ClientTls,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            message_bytes: 64 << 20,
            keep_alive: Duration::from_secs(20),
            tls: ClientTls::default(),
        }
    }
}

/// Calls the services of one host. Clones are cheap and share the socket.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    outbox: Outbox,
    calls: Arc<Calls>,
    next: AtomicU64,
    _socket: AbortOnDropHandle<()>,
}

/// What arrives for a call.
enum Event {
    Envelope(Envelope),
    /// The socket is gone.
    Lost(Status),
}

/// The calls that have not ended, by id.
#[derive(Default)]
struct Calls(Mutex<Table>);

#[derive(Default)]
struct Table {
    live: HashMap<String, Live>,
    lost: Option<Status>,
}

struct Live {
    feeder: Feeder<Event>,
    credit: Arc<Credit>,
}

/// One call; dropping it before its last envelope cancels it. It keeps the
/// socket, which may so outlive the client.
struct Ongoing {
    id: String,
    shared: Arc<Shared>,
    inbox: Inbox<Event>,
    credit: Arc<Credit>,
}

/// Bytes of a stream that the host has not taken yet, as far as is known: less
/// than what makes it stop reading, since grants come the same way.
const ON_THEIR_WAY: usize = 1 << 20;

type Stream = WebSocketStream<dial::Stream>;

const SCHEMES: Schemes = Schemes {
    plain: "ws",
    tls: "wss",
};

impl Client {
    /// Connects to `url`, such as `ws://127.0.0.1:8080`; `wss://` is TLS.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a URL of another form, `UNAVAILABLE` when there
    /// is no connection or it is no socket of [`SUBPROTOCOL`].
    pub async fn connect(url: &str) -> Result<Self, Status> {
        Self::connect_with(url, ClientConfig::default()).await
    }

    /// Connects to `url` with other limits than the usual ones.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_with(url: &str, config: ClientConfig) -> Result<Self, Status> {
        let of_dial = dial::ClientConfig {
            connect_timeout: config.connect_timeout,
            tls: config.tls,
            ..dial::ClientConfig::default()
        };
        let target = Target::new(url, SCHEMES, of_dial)?;
        let connection = target.dial(&[Http::One]).await?;
        let shaking = handshake(url, connection, config.message_bytes);
        let stream = tokio::time::timeout(config.connect_timeout, shaking)
            .await
            .map_err(|_| Status::unavailable(format!("{url} does not answer the handshake")))??;
        let (outbox, drain) = outbox();
        let calls = Arc::<Calls>::default();
        let reader = Arc::clone(&calls);
        let socket = dial::spawn(async move {
            let alive = Alive::default();
            let (mut sink, mut source) = stream.split();
            let lost = tokio::select! {
                lost = read(&mut source, &reader, &alive) => lost,
                ended = drain.write(&mut sink, &alive, config.keep_alive) => lost(&ended),
            };
            reader.lose(&lost);
            tokio::time::timeout(CLOSE, sink.close()).await.ok();
        });
        let shared = Arc::new(Shared {
            outbox,
            calls,
            next: AtomicU64::new(1),
            _socket: socket,
        });
        Ok(Self { shared })
    }

    /// Calls the method of `head`, whose sides stream as `pattern` says.
    ///
    /// The encodings of `head` say what the messages of `body`, and of the
    /// reply, are: JSON texts, or with `Raw` the bytes of chunks, which cross
    /// as base64. What the server answered is the reply, a refusal too; a
    /// streamed reply is given with its first message, and the others while
    /// the request's are still being sent.
    ///
    /// # Errors
    /// The status of a call that has no answer: the socket broke, time ran
    /// out, or the request's own stream failed.
    pub async fn call(&self, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
        if let BodyKind::Empty(End {
            result: Err(status),
            ..
        }) = body.kind
        {
            return Err(status);
        }
        let call = self.begin()?;
        let expected = Expected {
            streams: pattern.streams_out(),
            encoding: head.reply,
            deadline: head.deadline,
        };
        let deadline = head.deadline;
        let answer = async {
            let sending = request::send(&call, &head, pattern, body).await?;
            reply::receive(call, expected, sending).await
        };
        within(deadline, answer).await
    }

    fn begin(&self) -> Result<Ongoing, Status> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{number:x}");
        let (feeder, inbox) = inbox(true);
        let credit = Arc::new(Credit::with_bytes(true, ON_THEIR_WAY));
        let live = Live {
            feeder,
            credit: Arc::clone(&credit),
        };
        self.shared.calls.add(id.clone(), live)?;
        Ok(Ongoing {
            id,
            shared: Arc::clone(&self.shared),
            inbox,
            credit,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

async fn handshake(
    url: &str,
    connection: dial::Stream,
    message_bytes: usize,
) -> Result<Stream, Status> {
    let failed =
        |error: Error| Status::unavailable(format!("{url} did not open a WebSocket: {error}"));
    let mut request = url.into_client_request().map_err(failed)?;
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    let headers = request.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let config = Some(framing(message_bytes));
    let (stream, _) = tokio_tungstenite::client_async_with_config(request, connection, config)
        .await
        .map_err(failed)?;
    Ok(stream)
}

/// Hands what arrives to its calls, until there is nothing more.
async fn read(source: &mut SplitStream<Stream>, calls: &Calls, alive: &Alive) -> Status {
    loop {
        let frame = source.next().await;
        alive.heard();
        let frame: Bytes = match frame {
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Close(Some(close)))) => {
                return Status::unavailable(format!("the server closed the socket: {close}"));
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Status::unavailable(format!("the socket broke: {error}")),
            None => return Status::unavailable("the server closed the socket"),
        };
        let Ok(envelope) = envelope::read(&frame) else {
            tracing::debug!("a message of the server is no envelope");
            continue;
        };
        if let Some(feeder) = calls.take(envelope) {
            alive.deaf(true);
            feeder.room().await;
            alive.deaf(false);
        }
    }
}

fn lost(ended: &Ended) -> Status {
    Status::unavailable(match ended {
        Ended::Done => "the socket was closed".to_owned(),
        Ended::Silent => "the server answers no pings".to_owned(),
        Ended::Stalled => "the server does not read".to_owned(),
        Ended::Broken(error) => format!("the socket broke: {error}"),
    })
}

impl Calls {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, id: String, call: Live) -> Result<(), Status> {
        let mut table = self.table();
        if let Some(status) = &table.lost {
            return Err(status.clone());
        }
        table.live.insert(id, call);
        Ok(())
    }

    /// Gives an envelope to its call, which is then to be waited for.
    fn take(&self, envelope: Envelope) -> Option<Feeder<Event>> {
        let mut table = self.table();
        if envelope.kind == Kind::Window {
            let payload = envelope.payload.as_deref().unwrap_or_default();
            let call = table.live.get(&envelope.id)?;
            call.credit
                .grant(serde_json::from_slice(payload).unwrap_or_default());
            return None;
        }
        let feeder = table.live.get(&envelope.id)?.feeder.clone();
        let bytes = envelope.payload.as_ref().map_or(0, Bytes::len);
        if envelope.kind == Kind::StreamPush {
            let status = || Status::resource_exhausted("the server sent more than its window");
            if feeder.message(Event::Envelope(envelope), bytes).is_err() {
                feeder.other(Event::Lost(status()), 0);
            }
            return Some(feeder);
        }
        table.live.remove(&envelope.id);
        feeder.other(Event::Envelope(envelope), bytes);
        None
    }

    /// Whether the call had not ended.
    fn remove(&self, id: &str) -> bool {
        self.table().live.remove(id).is_some()
    }

    fn lose(&self, status: &Status) {
        let mut table = self.table();
        table.lost = Some(status.clone());
        for (_, call) in table.live.drain() {
            call.feeder.other(Event::Lost(status.clone()), 0);
        }
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        if self.shared.calls.remove(&self.id) {
            self.shared.outbox.cancel(std::mem::take(&mut self.id));
        }
    }
}
