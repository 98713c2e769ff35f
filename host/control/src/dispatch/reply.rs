//! The messages a transport takes, and the guest that makes them: while the
//! queue is empty, polling the reply runs the guest.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ostler_call::{Encoding, End, Kind, MessageStream, Metadata, Next};
use ostler_runtime::Running;

use super::queue::Consumer;
use super::{Verdict, outcome};
use crate::middleware::{Record, caught};
use crate::resolve::Pinned;

/// The stream of reply messages of one call; dropping it cancels the call.
pub(super) struct ReplyStream {
    pinned: Pinned,
    encoding: Encoding,
    queue: Consumer,
    /// `None` once it ended.
    running: Option<Running>,
    /// What the guest set before it ended, until the head takes it.
    headers: Metadata,
    end: Option<End>,
    verdict: Arc<Verdict>,
    record: Record,
}

impl ReplyStream {
    pub(super) fn new(
        pinned: Pinned,
        encoding: Encoding,
        running: Running,
        queue: Consumer,
        verdict: Arc<Verdict>,
        record: Record,
    ) -> Self {
        Self {
            pinned,
            encoding,
            queue,
            running: Some(running),
            headers: Metadata::new(),
            end: None,
            verdict,
            record,
        }
    }

    /// Runs the guest until the head of the reply is due and takes its
    /// headers: with the first message, the end, or when the guest asks. An
    /// early error so gets a head, and an HTTP status, of its own.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Metadata> {
        self.run(cx);
        let asked = self.running.as_ref().is_some_and(Running::wants_head);
        if self.end.is_none() && !asked && self.queue.poll_filled(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(match &mut self.running {
            Some(running) => running.take_headers(),
            None => std::mem::take(&mut self.headers),
        })
    }

    /// The stream as the body of a reply; only its end if there is no more.
    pub(super) fn into_kind(mut self) -> Kind {
        match self.end.take() {
            Some(end) if self.queue.is_empty() => Kind::Empty(end),
            end => {
                self.end = end;
                Kind::Stream(Box::pin(self))
            }
        }
    }

    /// Lets the guest run on, if it has not ended.
    fn run(&mut self, cx: &mut Context<'_>) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Poll::Ready(mut outcome) = Pin::new(running).poll(cx) else {
            return;
        };
        self.headers = std::mem::take(&mut outcome.headers);
        self.running = None;
        let watch = &self.pinned.deployed.watch;
        if watch.is_on() {
            watch.count(outcome::is_fault(&outcome), None);
        }
        self.finish(outcome::end(
            &self.pinned,
            self.encoding,
            outcome,
            &self.verdict,
        ));
    }

    fn finish(&mut self, end: End) {
        self.record.leave();
        self.record.end(outcome::end_code(&end));
        self.end = Some(end);
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        self.run(cx);
        // After the guest ended: what it sent before comes first.
        match (self.queue.poll_pop(cx), &self.end) {
            (Poll::Ready(message), _) => Poll::Ready(Next::Message(message)),
            (Poll::Pending, Some(end)) => Poll::Ready(Next::End(end.clone())),
            (Poll::Pending, None) => Poll::Pending,
        }
    }
}

impl MessageStream for ReplyStream {
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let this = self.get_mut();
        // What is queued goes out before the guest runs again: it sent it
        // earlier, and the queue is what bounds it.
        if let Some(message) = this.queue.pop() {
            return Poll::Ready(Next::Message(message));
        }
        let span = this.record.span.clone();
        let _entered = span.enter();
        caught(|| this.step(cx)).unwrap_or_else(|status| {
            this.running = None;
            this.finish(status.clone().into());
            Poll::Ready(Next::End(status.into()))
        })
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream")
            .field("ended", &self.end.is_some())
            .finish_non_exhaustive()
    }
}
