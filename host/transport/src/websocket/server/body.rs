//! The messages of a call: those that arrive one by one, and those that came
//! all at once as an array.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use ostler_call::{End, MessageStream, Next, Status};
use ostler_wire::{FramingError, array};

use super::calls::Piece;
use crate::websocket::inbox::Inbox;
use crate::websocket::outbox::Outbox;

/// Messages as they arrive.
pub(super) struct Arriving {
    id: String,
    inbox: Inbox<Piece>,
    outbox: Outbox,
    end: Option<End>,
}

impl Arriving {
    pub(super) fn new(id: String, inbox: Inbox<Piece>, outbox: Outbox) -> Self {
        Self {
            id,
            inbox,
            outbox,
            end: None,
        }
    }
}

impl MessageStream for Arriving {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        match ready!(self.inbox.poll_next(cx)) {
            Piece::Message(message) => {
                if let Some(messages) = self.inbox.take_grant() {
                    self.outbox.grant(&self.id, messages);
                }
                Poll::Ready(Next::Message(message))
            }
            Piece::End(end) => {
                self.end = Some(end.clone());
                Poll::Ready(Next::End(end))
            }
        }
    }
}

/// Messages that are there: the elements of an array.
pub(super) struct Whole {
    splitter: array::Splitter,
    end: Option<End>,
}

impl Whole {
    /// The elements of `payload`, of at most `limit` bytes each; none of none.
    pub(super) fn new(payload: Option<Bytes>, limit: usize) -> Self {
        let mut splitter = array::Splitter::new(limit);
        splitter.push(payload.unwrap_or_default());
        Self {
            splitter,
            end: None,
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self.splitter.next()? {
            None => self.splitter.finish(),
            message => Ok(message),
        }
    }
}

impl MessageStream for Whole {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let end = match self.next() {
            Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
            Ok(None) => End::ok(),
            Err(error) if error.is_too_large() => {
                Status::resource_exhausted(error.to_string()).into()
            }
            Err(error) => Status::invalid_argument(error.to_string()).into(),
        };
        self.end = Some(end.clone());
        Poll::Ready(Next::End(end))
    }
}
