//! One socket: envelopes in, calls started, fed, granted and ended; their
//! replies go to the outbox.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use ostler_call::{Body, End, Metadata, Reply, Status};
use ostler_schema::{Admitted, admitted};
use ostler_wire::FramingError;
use ostler_wire::envelope::{self, Envelope, Kind, Names};
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, error::CapacityError};
use tokio_util::task::TaskTracker;

use super::body::{Arriving, Whole};
use super::calls::{Calls, Found, Live, Piece};
use super::reply::Replies;
use super::request::{self, Form};
use super::{Dialect, Shared};
use crate::listener::LAST_REQUEST;
use crate::websocket::credit::Credit;
use crate::websocket::inbox::inbox;
use crate::websocket::outbox::{Alive, Ended, Outbox, outbox};
use crate::websocket::{CLOSE, text};

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// What MicroAPI's server says to what it cannot read.
const UNREADABLE: &[u8] = br#"{"error": "Invalid message format"}"#;

/// A socket and its calls.
pub(super) struct Socket {
    shared: Arc<Shared>,
    dialect: Dialect,
    /// What the handshake's headers said; every call has it.
    metadata: Metadata,
    peer: SocketAddr,
    calls: Arc<Calls>,
    tasks: TaskTracker,
    alive: Arc<Alive>,
    /// Names calls whose clients did not.
    unnamed: AtomicU64,
    /// No further call is taken.
    closing: AtomicBool,
}

/// Why a socket is closed.
#[derive(Debug)]
enum Reason {
    /// The peer closed it, or it broke: there is nobody to tell.
    Gone,
    /// The host says why.
    Close(CloseCode, &'static str),
}

impl Socket {
    pub(super) fn new(
        shared: Arc<Shared>,
        dialect: Dialect,
        metadata: Metadata,
        peer: SocketAddr,
    ) -> Self {
        Self {
            shared,
            dialect,
            metadata,
            peer,
            calls: Arc::default(),
            tasks: TaskTracker::new(),
            alive: Arc::default(),
            unnamed: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        }
    }

    /// Serves until either side closes; its calls end with it.
    pub(super) async fn serve(self, stream: Stream) {
        let (mut sink, mut source) = stream.split();
        let (outbox, drain) = outbox();
        let writing = drain.write(&mut sink, &self.alive, self.shared.config.keep_alive);
        let mut writing = Some(Box::pin(writing));
        let reason = tokio::select! {
            reason = self.read(&mut source, outbox) => reason,
            ended = poll_fn(|cx| poll_some(&mut writing, cx)) => Reason::of_writing(ended),
        };
        self.calls.abort_all();
        self.tasks.close();
        if let (Reason::Close(..), Some(writing)) = (&reason, writing.take()) {
            // What its calls say last is written first.
            tokio::time::timeout(CLOSE, writing).await.ok();
        }
        drop(writing);
        if let Reason::Close(code, text) = reason {
            tracing::debug!(peer = %self.peer, %code, text, "a socket is closed");
            close(sink, source, code, text).await;
        }
        self.tasks.wait().await;
    }

    /// Reads until there is a reason to close.
    async fn read(&self, source: &mut SplitStream<Stream>, outbox: Outbox) -> Reason {
        let mut last = std::pin::pin!(self.last_call());
        loop {
            let frame = tokio::select! {
                frame = source.next() => frame,
                () = last.as_mut() => {
                    return Reason::Close(CloseCode::Away, "the host shuts down");
                }
            };
            self.alive.heard();
            let text = match frame {
                Some(Ok(Message::Text(text))) => text.into(),
                Some(Ok(Message::Binary(bytes))) => bytes,
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Reason::of_reading(&error),
                None => return Reason::Gone,
            };
            self.alive.deaf(true);
            self.envelope(text, &outbox).await;
            self.alive.deaf(false);
        }
    }

    /// Over when the host stops and no call runs here any more.
    async fn last_call(&self) {
        self.shared.stop.cancelled().await;
        tokio::time::sleep(LAST_REQUEST).await;
        self.closing.store(true, Ordering::Relaxed);
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn envelope(&self, frame: Bytes, outbox: &Outbox) {
        match envelope::read(&frame) {
            Ok(envelope) if self.understands(envelope.kind) => self.take(envelope, outbox).await,
            Ok(_) => self.unreadable(None, outbox).await,
            Err(error) => self.unreadable(Some(&error), outbox).await,
        }
    }

    fn understands(&self, kind: Kind) -> bool {
        self.dialect == Dialect::Ostler || !matches!(kind, Kind::Window | Kind::Cancel)
    }

    async fn unreadable(&self, error: Option<&FramingError>, outbox: &Outbox) {
        tracing::debug!(peer = %self.peer, ?error, "a message is no envelope");
        // The reader notices by itself when the socket is gone.
        outbox.send(UNREADABLE.to_vec()).await.unwrap_or_default();
    }

    async fn take(&self, envelope: Envelope, outbox: &Outbox) {
        match envelope.kind {
            Kind::Request if self.calls.is_live(&envelope.id) => {
                self.calls.abort(
                    &envelope.id,
                    Status::invalid_argument("a second call was opened under the same id"),
                );
            }
            Kind::Request => self.open(envelope, outbox).await,
            Kind::StreamPush => self.push(envelope, outbox).await,
            Kind::StreamEnd => self.end(envelope, outbox).await,
            Kind::Window => self.window(&envelope),
            Kind::Cancel => {
                let status = Status::cancelled("the client cancelled the call");
                self.calls.abort(&envelope.id, status);
            }
            // What only servers send.
            Kind::Response | Kind::Error => {}
        }
    }

    async fn push(&self, envelope: Envelope, outbox: &Outbox) {
        let input = match self.calls.find(&envelope.id) {
            Found::Reading(input) => input,
            Found::Deaf => return,
            Found::Unknown => return self.open_if_named(envelope, outbox).await,
        };
        let message = request::message(envelope.payload);
        if let Err(status) = self.check_size(&message) {
            self.calls.abort(&envelope.id, status);
            return;
        }
        let bytes = message.len();
        if input.message(Piece::Message(message), bytes).is_err() {
            let status = Status::resource_exhausted("more messages were sent than the window has");
            self.calls.abort(&envelope.id, status);
            return;
        }
        // Nothing more is read from this socket until there is room.
        input.room().await;
    }

    async fn end(&self, envelope: Envelope, outbox: &Outbox) {
        match self.calls.end_input(&envelope.id) {
            Ok(input) => {
                let result = text::status(&envelope).map_or(Ok(()), Err);
                let trailers = Metadata::new();
                input.other(Piece::End(End { result, trailers }), 0);
            }
            Err(Found::Unknown) => self.open_if_named(envelope, outbox).await,
            Err(_) => {}
        }
    }

    fn window(&self, envelope: &Envelope) {
        let payload = envelope.payload.as_deref().unwrap_or_default();
        match serde_json::from_slice::<u32>(payload) {
            Ok(messages) => self.calls.grant(&envelope.id, messages),
            Err(_) => {
                let status = Status::invalid_argument(
                    "the payload of `window` must be a number of messages, 0 to 4294967295",
                );
                self.calls.abort(&envelope.id, status);
            }
        }
    }

    /// MicroAPI's streams begin with their first message; one of an unknown
    /// call without names belongs to a call that is over.
    async fn open_if_named(&self, envelope: Envelope, outbox: &Outbox) {
        if !envelope.service.is_empty() || !envelope.method.is_empty() {
            self.open(envelope, outbox).await;
        }
    }

    /// Starts a call, or refuses it.
    async fn open(&self, mut envelope: Envelope, outbox: &Outbox) {
        if envelope.id.is_empty() {
            let number = self.unnamed.fetch_add(1, Ordering::Relaxed);
            envelope.id = format!("{number:032x}");
        }
        let kind = envelope.kind;
        let mut replies = self.replies(&envelope, outbox);
        match self.admit(envelope).await {
            Ok((admitted, form)) => self.start(admitted, form, kind, replies),
            // The reader notices by itself when the socket is gone.
            Err(reply) => replies.send(reply).await.unwrap_or_default(),
        }
    }

    fn replies(&self, envelope: &Envelope, outbox: &Outbox) -> Replies {
        Replies {
            names: Names::new(&envelope.service, &envelope.method, &envelope.id),
            id: envelope.id.clone(),
            dialect: self.dialect,
            streams: false,
            echoes_first: false,
            outbox: outbox.clone(),
            calls: Arc::clone(&self.calls),
            credit: Arc::new(Credit::new(self.dialect == Dialect::Ostler)),
            began: false,
        }
    }

    /// # Errors
    /// The reply to a call that is refused.
    async fn admit(&self, envelope: Envelope) -> Result<(Admitted, Form), Reply> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(Status::unavailable("the host shuts down").into());
        }
        if self.calls.count() >= self.shared.config.calls {
            let limit = self.shared.config.calls;
            return Err(Status::resource_exhausted(format!(
                "the socket has {limit} calls already, which is its limit"
            ))
            .into());
        }
        let head = request::head(&envelope, &self.metadata, self.peer)?;
        let admitted = admitted(&*self.shared.handler, head).await?;
        let form = request::form(envelope, admitted.method().pattern, self.dialect)?;
        if let Form::One(message) | Form::Arriving(Some(message)) = &form {
            self.check_size(message)?;
        }
        Ok((admitted, form))
    }

    fn check_size(&self, message: &Bytes) -> Result<(), Status> {
        let limit = self.shared.config.message_bytes;
        if message.len() <= limit {
            return Ok(());
        }
        Err(Status::resource_exhausted(format!(
            "the message is larger than the limit of {limit} bytes"
        )))
    }

    fn start(&self, admitted: Admitted, form: Form, kind: Kind, mut replies: Replies) {
        let method = admitted.method().pattern;
        replies.streams = method.streams_out();
        let whole = kind == Kind::Request && method.streams_in();
        replies.echoes_first = whole && replies.streams && self.dialect == Dialect::MicroApi;
        let (abort, aborted) = oneshot::channel();
        let mut live = Live {
            input: None,
            credit: Arc::clone(&replies.credit),
            abort,
        };
        let body = self.body(form, &replies, &mut live);
        self.calls.add(replies.id.clone(), live);
        self.tasks.spawn(run(admitted, body, replies, aborted));
    }

    fn body(&self, form: Form, replies: &Replies, live: &mut Live) -> Body {
        match form {
            Form::One(message) => Body::one(message),
            Form::Whole(payload) => {
                Body::stream(Whole::new(payload, self.shared.config.message_bytes))
            }
            Form::Ended => Body::stream(Whole::new(None, 0)),
            Form::Arriving(first) => {
                let (feeder, inbox) = inbox(self.dialect == Dialect::Ostler);
                if let Some(first) = first {
                    let bytes = first.len();
                    // The first message of a window has room.
                    feeder
                        .message(Piece::Message(first), bytes)
                        .unwrap_or_default();
                }
                live.input = Some(feeder);
                Body::stream(Arriving::new(
                    replies.id.clone(),
                    inbox,
                    replies.outbox.clone(),
                ))
            }
        }
    }
}

/// Runs a call to its end, or until it is aborted: then what runs is dropped,
/// and with it the guest cancelled.
async fn run(
    admitted: Admitted,
    body: Body,
    mut replies: Replies,
    aborted: oneshot::Receiver<Status>,
) {
    let answered = async {
        let reply = admitted.serve(body).await;
        replies.send(reply).await
    };
    let status = tokio::select! {
        biased;
        // A call that finishes is not aborted any more.
        Ok(status) = aborted => status,
        // Nobody is left to be told when the socket is gone.
        answered = answered => return answered.unwrap_or_default(),
    };
    replies.abort(status).await.unwrap_or_default();
}

impl Reason {
    fn of_writing(ended: Ended) -> Self {
        match ended {
            Ended::Done | Ended::Broken(_) => Self::Gone,
            Ended::Silent => Self::Close(CloseCode::Policy, "the peer answers no pings"),
            Ended::Stalled => Self::Close(CloseCode::Policy, "the peer does not read"),
        }
    }

    fn of_reading(error: &Error) -> Self {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                Self::Close(CloseCode::Size, "the message is larger than the limit")
            }
            Error::Protocol(_) => Self::Close(CloseCode::Protocol, "the frame is malformed"),
            Error::Utf8(_) => Self::Close(CloseCode::Invalid, "the text is not UTF-8"),
            _ => Self::Gone,
        }
    }
}

/// What a future gives, which is then gone.
fn poll_some<F: Future + Unpin>(future: &mut Option<F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    let Some(polled) = future else {
        return Poll::Pending;
    };
    let output = ready!(Pin::new(polled).poll(cx));
    *future = None;
    Poll::Ready(output)
}

/// Says why, then reads away what the peer was still sending, so that it gets
/// to read that.
async fn close(
    mut sink: futures_util::stream::SplitSink<Stream, Message>,
    mut source: SplitStream<Stream>,
    code: CloseCode,
    reason: &'static str,
) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let closing = async {
        sink.send(Message::Close(Some(frame))).await.ok();
        while let Some(Ok(_)) = source.next().await {}
        if let Ok(stream) = sink.reunite(source) {
            let mut connection = stream.into_inner();
            tokio::io::copy(&mut connection, &mut tokio::io::sink())
                .await
                .ok();
        }
    };
    tokio::time::timeout(CLOSE, closing).await.ok();
}
