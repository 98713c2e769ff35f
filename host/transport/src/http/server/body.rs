//! The body of a streamed request as messages, read no faster than they are
//! pulled.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use ostler_call::{End, MessageStream, Next, Status};
use ostler_wire::{FramingError, array, ndjson, raw};

use super::request::Form;

/// Set once a message was above the limit, so that the response can say 413.
#[derive(Clone, Debug, Default)]
pub(super) struct Oversized(Arc<AtomicBool>);

impl Oversized {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

enum Splitter {
    Array(array::Splitter),
    Lines(ndjson::Splitter),
    Chunks(raw::Splitter),
}

/// Messages of a request body.
pub(super) struct Messages {
    body: Option<Incoming>,
    splitter: Splitter,
    oversized: Oversized,
    end: Option<End>,
}

impl Messages {
    pub(super) fn new(
        body: Incoming,
        form: Form,
        limit: usize,
        chunk: usize,
        oversized: Oversized,
    ) -> Self {
        let splitter = match form {
            Form::Raw => Splitter::Chunks(raw::Splitter::new(chunk)),
            Form::Ndjson => Splitter::Lines(ndjson::Splitter::new(limit)),
            Form::Json | Form::Query => Splitter::Array(array::Splitter::new(limit)),
        };
        Self {
            body: Some(body),
            splitter,
            oversized,
            end: None,
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.splitter.next().map_err(|e| self.malformed(&e))? {
                return Poll::Ready(Ok(Some(message)));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(self.splitter.finish().map_err(|e| self.malformed(&e)));
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

    fn malformed(&self, error: &FramingError) -> Status {
        if error.is_too_large() {
            self.oversized.0.store(true, Ordering::Relaxed);
            return Status::resource_exhausted(error.to_string());
        }
        Status::invalid_argument(error.to_string())
    }
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
            Self::Array(s) => s.push(data),
            Self::Lines(s) => s.push(data),
            Self::Chunks(s) => s.push(data),
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Array(s) => s.next(),
            Self::Lines(s) => s.next(),
            Self::Chunks(s) => s.next(),
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Array(s) => s.finish(),
            Self::Lines(s) => s.finish(),
            Self::Chunks(s) => s.finish(),
        }
    }
}
