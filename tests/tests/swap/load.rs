//! Calls of all patterns over all transports, at a constant rate.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ostler_call::{Body, Code, Head};
use ostler_schema::Pattern;
use ostler_tests::caller::{Caller, Fed, Outcome, Transport};
use ostler_tests::within;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// How much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) swaps: usize,
    /// At least so many.
    pub(crate) calls: usize,
    /// Between the calls of one caller; there is one for each transport and
    /// pattern.
    pub(crate) every: Duration,
}

/// A method, what it is sent and what it must answer.
struct Call {
    method: &'static str,
    pattern: Pattern,
    sent: Vec<Value>,
    replies: Vec<Value>,
}

fn calls() -> [Call; 4] {
    let call = |method, pattern, sent: Value, replies: Value| Call {
        method,
        pattern,
        sent: sent.as_array().unwrap().clone(),
        replies: replies.as_array().unwrap().clone(),
    };
    let five = || json!([1, 2, 3, 4, 5]);
    [
        call(
            "double",
            Pattern::Unary,
            json!([{"number": 21}]),
            json!([42]),
        ),
        call(
            "count",
            Pattern::ServerStreaming,
            json!([{"items": 5, "last": 1}]),
            five(),
        ),
        call("sum", Pattern::ClientStreaming, five(), json!([15])),
        call(
            "doubles",
            Pattern::Bidirectional,
            five(),
            json!([2, 4, 6, 8, 10]),
        ),
    ]
}

#[derive(Default)]
struct Tally {
    calls: AtomicUsize,
    /// Told at every call.
    called: Notify,
    swapping: AtomicBool,
    stop: AtomicBool,
    failed: Mutex<Vec<String>>,
    /// Milliseconds, between the swaps and while one goes on.
    took: Mutex<[Vec<f64>; 2]>,
}

/// What the load has seen.
pub(crate) struct Seen {
    pub(crate) calls: usize,
    /// What became of each that failed.
    pub(crate) failed: Vec<String>,
    /// Milliseconds within which 99 of 100 calls ended.
    pub(crate) steady_ms: f64,
    pub(crate) swapping_ms: f64,
}

/// A running load.
pub(crate) struct Load {
    tally: Arc<Tally>,
    callers: Vec<Caller>,
    running: JoinSet<()>,
}

impl Load {
    pub(crate) async fn start(addr: SocketAddr, plan: &Plan) -> Self {
        let tally = Arc::new(Tally::default());
        let mut callers = Vec::new();
        let mut running = JoinSet::new();
        for transport in Transport::ALL {
            let caller = Caller::connect(transport, addr).await;
            for call in calls() {
                let (caller, tally, every) = (caller.clone(), tally.clone(), plan.every);
                running.spawn(async move {
                    keep_calling(transport, &caller, &call, every, &tally).await;
                });
            }
            callers.push(caller);
        }
        Self {
            tally,
            callers,
            running,
        }
    }

    /// One of its connections.
    pub(crate) fn any(&self) -> &Caller {
        let calls = self.tally.calls.load(Ordering::Relaxed);
        &self.callers[calls % self.callers.len()]
    }

    /// Waits until so many calls have ended.
    pub(crate) async fn calls(&self, count: usize) {
        loop {
            let called = self.tally.called.notified();
            if self.tally.calls.load(Ordering::Acquire) >= count {
                return;
            }
            within("a call to end", called).await;
        }
    }

    /// Calls that begin from now on, and those that run, are counted as during
    /// a swap, or not.
    pub(crate) fn swapping(&self, swapping: bool) {
        self.tally.swapping.store(swapping, Ordering::Release);
    }

    pub(crate) async fn finish(mut self) -> Seen {
        self.tally.stop.store(true, Ordering::Release);
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
        let [steady, swapping] = std::mem::take(&mut *self.tally.took.lock().unwrap());
        Seen {
            calls: self.tally.calls.load(Ordering::Acquire),
            failed: std::mem::take(&mut *self.tally.failed.lock().unwrap()),
            steady_ms: p99(steady),
            swapping_ms: p99(swapping),
        }
    }
}

fn p99(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[(took.len() - 1) * 99 / 100]
}

async fn keep_calling(
    transport: Transport,
    caller: &Caller,
    call: &Call,
    every: Duration,
    tally: &Tally,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !tally.stop.load(Ordering::Acquire) {
        ticks.tick().await;
        let began = tally.swapping.load(Ordering::Acquire);
        let from = now();
        let outcome = within("a call", outcome(caller, call)).await;
        let swapping = began || tally.swapping.load(Ordering::Acquire);
        let took = now().duration_since(from).as_secs_f64() * 1e3;
        if outcome.code != Code::Ok || outcome.messages != call.replies {
            let text = format!("{transport} {}: {outcome:?}", call.method);
            tally.failed.lock().unwrap().push(text);
        }
        tally.took.lock().unwrap()[usize::from(swapping)].push(took);
        tally.calls.fetch_add(1, Ordering::AcqRel);
        tally.called.notify_waiters();
    }
}

async fn outcome(caller: &Caller, call: &Call) -> Outcome {
    let head = Head::new("matrix", call.method);
    let body = if call.pattern.streams_in() {
        Body::stream(Fed::new(&call.sent, true))
    } else {
        Body::one(call.sent[0].to_string().into())
    };
    match caller.call(head, call.pattern, body).await {
        Ok(reply) => Outcome::of(reply).await,
        Err(status) => Outcome::from(status),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures")]
fn now() -> Instant {
    Instant::now()
}
