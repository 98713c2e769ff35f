//! The messages of a response that streams, whatever frames them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use ostler_call::{Deadline, End, MessageStream, Next, Status};
use ostler_wire::{FramingError, Split};
use tokio::time::Sleep;

use super::late;
use super::source::{Part, Source};

/// Cuts the body of a response into messages, and knows how it ended.
pub(crate) trait Replies: Split {
    /// How the reply ended, asked once, after the last message of a body that
    /// ended in order.
    fn end(&mut self, trailers: Option<&HeaderMap>) -> End;
}

/// Messages of a response body, read no faster than they are pulled.
pub(crate) struct Messages<S> {
    /// Dropped at the end, and with it what is left of the call.
    source: Option<Source>,
    splitter: S,
    trailers: Option<HeaderMap>,
    late: Option<Pin<Box<Sleep>>>,
    end: Option<End>,
}

impl<S: Replies> Messages<S> {
    pub(crate) fn new(source: Source, splitter: S, deadline: Option<Deadline>) -> Self {
        let late =
            deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline.instant().into())));
        Self {
            source: Some(source),
            splitter,
            trailers: None,
            late,
            end: None,
        }
    }
    /// The next message; `None` when the body ended in order.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.splitter.next().map_err(malformed)? {
                return Poll::Ready(Ok(Some(message)));
            }
            let Some(source) = &mut self.source else {
                return Poll::Ready(self.splitter.finish().map_err(malformed));
            };
            if self
                .late
                .as_mut()
                .is_some_and(|late| late.as_mut().poll(cx).is_ready())
            {
                return Poll::Ready(Err(late()));
            }
            match ready!(source.poll_part(cx)) {
                Some(Ok(Part::Data(data))) => self.splitter.push(data),
                Some(Ok(Part::Trailers(trailers))) => self.trailers = Some(trailers),
                Some(Err(status)) => return Poll::Ready(Err(status)),
                None => self.source = None,
            }
        }
    }
}

impl<S: Replies + Send + Unpin> MessageStream for Messages<S> {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let end = match ready!(self.poll_message(cx)) {
            Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
            Ok(None) => {
                let trailers = self.trailers.take();
                self.splitter.end(trailers.as_ref())
            }
            Err(status) => status.into(),
        };
        self.source = None;
        self.end = Some(end.clone());
        Poll::Ready(Next::End(end))
    }
}

/// The status of a body that is not laid out as it should be.
pub(crate) fn malformed(error: FramingError) -> Status {
    if error.is_too_large() {
        return Status::resource_exhausted(format!("the reply cannot be read: {error}"));
    }
    Status::internal(format!("the reply cannot be read: {error}"))
}
