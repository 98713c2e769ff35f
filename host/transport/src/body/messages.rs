//! A body as messages.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use ostler_call::{End, MessageStream, Next, Status};
use ostler_wire::{FramingError, Split};

use super::Unread;

/// Messages of a request body; `F` says what a fault of its framing is.
pub(crate) struct Messages<B: Body, S, F> {
    body: Option<B>,
    splitter: S,
    fault: F,
    unread: Unread<B>,
    end: Option<End>,
}

impl<B, S, F> Messages<B, S, F>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
    S: Split,
    F: Fn(FramingError) -> Status,
{
    pub(crate) fn new(body: B, splitter: S, unread: Unread<B>, fault: F) -> Self {
        Self {
            body: Some(body),
            splitter,
            fault,
            unread,
            end: None,
        }
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// How the body broke.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.splitter.next().map_err(&self.fault)? {
                return Poll::Ready(Ok(Some(message)));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(self.splitter.finish().map_err(&self.fault));
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

impl<B: Body, S, F> Messages<B, S, F> {
    /// Nothing more is read: the client is told to stop sending.
    fn stop(&mut self) {
        if let Some(body) = self.body.take() {
            self.unread.leave(body);
        }
    }
}

impl<B: Body, S, F> Drop for Messages<B, S, F> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<B, S, F> MessageStream for Messages<B, S, F>
where
    B: Body<Data = Bytes, Error: Display> + Send + Unpin,
    S: Split + Send + Unpin,
    F: Fn(FramingError) -> Status + Send + Unpin,
{
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let end = match ready!(self.poll_message(cx)) {
            Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
            Ok(None) => End::ok(),
            Err(status) => status.into(),
        };
        self.stop();
        self.end = Some(end.clone());
        Poll::Ready(Next::End(end))
    }
}
