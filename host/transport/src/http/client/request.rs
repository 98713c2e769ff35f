//! From head and body of a call to an HTTP request.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use ostler_call::{
    Body, Deadline, Encoding, Guard, Head, Kind, MessageStream, Metadata, Next, Status,
};
use ostler_schema::Pattern;
use ostler_wire::ndjson;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::dial;
use crate::http::names::{JSON, METADATA_PREFIX, NDJSON, PLAIN_METADATA, RAW, TIMEOUT};

/// Messages that are there already are sent together up to this size.
const FRAME: usize = 16 << 10;
/// The longest timeout servers read: ten digits, 115 days. A later deadline is
/// not sent.
const MAX_TIMEOUT_MS: u128 = 9_999_999_999;
/// What stands in a path segment as it is (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request, before it is fitted to HTTP/1.1 or HTTP/2.
pub(super) struct Request {
    pub(super) verb: Verb,
    pub(super) path: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) body: RequestBody,
}

impl Request {
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.body.progress)
    }
}

/// What is known of a request's body while its connection holds it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    sent: AtomicBool,
    failure: OnceLock<Status>,
}

impl Progress {
    /// Whether the whole body was handed to the connection.
    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// The status of a request stream that failed: why the call did.
    pub(super) fn failure(&self) -> Option<Status> {
        self.failure.get().cloned()
    }
}

/// The request that reads `path`.
pub(super) fn of_path(path: &str) -> Result<Request, Status> {
    Ok(Request {
        verb: Verb::GET,
        path: parse_path(path)?,
        headers: HeaderMap::new(),
        body: RequestBody::empty(),
    })
}

/// The request that calls `head`'s method.
pub(super) fn of_call(
    head: &Head,
    pattern: Pattern,
    body: Body,
    now: Instant,
) -> Result<Request, Status> {
    let mut headers = HeaderMap::new();
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static(accept(head, pattern)),
    );
    add_metadata(&mut headers, &head.metadata);
    if let Some(timeout) = timeout(head.deadline, now)? {
        headers.insert(TIMEOUT, timeout);
    }
    let mut path = format!(
        "/{}/{}",
        utf8_percent_encode(&head.address.service, SEGMENT),
        utf8_percent_encode(&head.address.method, SEGMENT),
    );
    if head.request == Encoding::Query {
        path.push_str(&query(body)?);
        return Ok(Request {
            verb: Verb::GET,
            path: parse_path(&path)?,
            headers,
            body: RequestBody::empty(),
        });
    }
    let layout = Layout::new(head.request, pattern);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(layout.content_type()),
    );
    Ok(Request {
        verb: Verb::POST,
        path: parse_path(&path)?,
        headers,
        body: RequestBody::new(body, layout),
    })
}

fn parse_path(path: &str) -> Result<PathAndQuery, Status> {
    let parsed = path.parse().ok().filter(|_| path.starts_with('/'));
    parsed.ok_or_else(|| Status::invalid_argument(format!("{path:?} is not the path of a URL")))
}

/// The one message as `?query`.
fn query(body: Body) -> Result<String, Status> {
    let message = match body.kind {
        Kind::Empty(_) => return Ok(String::new()),
        Kind::One(message, _) => String::from_utf8(message.into()),
        Kind::Stream(_) => {
            return Err(Status::invalid_argument(
                "a stream cannot be sent as a URL query",
            ));
        }
    };
    let query = message.map_err(|_| Status::invalid_argument("a URL query must be ASCII"))?;
    Ok(if query.is_empty() {
        query
    } else {
        format!("?{query}")
    })
}

fn accept(head: &Head, pattern: Pattern) -> &'static str {
    match (head.reply, pattern.streams_out()) {
        (Encoding::Raw, _) => RAW,
        (_, true) => NDJSON,
        (_, false) => JSON,
    }
}

fn add_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    for (key, value) in metadata.iter() {
        let name = if PLAIN_METADATA.contains(&key) {
            HeaderName::try_from(key)
        } else {
            HeaderName::try_from(format!("{METADATA_PREFIX}{key}"))
        };
        // Metadata keys and values are a subset of what headers allow.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}

/// Time left in whole milliseconds, rounded up so that the server does not
/// give up first.
fn timeout(deadline: Option<Deadline>, now: Instant) -> Result<Option<HeaderValue>, Status> {
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    let left = deadline.remaining(now);
    if left.is_zero() {
        return Err(dial::late());
    }
    let millis = left
        .as_nanos()
        .div_ceil(Duration::from_millis(1).as_nanos());
    let sent = u64::try_from(millis)
        .ok()
        .filter(|_| millis <= MAX_TIMEOUT_MS);
    Ok(sent.map(HeaderValue::from))
}

/// How messages are laid out in the body.
#[derive(Clone, Copy, Debug)]
enum Layout {
    /// The one message alone.
    Single,
    /// One message a line.
    Lines,
    /// Chunk after chunk.
    Chunks,
}

impl Layout {
    fn new(encoding: Encoding, pattern: Pattern) -> Self {
        match (encoding, pattern.streams_in()) {
            (Encoding::Raw, _) => Self::Chunks,
            (_, true) => Self::Lines,
            (_, false) => Self::Single,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Single => JSON,
            Self::Lines => NDJSON,
            Self::Chunks => RAW,
        }
    }
}

/// The body of a request.
pub(super) struct RequestBody {
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
pub(super) struct Abandoned;

impl std::fmt::Display for Abandoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the request was abandoned by its sender")
    }
}

impl std::error::Error for Abandoned {}

impl RequestBody {
    fn empty() -> Self {
        Self::new(Body::empty(), Layout::Single)
    }

    fn new(body: Body, layout: Layout) -> Self {
        let messages = match body.kind {
            Kind::Empty(_) => Messages::Done,
            Kind::One(message, _) => Messages::One(layout.whole(message)),
            Kind::Stream(stream) => Messages::Stream(stream),
        };
        let body = Self {
            messages,
            layout,
            buffer: BytesMut::new(),
            progress: Arc::default(),
            _guard: body.guard,
        };
        body.note_sent();
        body
    }

    fn append(&mut self, message: &[u8]) {
        self.buffer.reserve(message.len() + 1);
        match self.layout {
            Layout::Lines => ndjson::join(&mut self.buffer, message),
            Layout::Single | Layout::Chunks => self.buffer.extend_from_slice(message),
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Abandoned>>> {
        while let Messages::Stream(stream) = &mut self.messages {
            match stream.as_mut().poll_next(cx) {
                // A large chunk goes out as it is.
                Poll::Ready(Next::Message(message))
                    if self.buffer.is_empty()
                        && message.len() >= FRAME
                        && !matches!(self.layout, Layout::Lines) =>
                {
                    return Poll::Ready(Some(Ok(message)));
                }
                Poll::Ready(Next::Message(message)) => {
                    self.append(&message);
                    if self.buffer.len() >= FRAME {
                        break;
                    }
                }
                Poll::Ready(Next::End(end)) => {
                    self.messages = Messages::Done;
                    if let Err(status) = end.result {
                        // Set once: a stream ends once.
                        self.progress.failure.get_or_init(|| status);
                        return Poll::Ready(Some(Err(Abandoned)));
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

impl Layout {
    /// A body of one message.
    fn whole(self, message: Bytes) -> Bytes {
        match self {
            Self::Single | Self::Chunks => message,
            Self::Lines => {
                let mut line = BytesMut::with_capacity(message.len() + 1);
                ndjson::join(&mut line, &message);
                line.freeze()
            }
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
