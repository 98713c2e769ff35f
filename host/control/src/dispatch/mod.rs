//! The one place where codecs and the runtime meet: bytes become values when
//! the guest asks for them, values become bytes when it answers.

mod outcome;
mod queue;
mod reply;
mod request;
mod seat;
mod sink;
mod source;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use ostler_call::{Body, Encoding, Guard, Kind, Metadata, Reply, Status};
use ostler_runtime::{CallInfo, Input, Seat};

use crate::admit::Permit;
use crate::clock;
use crate::middleware::Record;
use crate::resolve::Pinned;
use reply::ReplyStream;
pub(crate) use request::only_message;
use sink::MessageSink;
use source::MessageSource;

/// An admitted call.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) pinned: Pinned,
    pub(crate) info: CallInfo,
    /// Encoding of the request's messages.
    pub(crate) request: Encoding,
    /// Encoding of the reply's messages.
    pub(crate) reply: Encoding,
    /// Held until the body of the reply ends.
    pub(crate) permit: Permit,
    /// Written down when the call ends.
    pub(crate) record: Record,
}

/// What the host itself found wrong with a call while its guest ran: it
/// counts whatever the guest returns.
#[derive(Debug, Default)]
pub(crate) struct Verdict(OnceLock<Status>);

impl Verdict {
    /// The first one stays.
    pub(crate) fn pass(&self, status: &Status) {
        self.0.get_or_init(|| status.clone());
    }

    pub(crate) fn get(&self) -> Option<&Status> {
        self.0.get()
    }
}

/// Runs a call as far as its reply can be given: to its end for one message,
/// to [the head](ReplyStream::poll_head) for a stream.
pub(crate) async fn run(mut call: Box<Invocation>, body: Body) -> Reply {
    let ready = match Ready::new(&mut call, body).await {
        Ok(ready) => ready,
        Err(status) => return refused(call.record, status),
    };
    if call.pinned.method().pattern.streams_out() {
        stream(call, ready).await
    } else {
        unary(call, ready).await
    }
}

/// The request, before it is understood: which version's contract says what it
/// means is certain once there is an instance.
enum Received {
    Message(Bytes),
    Stream(Body),
}

impl Received {
    /// Reads the one message; a stream is left to the guest.
    async fn read(call: &Invocation, body: Body) -> Result<Self, Status> {
        if call.pinned.method().pattern.streams_in() {
            return Ok(Self::Stream(body));
        }
        let message = request::only_message(body, call.info.deadline).await?;
        Ok(Self::Message(message))
    }

    /// What the guest reads, and the verdict on it while it is being read.
    fn input(self, call: &Invocation) -> Result<(Input, Option<Arc<Verdict>>), Status> {
        match self {
            Self::Message(message) => {
                let args = request::arguments(&call.pinned, call.request, &message)?;
                Ok((Input::Args(args), None))
            }
            Self::Stream(body) => {
                let verdict = Arc::new(Verdict::default());
                let source = MessageSource::new(&call.pinned, call.request, body, verdict.clone());
                Ok((Input::Stream(Box::new(source)), Some(verdict)))
            }
        }
    }
}

/// All that a call begins with.
struct Ready {
    seat: Seat,
    input: Input,
    verdict: Option<Arc<Verdict>>,
}

impl Ready {
    async fn new(call: &mut Invocation, body: Body) -> Result<Self, Status> {
        let received = Received::read(call, body).await?;
        let seat = seat::seat(call).await?;
        let (input, verdict) = received.input(call)?;
        Ok(Self {
            seat,
            input,
            verdict,
        })
    }
}

/// A call with one reply.
async fn unary(call: Box<Invocation>, ready: Ready) -> Reply {
    let Invocation {
        pinned,
        info,
        reply: encoding,
        permit,
        mut record,
        ..
    } = *call;
    let Pinned {
        deployed,
        service,
        method,
    } = &pinned;
    record.enter();
    let deployment = &deployed.deployment;
    let running = deployment.call(ready.seat, *service, *method, info, ready.input, None);
    let mut outcome = running.await;
    record.leave();
    if deployed.watch.is_on() {
        let took = clock::now().saturating_duration_since(record.start);
        deployed
            .watch
            .count(outcome::is_fault(&outcome), Some(took));
    }
    let headers = std::mem::take(&mut outcome.headers);
    let kind = outcome::only_reply(&pinned, encoding, outcome, ready.verdict.as_deref());
    record.end(outcome::code(&kind));
    reply(headers, kind, permit)
}

/// A call that streams its replies.
async fn stream(call: Box<Invocation>, ready: Ready) -> Reply {
    let Invocation {
        pinned,
        info,
        reply: encoding,
        permit,
        mut record,
        ..
    } = *call;
    let verdict = ready.verdict.unwrap_or_default();
    let (producer, consumer) = queue::queue(queue::BUDGET);
    let sink = match MessageSink::new(&pinned, encoding, producer, verdict.clone()) {
        Ok(sink) => sink,
        Err(status) => return refused(record, status),
    };
    let (service, method, sink) = (pinned.service, pinned.method, Some(Box::new(sink) as _));
    let deployment = &pinned.deployed.deployment;
    let running = deployment.call(ready.seat, service, method, info, ready.input, sink);
    record.enter();
    let mut replies = ReplyStream::new(pinned, encoding, running, consumer, verdict, record);
    let headers = std::future::poll_fn(|cx| replies.poll_head(cx)).await;
    reply(headers, replies.into_kind(), permit)
}

/// The reply of a call whose guest was not entered.
fn refused(mut record: Record, status: Status) -> Reply {
    record.end(status.code());
    status.into()
}

fn reply(headers: Metadata, kind: Kind, permit: Permit) -> Reply {
    let guard = Some(Guard::new(permit));
    Reply {
        headers,
        body: Body { kind, guard },
    }
}
