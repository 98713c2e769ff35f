//! The body of a response.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use ostler_call::{End, Guard, MessageStream, Next, Status};
use ostler_wire::{FramingError, frame, grpc_web};

use super::dialect::Protocol;
use super::reply::Shape;
use super::{connect, grpc};
use crate::body::{Linger, Unread};

/// Messages that are there already go out together up to this size; larger
/// ones go out without being copied.
const FRAME: usize = 16 << 10;
/// Frames of one body in a row; then others have their turn.
const TURN: u32 = 16;

/// The body of a response: frames and an end, or bare bytes.
pub(crate) struct ReplyBody {
    /// None of bare bytes.
    shape: Option<Shape>,
    messages: Option<Pin<Box<dyn MessageStream>>>,
    /// Framed and not yet sent.
    buffer: BytesMut,
    /// What comes after that as it is.
    large: Option<Bytes>,
    /// What comes at last.
    end: Option<End>,
    may_compress: bool,
    /// What the client may still be sending.
    unread: Unread,
    linger: Option<Box<Linger>>,
    /// Frames given out since the body last waited.
    given: u32,
    /// Held until the body is dropped.
    _guard: Option<Guard>,
}

impl ReplyBody {
    /// Bytes without frames.
    pub(super) fn bare(data: Bytes, unread: Unread) -> Self {
        Self {
            shape: None,
            messages: None,
            buffer: BytesMut::new(),
            large: Some(data).filter(|data| !data.is_empty()),
            end: None,
            may_compress: false,
            unread,
            linger: None,
            given: 0,
            _guard: None,
        }
    }

    /// At most one message, and the end.
    pub(super) fn whole(shape: Shape, message: Option<Bytes>, end: End, unread: Unread) -> Self {
        let mut body = Self {
            shape: Some(shape),
            ..Self::bare(Bytes::new(), unread)
        };
        let put = message.map_or(Ok(()), |message| body.put(message));
        body.end = Some(put.err().map_or(end, End::from));
        body.put_end();
        body
    }

    /// Any number of messages.
    pub(super) fn stream(
        shape: Shape,
        messages: Pin<Box<dyn MessageStream>>,
        unread: Unread,
    ) -> Self {
        Self {
            shape: Some(shape),
            messages: Some(messages),
            may_compress: shape.may_compress(),
            ..Self::bare(Bytes::new(), unread)
        }
    }

    /// The same, holding `guard`.
    pub(super) fn guarded(self, guard: Option<Guard>) -> Self {
        Self {
            _guard: guard,
            ..self
        }
    }

    /// Whether some message is compressed, or may be.
    pub(super) fn may_compress(&self) -> bool {
        self.may_compress
    }

    fn put(&mut self, message: Bytes) -> Result<(), Status> {
        self.put_frame(message).map_err(unframed)
    }

    fn put_frame(&mut self, message: Bytes) -> Result<(), FramingError> {
        if let Some(packed) = self.shape.and_then(|shape| shape.compressed(&message)) {
            self.may_compress = true;
            return frame::join(&mut self.buffer, frame::COMPRESSED, &packed);
        }
        let prefix = frame::prefix(0, &message)?;
        if message.len() >= FRAME {
            self.buffer.put_slice(&prefix);
            self.large = Some(message);
        } else {
            self.buffer.reserve(prefix.len() + message.len());
            self.buffer.put_slice(&prefix);
            self.buffer.put_slice(&message);
        }
        Ok(())
    }

    /// Puts the end where the messages are, once all of them are there; not
    /// so where it is HTTP that has the last word.
    fn put_end(&mut self) {
        let put = match self.shape.map(|shape| shape.dialect.protocol) {
            None | Some(Protocol::Grpc) => return,
            Some(Protocol::Web | Protocol::WebText) => grpc::put_trailers,
            Some(_) => connect::put_end,
        };
        if self.large.is_none()
            && let Some(end) = self.end.take()
            && put(&mut self.buffer, &end).is_err()
        {
            // NB more metadata than four bytes can count does not exist.
            tracing::error!("the end of a reply could not be framed");
        }
    }

    /// Takes messages as long as they are there and few enough.
    fn poll_gather(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.buffer.len() < FRAME && self.large.is_none() {
            let Some(messages) = &mut self.messages else {
                break;
            };
            match messages.as_mut().poll_next(cx) {
                Poll::Ready(Next::Message(message)) => {
                    if let Err(status) = self.put(message) {
                        self.messages = None;
                        self.end = Some(status.into());
                    }
                }
                Poll::Ready(Next::End(end)) => {
                    self.messages = None;
                    self.end = Some(end);
                }
                Poll::Pending if self.buffer.is_empty() => return Poll::Pending,
                // What is there goes out; the next poll waits.
                Poll::Pending => break,
            }
        }
        Poll::Ready(())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        ready!(self.poll_gather(cx));
        self.put_end();
        let data = if self.buffer.is_empty() {
            self.large.take()
        } else {
            Some(self.take_buffer())
        };
        if let Some(data) = data {
            let data = if self.is_text() {
                grpc_web::encode(&data)
            } else {
                data
            };
            return Poll::Ready(Some(Frame::data(data)));
        }
        if let Some(end) = self.end.take() {
            return Poll::Ready(Some(Frame::trailers(grpc::trailers(&end))));
        }
        if let Some(unread) = self.unread.take() {
            self.linger = Some(Box::new(Linger::new(unread)));
        }
        if let Some(linger) = &mut self.linger {
            ready!(linger.poll(cx));
            self.linger = None;
        }
        Poll::Ready(None)
    }

    /// What is framed. A buffer that nothing more comes into is given away
    /// whole, which costs no count of those who share it.
    fn take_buffer(&mut self) -> Bytes {
        if self.messages.is_none() {
            return std::mem::take(&mut self.buffer).freeze();
        }
        self.buffer.split().freeze()
    }

    fn is_text(&self) -> bool {
        let protocol = self.shape.map(|shape| shape.dialect.protocol);
        protocol == Some(Protocol::WebText)
    }

    /// Bytes that are left, when all of them are there.
    fn left(&self) -> Option<usize> {
        if self.messages.is_some()
            || self.end.is_some()
            || self.linger.is_some()
            || self.unread.is_left()
        {
            return None;
        }
        Some(self.buffer.len() + self.large.as_ref().map_or(0, Bytes::len))
    }
}

fn unframed(error: FramingError) -> Status {
    Status::internal(format!("the reply cannot be sent: {error}"))
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyBody")
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    /// NB as long as a body has frames and its socket takes them, hyper looks
    /// at nothing else, not even whether the client is still there.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.given == TURN {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.poll_next(cx);
        self.given = if polled.is_ready() { self.given + 1 } else { 0 };
        polled.map(|frame| frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.left().filter(|_| !self.is_text());
        left.map_or_else(SizeHint::default, |left| SizeHint::with_exact(left as u64))
    }
}
