//! The one place where codecs and the runtime meet: bytes become values when
//! the guest asks for them, values become bytes when it answers.

mod outcome;
mod queue;
mod reply;
mod request;
mod sink;
mod source;

use std::sync::{Arc, OnceLock};

use ostler_call::{Body, Encoding, Guard, Kind, Metadata, Reply, Status};
use ostler_runtime::{CallInfo, Input, Running, Sink};

use crate::admit::Permit;
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
pub(crate) async fn run(call: Box<Invocation>, body: Body) -> Reply {
    if call.pinned.method().pattern.streams_out() {
        stream(call, body).await
    } else {
        unary(call, body).await
    }
}

/// What the guest reads, and the verdict on it while it is being read.
async fn input(call: &Invocation, body: Body) -> Result<(Input, Option<Arc<Verdict>>), Status> {
    if call.pinned.method().pattern.streams_in() {
        let verdict = Arc::new(Verdict::default());
        let source = MessageSource::new(&call.pinned, call.request, body, verdict.clone());
        return Ok((Input::Stream(Box::new(source)), Some(verdict)));
    }
    let message = request::only_message(body, call.info.deadline).await?;
    let args = request::arguments(&call.pinned, call.request, &message)?;
    Ok((Input::Args(args), None))
}

fn start(
    pinned: &Pinned,
    info: CallInfo,
    input: Input,
    sink: Option<Box<dyn Sink>>,
) -> Result<Running, Status> {
    let deployment = &pinned.deployed.deployment;
    deployment.call(pinned.service, pinned.method, info, input, sink)
}

/// A call with one reply.
async fn unary(call: Box<Invocation>, body: Body) -> Reply {
    let (input, verdict) = match input(&call, body).await {
        Ok(input) => input,
        Err(status) => return refused(call.record, status),
    };
    let Invocation {
        pinned,
        info,
        reply: encoding,
        permit,
        mut record,
        ..
    } = *call;
    let mut outcome = match start(&pinned, info, input, None) {
        Ok(running) => running.await,
        Err(status) => return refused(record, status),
    };
    let headers = std::mem::take(&mut outcome.headers);
    let kind = outcome::only_reply(&pinned, encoding, outcome, verdict.as_deref());
    record.end(outcome::code(&kind));
    reply(headers, kind, permit)
}

/// A call that streams its replies.
async fn stream(call: Box<Invocation>, body: Body) -> Reply {
    let (input, verdict) = match input(&call, body).await {
        Ok(input) => input,
        Err(status) => return refused(call.record, status),
    };
    let Invocation {
        pinned,
        info,
        reply: encoding,
        permit,
        record,
        ..
    } = *call;
    let verdict = verdict.unwrap_or_default();
    let (producer, consumer) = queue::queue(queue::BUDGET);
    let sink = match MessageSink::new(&pinned, encoding, producer, verdict.clone()) {
        Ok(sink) => sink,
        Err(status) => return refused(record, status),
    };
    let running = match start(&pinned, info, input, Some(Box::new(sink))) {
        Ok(running) => running,
        Err(status) => return refused(record, status),
    };
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
