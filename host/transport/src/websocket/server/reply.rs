//! Replies as envelopes.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use ostler_call::{End, Kind as BodyKind, Metadata, Next, Reply, Status};
use ostler_wire::envelope::{self, Kind, Names, Tail};

use super::Dialect;
use super::calls::Calls;
use crate::websocket::credit::Credit;
use crate::websocket::outbox::{Gone, Outbox};
use crate::websocket::text::StatusText;

/// What is said of one call.
pub(super) struct Replies {
    pub(super) id: String,
    pub(super) names: Names,
    pub(super) dialect: Dialect,
    /// Whether the replies stream.
    pub(super) streams: bool,
    /// Whether a `response` with the first message follows the stream: what
    /// MicroAPI's unary clients wait for.
    pub(super) echoes_first: bool,
    pub(super) outbox: Outbox,
    pub(super) calls: Arc<Calls>,
    pub(super) credit: Arc<Credit>,
    /// Messages were sent already.
    pub(super) began: bool,
}

impl Replies {
    /// Says all of `reply`.
    ///
    /// # Errors
    /// [`Gone`] when nobody listens any more.
    pub(super) async fn send(&mut self, reply: Reply) -> Result<(), Gone> {
        let headers = reply.headers;
        // Permits are held until the last envelope was handed over.
        let _guard = reply.body.guard;
        match reply.body.kind {
            BodyKind::Empty(End {
                result: Err(status),
                trailers,
            }) => self.fail(&status, &headers, &trailers).await,
            BodyKind::Empty(end) if self.streams => self.end(end, &headers, None).await,
            BodyKind::Empty(end) => self.respond(None, &headers, &end.trailers).await,
            BodyKind::One(message, trailers) => {
                self.respond(Some(&message), &headers, &trailers).await
            }
            BodyKind::Stream(mut messages) => {
                let mut headers = headers;
                let mut first = None;
                loop {
                    match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
                        Next::Message(message) => {
                            self.credit.take(message.len()).await;
                            self.push(&message, &std::mem::take(&mut headers)).await?;
                            if self.echoes_first {
                                first.get_or_insert(message);
                            }
                        }
                        Next::End(end) => return self.end(end, &headers, first).await,
                    }
                }
            }
        }
    }

    /// Ends the call without a reply of its own.
    pub(super) async fn abort(&mut self, status: Status) -> Result<(), Gone> {
        self.end(status.into(), &Metadata::new(), None).await
    }

    async fn push(&mut self, message: &[u8], headers: &Metadata) -> Result<(), Gone> {
        self.began = true;
        let metadata = self.pairs([headers]);
        let tail = Tail {
            metadata: &metadata,
            ..Tail::default()
        };
        self.say(Kind::StreamPush, Some(message), &tail).await
    }

    /// The end of a stream; one that failed before its first message never
    /// was one.
    async fn end(
        &mut self,
        end: End,
        headers: &Metadata,
        first: Option<Bytes>,
    ) -> Result<(), Gone> {
        let status = match end.result {
            Err(status) if !self.began => return self.fail(&status, headers, &end.trailers).await,
            result => result.err(),
        };
        let text = status.as_ref().map(StatusText::new);
        let metadata = self.pairs([headers, &end.trailers]);
        let tail = match &text {
            Some(text) => text.tail(&metadata),
            None => Tail {
                metadata: &metadata,
                ..Tail::default()
            },
        };
        self.calls.finish(&self.id);
        self.say(Kind::StreamEnd, None, &tail).await?;
        if self.echoes_first {
            let tail = Tail {
                metadata: &[],
                ..tail
            };
            self.say(Kind::Response, first.as_deref(), &tail).await?;
        }
        Ok(())
    }

    async fn respond(
        &mut self,
        message: Option<&[u8]>,
        headers: &Metadata,
        trailers: &Metadata,
    ) -> Result<(), Gone> {
        let metadata = self.pairs([headers]);
        let trailers = self.pairs([trailers]);
        let tail = Tail {
            metadata: &metadata,
            trailers: &trailers,
            ..Tail::default()
        };
        self.calls.finish(&self.id);
        self.say(Kind::Response, message, &tail).await
    }

    async fn fail(
        &mut self,
        status: &Status,
        headers: &Metadata,
        trailers: &Metadata,
    ) -> Result<(), Gone> {
        let metadata = self.pairs([headers, trailers]);
        let text = StatusText::new(status);
        self.calls.finish(&self.id);
        self.say(Kind::Response, None, &text.tail(&metadata)).await
    }

    /// MicroAPI's clients are sent no metadata.
    fn pairs<'a, const N: usize>(&self, of: [&'a Metadata; N]) -> Vec<(&'a str, &'a str)> {
        match self.dialect {
            Dialect::MicroApi => Vec::new(),
            Dialect::Ostler => of.into_iter().flat_map(Metadata::iter).collect(),
        }
    }

    async fn say(&self, kind: Kind, payload: Option<&[u8]>, tail: &Tail<'_>) -> Result<(), Gone> {
        let mut tail = *tail;
        if self.dialect == Dialect::MicroApi {
            tail.details = None;
        }
        let json = envelope::write(kind, &self.names, payload, &tail);
        self.outbox.send(json).await
    }
}
