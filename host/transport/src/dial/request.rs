//! A request: what it says, and its body, which is read as fast as the server
//! takes it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method as Verb};
use http_body::{Body as HttpBody, Frame, SizeHint};
use ostler_call::{Address, Body, Guard, Kind, MessageStream, Next, Status};
use ostler_wire::{frame, ndjson};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Messages that are there already are sent together up to this size.
const FRAME: usize = 16 << 10;
/// What stands in a path segment as it is (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request, before it is fitted to HTTP/1.1 or HTTP/2.
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

impl Request {
    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.body.progress)
    }
}

/// What is known of a request's body while its connection holds it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    sent: AtomicBool,
    failure: OnceLock<Status>,
}

impl Progress {
    /// Whether the whole body was handed to the connection.
    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// The status of a request stream that failed: why the call did.
    pub(crate) fn failure(&self) -> Option<Status> {
        self.failure.get().cloned()
    }
}

/// A path, with its query.
///
/// # Errors
/// `INVALID_ARGUMENT` for what is none.
pub(crate) fn parse_path(path: &str) -> Result<PathAndQuery, Status> {
    let parsed = path.parse().ok().filter(|_| path.starts_with('/'));
    parsed.ok_or_else(|| Status::invalid_argument(format!("{path:?} is not the path of a URL")))
}

/// The path of a method.
pub(crate) fn method_path(address: &Address) -> String {
    format!(
        "/{}/{}",
        utf8_percent_encode(&address.service, SEGMENT),
        utf8_percent_encode(&address.method, SEGMENT),
    )
}

/// How messages are laid out in the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    /// The one message alone, or message after message without borders.
    Bare,
    /// One message a line.
    Lines,
    /// Each with its length before it.
    Frames,
}

impl Layout {
    fn append(self, buffer: &mut BytesMut, message: &[u8]) -> Result<(), Status> {
        // A flag and a length, or the end of a line.
        buffer.reserve(message.len() + frame::PREFIX);
        match self {
            Self::Lines => ndjson::join(buffer, message),
            Self::Bare => buffer.extend_from_slice(message),
            Self::Frames => frame::join(buffer, 0, message).map_err(|error| {
                Status::resource_exhausted(format!("the request cannot be sent: {error}"))
            })?,
        }
        Ok(())
    }
}

/// The body of a request.
pub(crate) struct RequestBody {
    messages: Messages,
    layout: Layout,
    /// Laid out and not yet sent.
    buffer: BytesMut,
    progress: Arc<Progress>,
    _guard: Option<Guard>,
}

enum Messages {
    /// All of it is in the buffer or was sent.
    Done,
    One(Bytes),
    Stream(Pin<Box<dyn MessageStream>>),
}

/// The request's own stream failed; the status is in its [`Progress`].
#[derive(Debug)]
pub(crate) struct Abandoned;

impl std::fmt::Display for Abandoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the request was abandoned by its sender")
    }
}

impl std::error::Error for Abandoned {}

impl RequestBody {
    /// Nothing at all.
    pub(crate) fn empty() -> Self {
        Self::of(Messages::Done, Layout::Bare, BytesMut::new())
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a message whose length cannot be said.
    pub(crate) fn new(body: Body, layout: Layout) -> Result<Self, Status> {
        let mut buffer = BytesMut::new();
        let messages = match body.kind {
            Kind::Empty(_) => Messages::Done,
            Kind::One(message, _) if layout == Layout::Bare => Messages::One(message),
            Kind::One(message, _) => {
                layout.append(&mut buffer, &message)?;
                Messages::Done
            }
            Kind::Stream(stream) => Messages::Stream(stream),
        };
        let mut made = Self::of(messages, layout, buffer);
        made._guard = body.guard;
        Ok(made)
    }

    fn of(messages: Messages, layout: Layout, buffer: BytesMut) -> Self {
        let body = Self {
            messages,
            layout,
            buffer,
            progress: Arc::default(),
            _guard: None,
        };
        body.note_sent();
        body
    }

    /// Why the request stops here.
    fn abandon(&mut self, status: Status) -> Abandoned {
        self.messages = Messages::Done;
        // Set once: a stream ends once.
        self.progress.failure.get_or_init(|| status);
        Abandoned
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Abandoned>>> {
        while let Messages::Stream(stream) = &mut self.messages {
            match stream.as_mut().poll_next(cx) {
                // A large chunk goes out as it is.
                Poll::Ready(Next::Message(message))
                    if self.buffer.is_empty()
                        && message.len() >= FRAME
                        && self.layout == Layout::Bare =>
                {
                    return Poll::Ready(Some(Ok(message)));
                }
                Poll::Ready(Next::Message(message)) => {
                    if let Err(status) = self.layout.append(&mut self.buffer, &message) {
                        return Poll::Ready(Some(Err(self.abandon(status))));
                    }
                    if self.buffer.len() >= FRAME {
                        break;
                    }
                }
                Poll::Ready(Next::End(end)) => {
                    self.messages = Messages::Done;
                    if let Err(status) = end.result {
                        return Poll::Ready(Some(Err(self.abandon(status))));
                    }
                }
                Poll::Pending if self.buffer.is_empty() => return Poll::Pending,
                // What is there goes out; the next poll waits.
                Poll::Pending => break,
            }
        }
        Poll::Ready(self.take_ready().map(Ok))
    }

    /// What is laid out, or the one message.
    fn take_ready(&mut self) -> Option<Bytes> {
        if !self.buffer.is_empty() {
            return Some(self.buffer.split().freeze());
        }
        match std::mem::replace(&mut self.messages, Messages::Done) {
            Messages::One(message) => Some(message).filter(|message| !message.is_empty()),
            Messages::Done | Messages::Stream(_) => None,
        }
    }

    fn note_sent(&self) {
        if self.is_end_stream() && self.progress.failure.get().is_none() {
            self.progress.sent.store(true, Ordering::Release);
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = Abandoned;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Abandoned>>> {
        let polled = self.poll_data(cx);
        self.note_sent();
        polled.map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.buffer.is_empty() && matches!(self.messages, Messages::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.messages {
            Messages::Stream(_) => SizeHint::default(),
            Messages::One(message) => SizeHint::with_exact(message.len() as u64),
            Messages::Done => SizeHint::with_exact(self.buffer.len() as u64),
        }
    }
}
