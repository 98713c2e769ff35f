//! The messages a guest reads: decoded when it asks for them, not before.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use ostler_call::{Body, Encoding, End, Guard, Kind, Metadata, Next, Status};
use ostler_runtime::Source;
use ostler_schema::{MessageType, Value, codec};

use super::Verdict;
use crate::registry::Deployed;
use crate::resolve::Pinned;

/// The stream of request messages of one call.
pub(super) struct MessageSource {
    deployed: Arc<Deployed>,
    item: MessageType,
    encoding: Encoding,
    body: Kind,
    /// Lives as long as the body.
    _guard: Option<Guard>,
    /// How many messages have come.
    count: u64,
    verdict: Arc<Verdict>,
}

impl MessageSource {
    pub(super) fn new(
        pinned: &Pinned,
        encoding: Encoding,
        body: Body,
        verdict: Arc<Verdict>,
    ) -> Self {
        Self {
            deployed: pinned.deployed.clone(),
            item: pinned.method().request.codec(),
            encoding,
            body: body.kind,
            _guard: body.guard,
            count: 0,
            verdict,
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Kind::Stream(messages) = &mut self.body {
            return messages.as_mut().poll_next(cx);
        }
        let ended = Kind::Empty(End::ok());
        Poll::Ready(match std::mem::replace(&mut self.body, ended) {
            Kind::One(message, _) => Next::Message(message),
            Kind::Empty(end) => Next::End(end),
            Kind::Stream(_) => Next::End(End::ok()),
        })
    }

    /// Decodes message `self.count`.
    fn decode(&self, message: &Bytes) -> Result<Value, Status> {
        let limits = &self.deployed.limits;
        limits.check_request(message.len())?;
        let plan = &self.deployed.contract.plan;
        codec::decode(self.encoding, plan, self.item, message, limits.depth)
            .map_err(|error| Status::invalid_argument(format!("item {}: {error}", self.count)))
    }

    /// Ends the stream in `status`, for the guest and for the call: what the
    /// guest makes of half a request is no answer to it.
    fn fail(&mut self, status: Status) -> Status {
        self.verdict.pass(&status);
        self.body = Kind::Empty(End {
            result: Err(status.clone()),
            trailers: Metadata::new(),
        });
        status
    }
}

impl Source for MessageSource {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value, Status>>> {
        let Poll::Ready(next) = self.poll_message(cx) else {
            return Poll::Pending;
        };
        let item = match next {
            Next::End(End { result: Ok(()), .. }) => return Poll::Ready(None),
            Next::End(End {
                result: Err(status),
                ..
            }) => Err(status),
            Next::Message(message) => {
                self.count += 1;
                self.decode(&message)
            }
        };
        Poll::Ready(Some(item.map_err(|status| self.fail(status))))
    }
}

impl fmt::Debug for MessageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageSource")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
