//! Replies as HTTP responses: a head, a frame a message, trailers.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use http_body::{Body as HttpBody, Frame};
use ostler_call::{End, Guard, Kind, MessageStream, Metadata, Next, Reply, Status};
use ostler_wire::grpc;

use super::error::trailers;
use super::request::{GRPC_JSON, is_own};

/// Messages that are there already go out together up to this size.
const FRAME: usize = 16 << 10;

/// The response of a call; `streams` when it answers any number of messages.
pub(super) fn response(reply: Reply, streams: bool) -> Response<ReplyBody> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC_JSON));
    add_metadata(&mut headers, &reply.headers);
    let guard = reply.body.guard;
    let body = match reply.body.kind {
        // Trailers-Only: nothing was said before the error.
        Kind::Empty(end) if end.result.is_err() && reply.headers.is_empty() => {
            headers.extend(trailers(&end));
            ReplyBody::empty()
        }
        Kind::Empty(end) if streams || end.result.is_err() => ReplyBody::whole(None, end, guard),
        // A method without a result answers one message all the same.
        Kind::Empty(end) => ReplyBody::whole(Some(Bytes::from_static(b"null")), end, guard),
        Kind::One(message, trailers) => {
            let result = Ok(());
            ReplyBody::whole(Some(message), End { result, trailers }, guard)
        }
        Kind::Stream(messages) => ReplyBody::stream(messages, guard),
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// Metadata as headers or trailers, under its own names; what is the
/// protocol's own is left out.
pub(super) fn add_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    for (key, value) in metadata.iter().filter(|(key, _)| !is_own(key)) {
        // Metadata keys and values are a subset of what headers allow.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}

/// The body of a response.
pub(crate) struct ReplyBody {
    messages: Option<Pin<Box<dyn MessageStream>>>,
    /// Framed and not yet sent.
    buffer: BytesMut,
    /// After the messages.
    trailers: Option<HeaderMap>,
    /// Held until the body is dropped.
    _guard: Option<Guard>,
}

impl ReplyBody {
    pub(super) fn empty() -> Self {
        Self {
            messages: None,
            buffer: BytesMut::new(),
            trailers: None,
            _guard: None,
        }
    }

    fn whole(message: Option<Bytes>, end: End, guard: Option<Guard>) -> Self {
        let mut body = Self {
            _guard: guard,
            ..Self::empty()
        };
        let framed = message.map_or(Ok(()), |message| body.append(&message));
        body.end(&framed.err().map_or(end, End::from));
        body
    }

    fn stream(messages: Pin<Box<dyn MessageStream>>, guard: Option<Guard>) -> Self {
        Self {
            messages: Some(messages),
            _guard: guard,
            ..Self::empty()
        }
    }

    fn append(&mut self, message: &[u8]) -> Result<(), Status> {
        grpc::join(&mut self.buffer, message).map_err(|e| Status::internal(e.to_string()))
    }

    fn end(&mut self, end: &End) {
        self.messages = None;
        self.trailers = Some(trailers(end));
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyBody")
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while let Some(messages) = &mut self.messages {
            match messages.as_mut().poll_next(cx) {
                Poll::Ready(Next::Message(message)) => {
                    if let Err(status) = self.append(&message) {
                        self.end(&status.into());
                    }
                    if self.buffer.len() >= FRAME {
                        break;
                    }
                }
                Poll::Ready(Next::End(end)) => self.end(&end),
                Poll::Pending if self.buffer.is_empty() => return Poll::Pending,
                // What is there goes out; the next poll waits.
                Poll::Pending => break,
            }
        }
        if !self.buffer.is_empty() {
            let data = self.buffer.split().freeze();
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(self.trailers.take().map(|map| Ok(Frame::trailers(map))))
    }

    fn is_end_stream(&self) -> bool {
        self.messages.is_none() && self.buffer.is_empty() && self.trailers.is_none()
    }
}
