//! Chunks not yet looked at, and the beginning of a message cut by a border.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use crate::FramingError;

/// Chunks in order of arrival; never an empty one.
#[derive(Debug, Default)]
pub(crate) struct Input {
    chunks: VecDeque<Bytes>,
}

impl Input {
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// The oldest chunk.
    pub(crate) fn front(&self) -> Option<&[u8]> {
        self.chunks.front().map(|chunk| &chunk[..])
    }

    /// The first `len` bytes of the oldest chunk, without copying them.
    pub(crate) fn take(&mut self, len: usize) -> Bytes {
        let Some(front) = self.chunks.front_mut() else {
            return Bytes::new();
        };
        let taken = front.split_to(len);
        self.drop_used_up();
        taken
    }

    /// Drops the first `len` bytes of the oldest chunk.
    pub(crate) fn skip(&mut self, len: usize) {
        if let Some(front) = self.chunks.front_mut() {
            front.advance(len);
            self.drop_used_up();
        }
    }

    fn drop_used_up(&mut self) {
        if self.chunks.front().is_some_and(Bytes::is_empty) {
            self.chunks.pop_front();
        }
    }
}

/// The beginning of a message whose end has not arrived.
#[derive(Debug)]
pub(crate) struct Partial {
    held: BytesMut,
    limit: usize,
}

impl Partial {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            held: BytesMut::new(),
            limit,
        }
    }

    /// Adds to the beginning; `slack` bytes beyond the limit are let through
    /// because they may turn out not to belong to the message.
    pub(crate) fn extend(&mut self, part: &[u8], slack: usize) -> Result<(), FramingError> {
        self.check(self.held.len() + part.len(), slack)?;
        self.held.extend_from_slice(part);
        Ok(())
    }

    /// The whole message that `last` completes; a slice of the chunk when all
    /// of it lay there.
    pub(crate) fn complete(&mut self, last: Bytes, slack: usize) -> Result<Bytes, FramingError> {
        self.check(self.held.len() + last.len(), slack)?;
        if self.held.is_empty() {
            return Ok(last);
        }
        let mut whole = std::mem::take(&mut self.held);
        whole.extend_from_slice(&last);
        Ok(whole.freeze())
    }

    /// Refuses a message of `len` bytes when that is over the limit.
    pub(crate) fn check(&self, len: usize, slack: usize) -> Result<(), FramingError> {
        if len > self.limit.saturating_add(slack) {
            return Err(FramingError::TooLarge { limit: self.limit });
        }
        Ok(())
    }
}
