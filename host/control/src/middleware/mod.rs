//! The call stack: what happens to every call, in [`admit`] before a byte of
//! its body is read, in [`serve`] around its body.

mod catch;
mod deadline;
mod record;
mod request_id;
mod spans;
mod trace;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use ostler_call::{Body, Deadline, Head, Reply, RequestId, Status};
use ostler_runtime::CallInfo;
use tracing::Instrument as _;

use crate::admit::Gate;
use crate::builtin::{Builtin, Watched};
use crate::dispatch::{self, Invocation};
use crate::metrics::Metrics;
use crate::registry::{Registry, Version};
use crate::resolve::{Found, pin};

pub(crate) use catch::{caught, caught_reply};
pub(crate) use deadline::exceeded;
pub use record::AccessLog;
pub(crate) use record::Record;
pub(crate) use request_id::RequestIds;
pub(crate) use spans::Tracer;
pub use spans::{CallSpan, ChangeEvent, GuestSpan, Period, SpanSink, To, Traces};

/// What the stack shares over all calls.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) gate: Gate,
    pub(crate) ids: RequestIds,
    pub(crate) access_log: AccessLog,
    pub(crate) builtin: Builtin,
    pub(crate) watched: Arc<Watched>,
    pub(crate) metrics: Metrics,
    /// `None` while nobody wants spans.
    pub(crate) tracer: Option<Tracer>,
}

/// A call that has begun, and has no version yet.
pub(crate) struct Entering {
    id: RequestId,
    head: Head,
    record: Record,
}

/// What became of a call that enters.
pub(crate) enum Entered {
    /// It may run.
    Granted(Box<Invocation>),
    /// Its version is to be loaded first.
    Asleep(Box<Entering>, Arc<Version>),
}

/// The first half of the stack, outermost stage first.
///
/// # Errors
/// The reply of a refused call.
pub(crate) fn admit(shared: &Shared, mut head: Head, now: Instant) -> Result<Entered, Reply> {
    // Request id: first, so that every line below, a refusal's too, names it.
    let id = shared.ids.of(&head.metadata);

    // Trace and access log: before anything can refuse, so that refused calls
    // are seen.
    // The guest is shown its own span instead of the caller's.
    let tracer = shared.tracer.as_ref();
    let open = tracer.and_then(|tracer| tracer.begin(&mut head));
    let mut record = Record::begin(&id, &head, shared.access_log, now);
    if let Some(mut open) = open {
        open.named(&id);
        record.traced(open);
    }
    enter(shared, Entering { id, head, record }, now)
}

/// What of it is done again for a call whose version had to be loaded.
///
/// # Errors
/// The reply of a refused call.
pub(crate) fn enter(shared: &Shared, call: Entering, now: Instant) -> Result<Entered, Reply> {
    let Entering {
        id,
        head,
        mut record,
    } = call;
    // The counters of the method, even if the call is refused.
    let meter = Cell::new(None);
    let found = (|| {
        // Gate: a host that is closing looks nothing up.
        shared.gate.check()?;

        // Resolve: all later stages take their limits from what is found.
        // Deadline: before concurrency, since a call that is too late already
        // must not keep a permit from one that is not.
        // Concurrency: last, as it is the only stage that takes something;
        // its permit is also what keeps the deployment from being stopped.
        pin(&shared.registry, &head, now, |pinned| {
            let meters = pinned.deployed.meters(&shared.metrics);
            let found = &meters[pinned.service][pinned.method];
            meter.set(Some(Arc::clone(found)));
            let own = pinned.deployed.timeout(pinned.service, pinned.method);
            deadline::effective(now, head.deadline, own)
        })
    })();
    let found = match found {
        Ok(Found::Asleep(version)) => {
            let entering = Entering { id, head, record };
            return Ok(Entered::Asleep(Box::new(entering), version));
        }
        Ok(Found::Pinned(pinned, deadline, permit)) => Ok((pinned, deadline, permit)),
        Err(status) => Err(status),
    };
    let meter = meter.into_inner();
    record.counts(meter.unwrap_or_else(|| Arc::clone(shared.metrics.unknown())));
    let found = found.inspect_err(|status: &Status| record.end(status.code()));
    let (pinned, deadline, permit) = found?;
    Ok(Entered::Granted(Box::new(Invocation {
        pinned,
        info: CallInfo {
            call_id: id,
            metadata: head.metadata,
            deadline,
            peer: head.peer,
        },
        request: head.request,
        reply: head.reply,
        permit,
        record,
    })))
}

impl Entering {
    /// When its caller gives up.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.head.deadline
    }

    /// The reply to a call that does not enter.
    pub(crate) fn refuse(mut self, shared: &Shared, status: Status) -> Reply {
        self.record.counts(Arc::clone(shared.metrics.unknown()));
        self.record.end(status.code());
        status.into()
    }
}

/// The second half of the stack, outermost stage first. The permit and the
/// record go into the reply, whose body ends later than this function. The call
/// stays in its box: its future is moved when it is made.
pub(crate) async fn serve(call: Box<Invocation>, body: Body) -> Reply {
    // Trace: outermost, so that even the log line of a panic is inside.
    let span = call.record.span.clone();

    // Catch: around all code that runs for this call alone. The stream of a
    // reply is polled later, so it has a catch of its own.
    caught_reply(
        // Dispatch: decodes, runs the guest until the head is due, encodes.
        // It holds the guest to the deadline by telling the runtime, whose
        // timers do not depend on anybody polling this future.
        dispatch::run(call, body),
    )
    .instrument(span)
    .await
}
