//! Replies as HTTP responses.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use ostler_call::{Code, Encoding, End, Guard, Kind, MessageStream, Metadata, Next, Reply, Status};
use ostler_schema::{Method, write_details};
use ostler_wire::percent;
use tokio::time::Sleep;

use super::error;
use super::events::Events;
use crate::body::Linger;
use crate::http::names::{
    ACCEL_BUFFERING, DETAILS, EVENTS, JSON, MESSAGE, METADATA_PREFIX, NDJSON, RAW, STATUS,
    TRAILER_LIST, TRAILERS,
};

/// Messages that are there already go out together up to this size.
const FRAME: usize = 16 << 10;

/// Frames of one body in a row; then others have their turn.
const TURN: u32 = 16;

/// How long the messages before an abort get to be written.
const FLUSH: Duration = Duration::from_millis(10);

/// What decides how a reply is laid out, known before the call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    layout: Layout,
    trailers: bool,
    cacheable: bool,
}

/// How the messages of a reply are laid out in its body.
#[derive(Clone, Copy, Debug)]
enum Layout {
    /// One JSON text.
    One,
    /// One JSON text a line.
    Lines,
    /// Bytes of a chunk stream.
    Raw,
    /// An event each; silent for so long, a comment.
    Events(Duration),
}

impl Shape {
    /// `event_idle` is set when the client wants events.
    pub(super) fn new(
        method: &Method,
        reply: Encoding,
        trailers: bool,
        event_idle: Option<Duration>,
    ) -> Self {
        let layout = match (method.pattern.streams_out(), reply, event_idle) {
            (false, ..) => Layout::One,
            (true, _, Some(idle)) => Layout::Events(idle),
            (true, Encoding::Raw, None) => Layout::Raw,
            (true, _, None) => Layout::Lines,
        };
        Self {
            layout,
            trailers,
            cacheable: method.idempotent,
        }
    }

    #[cfg(test)]
    pub(super) fn of_events(idle: Duration) -> Self {
        Self {
            layout: Layout::Events(idle),
            trailers: false,
            cacheable: false,
        }
    }

    pub(super) fn event_idle(self) -> Option<Duration> {
        match self.layout {
            Layout::Events(idle) => Some(idle),
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self.layout {
            Layout::One => JSON,
            Layout::Lines => NDJSON,
            Layout::Raw => RAW,
            Layout::Events(_) => EVENTS,
        })
    }
}

/// A JSON text as a response.
pub(super) fn json(body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::full(body));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// The response of a served call.
pub(super) fn response(reply: Reply, shape: Shape, oversized: bool) -> Response<ReplyBody> {
    let guard = reply.body.guard;
    let body = match reply.body.kind {
        Kind::Empty(end) if end.result.is_err() => {
            return error::of_end(end, reply.headers, shape, oversized);
        }
        Kind::Empty(end) => {
            let data = match shape.layout {
                // A client that reads JSON needs a text.
                Layout::One => Bytes::from_static(b"null"),
                Layout::Lines | Layout::Raw => Bytes::new(),
                Layout::Events(_) => Events::only_end(&end),
            };
            ReplyBody::ending(data, end, guard, shape)
        }
        Kind::One(message, trailers) => {
            let result = Ok(());
            ReplyBody::ending(message, End { result, trailers }, guard, shape)
        }
        Kind::Stream(messages) => ReplyBody::stream(messages, guard, shape),
    };
    let declares = body.has_trailers();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, shape.content_type());
    add_metadata(headers, &reply.headers);
    if declares {
        headers.insert(header::TRAILER, TRAILER_LIST);
    }
    let events = shape.event_idle().is_some();
    if events {
        headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    }
    if (shape.cacheable || events) && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Response metadata as headers. `cache-control` is the one key a guest may
/// set under its own name.
pub(super) fn add_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    for (key, value) in metadata.iter() {
        let name = if key == "cache-control" {
            key.to_owned()
        } else {
            format!("{METADATA_PREFIX}{key}")
        };
        // Metadata keys and values are a subset of what headers allow.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}

/// The body of a response.
pub(crate) struct ReplyBody(Inner);

enum Inner {
    /// All at once, then perhaps trailers.
    Full {
        data: Option<Bytes>,
        trailers: Option<HeaderMap>,
        /// Held until the body is dropped.
        _guard: Option<Guard>,
    },
    /// Message by message.
    Stream(Box<Streamed>),
    /// A refusal whose client may still be sending.
    Linger(Option<Bytes>, Box<Linger>),
}

struct Streamed {
    messages: Option<Pin<Box<dyn MessageStream>>>,
    /// Held until the body ends or is dropped.
    _guard: Option<Guard>,
    buffer: BytesMut,
    end: Option<End>,
    shape: Shape,
    events: Option<Events>,
    /// Runs before an abort.
    flush: Option<Pin<Box<Sleep>>>,
    /// Frames given out since the body last waited.
    given: u32,
}

/// A stream that failed after its head left: the connection, or the HTTP/2
/// stream, is aborted.
#[derive(Debug)]
pub(crate) struct Aborted(Status);

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the stream was aborted: {}", self.0)
    }
}

impl std::error::Error for Aborted {}

impl ReplyBody {
    pub(super) fn empty() -> Self {
        Self::full(Bytes::new())
    }

    pub(super) fn full(data: Bytes) -> Self {
        Self(Inner::Full {
            data: Some(data),
            trailers: None,
            _guard: None,
        })
    }

    pub(super) fn lingering(data: Bytes, unread: Incoming) -> Self {
        Self(Inner::Linger(Some(data), Box::new(Linger::new(unread))))
    }

    /// NB a reply that fits one message has trailers only when the guest set
    /// some: HTTP/1.1 must send it chunked then.
    pub(super) fn ending(data: Bytes, end: End, guard: Option<Guard>, shape: Shape) -> Self {
        let trailers = (shape.trailers && !end.trailers.is_empty()).then(|| trailers(end));
        Self(Inner::Full {
            data: Some(data),
            trailers,
            _guard: guard,
        })
    }

    fn stream(messages: Pin<Box<dyn MessageStream>>, guard: Option<Guard>, shape: Shape) -> Self {
        let streamed = Streamed {
            messages: Some(messages),
            _guard: guard,
            buffer: BytesMut::new(),
            end: None,
            shape,
            events: shape.event_idle().map(Events::new),
            flush: None,
            given: 0,
        };
        Self(Inner::Stream(Box::new(streamed)))
    }

    pub(super) fn has_trailers(&self) -> bool {
        match &self.0 {
            Inner::Full { trailers, .. } => trailers.is_some(),
            Inner::Stream(streamed) => streamed.shape.trailers,
            Inner::Linger(..) => false,
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyBody")
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match &mut self.0 {
            Inner::Full { data, trailers, .. } => {
                Poll::Ready(match data.take().filter(|d| !d.is_empty()) {
                    Some(data) => Some(Ok(Frame::data(data))),
                    None => trailers.take().map(|t| Ok(Frame::trailers(t))),
                })
            }
            Inner::Stream(streamed) => streamed.poll_turn(cx),
            Inner::Linger(data, linger) => match data.take() {
                Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                None => linger.poll(cx).map(|()| None),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Full { data, trailers: None, .. } if data.as_ref().is_none_or(Bytes::is_empty))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full {
                data,
                trailers: None,
                ..
            } => SizeHint::with_exact(data.as_ref().map_or(0, |d| d.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}

impl Streamed {
    /// NB as long as a body has frames and its socket takes them, hyper looks
    /// at nothing else, not even whether the client is still there.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        if self.given == TURN {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.poll_frame(cx);
        self.given = if polled.is_ready() { self.given + 1 } else { 0 };
        polled
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        while let Some(messages) = &mut self.messages {
            match messages.as_mut().poll_next(cx) {
                // A raw chunk goes out as it is.
                Poll::Ready(Next::Message(message)) if self.is_raw() && self.buffer.is_empty() => {
                    return Poll::Ready(Some(Ok(Frame::data(message))));
                }
                Poll::Ready(Next::Message(message)) => {
                    self.append(&message);
                    if self.buffer.len() >= FRAME {
                        break;
                    }
                }
                Poll::Ready(Next::End(end)) => {
                    if let Some(events) = &mut self.events {
                        events.end(&mut self.buffer, &end);
                    }
                    self.end = Some(end);
                    self.messages = None;
                }
                Poll::Pending if self.buffer.is_empty() => match &mut self.events {
                    Some(events) => ready!(events.poll_idle(cx, &mut self.buffer)),
                    None => return Poll::Pending,
                },
                // What is there goes out; the next poll waits.
                Poll::Pending => break,
            }
        }
        if !self.buffer.is_empty() {
            if let Some(events) = &mut self.events {
                events.restart();
            }
            return Poll::Ready(Some(Ok(Frame::data(self.buffer.split().freeze()))));
        }
        if self.aborts() {
            // NB hyper throws away what it has not written yet when a body
            // fails; it writes while the body is pending.
            let flush = self
                .flush
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
            ready!(flush.as_mut().poll(cx));
        }
        Poll::Ready(self.end.take().and_then(|end| self.finish(end)))
    }

    fn is_raw(&self) -> bool {
        matches!(self.shape.layout, Layout::Raw)
    }

    /// A failure that neither trailers nor an event can tell.
    fn aborts(&self) -> bool {
        let told = self.shape.trailers || self.events.is_some();
        !told && self.end.as_ref().is_some_and(|end| end.result.is_err())
    }

    fn append(&mut self, message: &[u8]) {
        if let Some(events) = &mut self.events {
            return events.item(&mut self.buffer, message);
        }
        self.buffer.reserve(message.len() + 1);
        self.buffer.put_slice(message);
        if !self.is_raw() {
            self.buffer.put_u8(b'\n');
        }
    }

    fn finish(&self, end: End) -> Option<Result<Frame<Bytes>, Aborted>> {
        match end.result {
            _ if self.shape.trailers => Some(Ok(Frame::trailers(trailers(end)))),
            Err(status) if self.events.is_none() => Some(Err(Aborted(status))),
            _ => None,
        }
    }
}

/// The trailers of an end.
fn trailers(end: End) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(4);
    let code = end.result.as_ref().err().map_or(Code::Ok, Status::code);
    map.insert(STATUS, HeaderValue::from(code.number()));
    let mut set = |name, text: String| {
        // Percent-encoded or base64 text is always a header value.
        if let Ok(value) = HeaderValue::try_from(text) {
            map.insert(name, value);
        }
    };
    if let Err(status) = &end.result {
        set(MESSAGE, percent::encode(status.message()));
        if !status.details().is_empty() {
            let mut json = Vec::new();
            write_details(status.details(), &mut json);
            set(DETAILS, STANDARD_NO_PAD.encode(json));
        }
    }
    if !end.trailers.is_empty() {
        set(TRAILERS, percent::encode(&trailers_json(&end.trailers)));
    }
    map
}

/// `{"key":["value",…]}`.
pub(super) fn trailers_json(metadata: &Metadata) -> String {
    let mut map = serde_json::Map::new();
    for (key, value) in metadata.iter() {
        let values = map
            .entry(key)
            .or_insert_with(|| serde_json::Value::Array(Vec::new()));
        if let serde_json::Value::Array(values) = values {
            values.push(value.into());
        }
    }
    serde_json::Value::Object(map).to_string()
}
