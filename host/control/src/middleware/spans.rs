//! Spans of calls: one for what the host does, as a child of the caller's, and
//! one inside it while the guest runs, which the guest's own calls continue.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use ostler_call::{Code, Head, Metadata, Trace};

use super::trace::{STATE, render, trace_of};

/// Bit 0 of the flags of a trace: it is recorded.
const SAMPLED: u8 = 1;

/// Takes spans that have ended, and changes. Called at the end of calls: it must
/// not block.
pub trait SpanSink: Send + Sync + fmt::Debug {
    /// A call has ended.
    fn ended(&self, call: CallSpan);

    /// What calls get was changed, or was not.
    fn changed(&self, change: ChangeEvent);
}

/// How calls are traced.
#[derive(Clone, Debug)]
pub struct Traces {
    /// Which share of the calls without a trace of their caller's begins one,
    /// from 0 to 1. A caller's trace is recorded if the caller says so.
    pub sampling: f64,
    /// Where spans go.
    pub sink: Arc<dyn SpanSink>,
}

/// A change of what calls to a component get.
#[derive(Clone, Debug)]
pub struct ChangeEvent {
    /// When.
    pub time: SystemTime,
    /// The tenant.
    pub tenant: String,
    /// The component.
    pub component: String,
    /// `deploy`, `swap`, `trial`, `promote`, `rollback`, `remove` or `restore`.
    pub change: &'static str,
    /// The version that calls went to before, where it gets none any more.
    pub from: Option<u32>,
    /// What became of it.
    pub result: Result<To, String>,
}

/// The version that a change was about.
#[derive(Clone, Debug)]
pub struct To {
    /// Its number.
    pub version: u32,
    /// Where it came from.
    pub label: String,
}

/// The spans of one call.
#[derive(Clone, Debug)]
pub struct CallSpan {
    /// Names the trace.
    pub trace_id: u128,
    /// Names the host's span.
    pub id: u64,
    /// The caller's span; `None` where the trace begins here.
    pub parent: Option<u64>,
    /// The caller's `tracestate`.
    pub state: String,
    /// The tenant.
    pub tenant: String,
    /// Full name of the service, `unknown` for one that is not there.
    pub service: String,
    /// Name of the method, likewise.
    pub method: String,
    /// The call's id in logs.
    pub call_id: String,
    /// The transport's name, such as `http`.
    pub transport: &'static str,
    /// Whom the connection comes from.
    pub peer: Option<SocketAddr>,
    /// When the call began and ended.
    pub time: Period,
    /// How it ended.
    pub code: Code,
    /// The span of the guest, if it was entered.
    pub guest: Option<GuestSpan>,
}

/// The span of the guest of a call; the host's is its parent.
#[derive(Clone, Copy, Debug)]
pub struct GuestSpan {
    /// Names it.
    pub id: u64,
    /// When the guest was entered and left.
    pub time: Period,
}

/// From when to when.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// Its begin.
    pub from: SystemTime,
    /// Its end.
    pub to: SystemTime,
}

/// Begins spans.
#[derive(Debug)]
pub(crate) struct Tracer {
    traces: Traces,
    /// Ids below this are sampled.
    threshold: u64,
    random: RandomState,
    next: AtomicU64,
}

/// The spans of a call that runs.
#[derive(Debug)]
pub(crate) struct Open {
    sink: Arc<dyn SpanSink>,
    trace: Trace,
    parent: Option<u64>,
    state: String,
    guest_id: u64,
    call_id: String,
    transport: &'static str,
    peer: Option<SocketAddr>,
    entered: Option<Instant>,
    left: Option<Instant>,
}

impl Tracer {
    pub(crate) fn new(traces: Traces) -> Self {
        // A float becomes the nearest integer there is.
        let threshold = (traces.sampling.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        Self {
            traces,
            threshold,
            random: RandomState::new(),
            next: AtomicU64::new(0),
        }
    }

    /// Tells of a change.
    pub(crate) fn changed(&self, change: ChangeEvent) {
        self.traces.sink.changed(change);
    }

    /// Takes the caller's trace, or begins one, and lets the guest see its own
    /// span as the parent of what it calls. `None` for a call that is not
    /// recorded.
    pub(crate) fn begin(&self, head: &mut Head) -> Option<Box<Open>> {
        let caller = trace_of(&head.metadata);
        let sampled = match &caller {
            Some(caller) => caller.flags & SAMPLED != 0,
            None => self.threshold > 0 && self.id() <= self.threshold,
        };
        if caller.is_some() && !sampled {
            // Whoever comes next sees who decided that.
            return None;
        }
        let (id, guest_id) = (self.id(), self.id());
        let trace_id = match &caller {
            Some(caller) => caller.trace_id,
            None => u128::from(self.id()) << 64 | u128::from(self.id()),
        };
        let shown = Trace {
            trace_id,
            parent_id: guest_id,
            flags: u8::from(sampled),
        };
        show(&mut head.metadata, &shown, caller.is_some());
        sampled.then(|| {
            let state = head.metadata.get(STATE).unwrap_or_default();
            Box::new(Open {
                sink: Arc::clone(&self.traces.sink),
                trace: Trace {
                    parent_id: id,
                    ..shown
                },
                parent: caller.map(|caller| caller.parent_id),
                state: state.to_owned(),
                guest_id,
                call_id: String::new(),
                transport: head.transport,
                peer: head.peer,
                entered: None,
                left: None,
            })
        })
    }

    /// A random number that is not 0. The keys of the standard hasher are
    /// random per process and unknown to callers; ids are names, not secrets.
    fn id(&self) -> u64 {
        loop {
            let id = self.random.hash_one(self.next.fetch_add(1, Relaxed));
            if id != 0 {
                return id;
            }
        }
    }
}

/// Replaces what a caller said (trace-context-1, 3.3 and 3.4): a state without
/// a valid trace is nobody's.
fn show(metadata: &mut Metadata, trace: &Trace, of_caller: bool) {
    if !of_caller {
        metadata.remove(STATE);
    }
    render(metadata, trace);
}

impl Open {
    pub(crate) fn named(&mut self, call_id: &str) {
        self.call_id = call_id.to_owned();
    }

    /// The guest is entered.
    pub(crate) fn enter(&mut self, now: Instant) {
        self.entered = Some(now);
    }

    /// The guest was left.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.left.get_or_insert(now);
    }

    /// The call, of the method with these names, has ended `now`.
    pub(crate) fn end(self: Box<Self>, names: [&str; 3], code: Code, start: Instant, now: Instant) {
        let clock = SystemTime::now();
        let at = |instant: Instant| {
            let ago: Duration = now.saturating_duration_since(instant);
            clock.checked_sub(ago).unwrap_or(clock)
        };
        let [tenant, service, method] = names.map(str::to_owned);
        let guest = self.entered.map(|entered| GuestSpan {
            id: self.guest_id,
            time: Period {
                from: at(entered),
                to: at(self.left.unwrap_or(now)),
            },
        });
        let this = *self;
        this.sink.ended(CallSpan {
            trace_id: this.trace.trace_id,
            id: this.trace.parent_id,
            parent: this.parent,
            state: this.state,
            tenant,
            service,
            method,
            call_id: this.call_id,
            transport: this.transport,
            peer: this.peer,
            time: Period {
                from: at(start),
                to: clock,
            },
            code,
            guest,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nowhere;

    impl SpanSink for Nowhere {
        fn ended(&self, _: CallSpan) {}

        fn changed(&self, _: ChangeEvent) {}
    }

    fn tracer(sampling: f64) -> Tracer {
        Tracer::new(Traces {
            sampling,
            sink: Arc::new(Nowhere),
        })
    }

    fn head(pairs: &[(&str, &str)]) -> Head {
        let mut head = Head::new("s", "m");
        for (key, value) in pairs {
            head.metadata.insert(key, value).unwrap();
        }
        head
    }

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_callers_trace_goes_on() {
        let mut head = head(&[("traceparent", CALLER), ("tracestate", "a=b")]);
        let open = tracer(0.0).begin(&mut head).unwrap();
        assert_eq!(open.parent, Some(0xb7ad_6b71_6920_3331));
        assert_eq!(open.state, "a=b");
        let shown = trace_of(&head.metadata).unwrap();
        assert_eq!(shown.trace_id, open.trace.trace_id);
        assert_eq!((shown.parent_id, shown.flags), (open.guest_id, 1));
        assert_ne!(open.guest_id, open.trace.parent_id);
        assert_eq!(head.metadata.get("tracestate"), Some("a=b"));
        assert_eq!(head.metadata.len(), 2);
    }

    #[test]
    fn a_caller_that_does_not_record_is_not_recorded() {
        let unsampled = CALLER.replace("-01", "-00");
        let mut head = head(&[("traceparent", &unsampled)]);
        assert!(tracer(1.0).begin(&mut head).is_none());
        assert_eq!(head.metadata.get("traceparent"), Some(&*unsampled));
    }

    #[test]
    fn roots_are_sampled_by_share() {
        for (sampling, from, to) in [(0.0, 0, 0), (1.0, 1000, 1000), (0.25, 150, 350)] {
            let tracer = tracer(sampling);
            let begun = (0..1000).filter(|_| {
                let mut head = head(&[("tracestate", "a=b"), ("traceparent", "bad")]);
                let open = tracer.begin(&mut head);
                let shown = trace_of(&head.metadata).unwrap();
                assert_eq!(shown.flags, u8::from(open.is_some()));
                // It belongs to no valid trace.
                assert_eq!(head.metadata.get("tracestate"), None);
                assert!(open.as_ref().is_none_or(|open| open.parent.is_none()));
                open.is_some()
            });
            let begun = begun.count();
            assert!((from..=to).contains(&begun), "{sampling}: {begun}");
        }
    }
}
