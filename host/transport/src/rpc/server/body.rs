//! The body of a request as messages, read no faster than they are pulled.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use ostler_call::{End, MessageStream, Next, Status};
use ostler_wire::{FramingError, grpc};

enum Splitter {
    Messages(grpc::Splitter),
    Items(grpc::Items),
}

/// Messages of a request body.
pub(super) struct Messages {
    body: Option<Incoming>,
    splitter: Splitter,
    end: Option<End>,
}

impl Messages {
    /// Messages as they are framed.
    pub(super) fn one(body: Incoming, limit: usize) -> Self {
        Self::new(body, Splitter::Messages(grpc::Splitter::new(limit)))
    }

    /// Items of a stream, whether framed or in an array.
    pub(super) fn items(body: Incoming, limit: usize) -> Self {
        Self::new(body, Splitter::Items(grpc::Items::new(limit)))
    }

    fn new(body: Incoming, splitter: Splitter) -> Self {
        Self {
            body: Some(body),
            splitter,
            end: None,
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.splitter.next().map_err(malformed)? {
                return Poll::Ready(Ok(Some(message)));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(self.splitter.finish().map_err(malformed));
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.splitter.push(data);
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(Status::cancelled(format!(
                        "the request body broke off: {error}"
                    ))));
                }
                None => self.body = None,
            }
        }
    }
}

/// Framing is the client library's work, so that its faults are internal
/// errors (grpc/grpc, doc/statuscodes.md).
fn malformed(error: FramingError) -> Status {
    if error.is_too_large() {
        return Status::resource_exhausted(error.to_string());
    }
    Status::internal(error.to_string())
}

impl MessageStream for Messages {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let end = match ready!(self.poll_message(cx)) {
            Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
            Ok(None) => End::ok(),
            Err(status) => status.into(),
        };
        // Nothing more is read: the client is told to stop sending.
        self.body = None;
        self.end = Some(end.clone());
        Poll::Ready(Next::End(end))
    }
}

impl Splitter {
    fn push(&mut self, data: Bytes) {
        match self {
            Self::Messages(s) => s.push(data),
            Self::Items(s) => s.push(data),
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Messages(s) => s.next(),
            Self::Items(s) => s.next(),
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Messages(s) => s.finish(),
            Self::Items(s) => s.finish(),
        }
    }
}
