//! A guest at work: the boxed future of one call on one instance, polled
//! inline by whoever wants the reply, and moved to the guest lane when it is
//! pre-empted, when nobody wants the reply any more, or when its time is up.
//!
//! There is one [`GuestTask`] an instance; it outlives the calls. Its slot
//! holds the future whenever nobody polls it, so that the sweeper can take it
//! although the transport does not poll.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ostler_call::{Metadata, Status};

use crate::deployment::{Failure, Outcome};
use crate::engine::Shared;
use crate::instance::Instance;
use crate::meter::Meter;
use crate::usage::{Bill, Usage};

/// One call on one instance.
pub(crate) type GuestFuture = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// What a call comes to.
pub(crate) struct Finished {
    pub(crate) outcome: Outcome,
    /// The instance, unless it was poisoned. It goes back to the pool only
    /// once this task's slot is vacant, since the next call uses the same slot.
    pub(crate) instance: Option<Box<Instance>>,
}

/// A slice on the transport's thread may last this long.
const INLINE_SLICE_NS: u64 = 1_000_000;
/// A slice on the guest lane, before the next guest's turn.
const LANE_SLICE_NS: u64 = 4_000_000;
/// No deadline.
const NEVER: u64 = u64::MAX;

/// Why a guest is to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// It is not.
    None = 0,
    /// The caller gave up.
    Cancelled = 1,
    /// The deadline passed.
    Deadline = 2,
    /// No message moved for too long.
    Idle = 3,
    /// The deployment stops.
    Shutdown = 4,
}

impl Reason {
    fn from_u8(value: u8) -> Self {
        match value {
            1 => Self::Cancelled,
            2 => Self::Deadline,
            3 => Self::Idle,
            4 => Self::Shutdown,
            _ => Self::None,
        }
    }

    /// The status a call ends with for this reason.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::None | Self::Cancelled => Status::cancelled("the caller gave up"),
            Self::Deadline => Status::deadline_exceeded("the deadline passed"),
            Self::Idle => Status::deadline_exceeded("no message moved for the idle time allowed"),
            Self::Shutdown => Status::unavailable("the service is shutting down"),
        }
    }
}

/// Why the epoch callback or the host ended a guest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Killed {
    /// It used up its CPU time.
    Cpu,
    /// It went on after its grace.
    Grace(Reason),
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("the guest used up its CPU time"),
            Self::Grace(reason) => write!(f, "the guest went on after its grace ({reason:?})"),
        }
    }
}

impl std::error::Error for Killed {}

/// What the epoch callback decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Continue,
    Yield,
    Kill(Killed),
}

enum Phase {
    /// No call.
    Vacant,
    /// A call that the transport polls; not being polled now.
    Parked(GuestFuture),
    /// The transport is polling it; `true` once it is to go to the lane.
    Polling { evict: bool },
    /// A call on the lane; not being polled now.
    Lane(GuestFuture),
    /// A lane thread is polling it; `again` once it was woken meanwhile.
    LanePolling { again: bool },
    /// Ended, outcome not yet taken.
    Done(Box<Finished>),
}

struct Slot {
    phase: Phase,
    /// Whether a [`Running`](crate::Running) still wants the outcome.
    attached: bool,
    waiter: Option<Waker>,
}

impl Slot {
    fn notify(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waiter {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}

/// Reply metadata a guest sets while it runs.
#[derive(Debug, Default)]
pub(crate) struct ReplyMeta {
    pub(crate) headers: Metadata,
    pub(crate) trailers: Metadata,
    pub(crate) head_sent: bool,
    pub(crate) flush: bool,
}

/// The control block of one instance.
pub(crate) struct GuestTask {
    shared: Arc<Shared>,
    slot: Mutex<Slot>,
    reason: AtomicU8,
    preempted: AtomicBool,
    on_lane: AtomicBool,
    /// Whether its lane is the aside lane.
    aside: AtomicBool,
    /// Whether the lane has this task in its queue.
    queued: AtomicBool,
    deadline_ms: AtomicU64,
    active_ms: AtomicU64,
    kill_ms: AtomicU64,
    meter: Meter,
    /// The place of the current call's method in `usage`.
    bill: AtomicUsize,
    usage: Arc<Usage>,
    bounds: Bounds,
    meta: Mutex<ReplyMeta>,
}

/// What the task holds its guest to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) cpu: Duration,
    pub(crate) idle: Duration,
    pub(crate) grace: Duration,
}

impl fmt::Debug for GuestTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestTask")
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}

impl GuestTask {
    pub(crate) fn new(shared: Arc<Shared>, bounds: Bounds, usage: Arc<Usage>) -> Self {
        Self {
            shared,
            slot: Mutex::new(Slot {
                phase: Phase::Vacant,
                attached: false,
                waiter: None,
            }),
            reason: AtomicU8::new(0),
            preempted: AtomicBool::new(false),
            on_lane: AtomicBool::new(false),
            aside: AtomicBool::new(false),
            queued: AtomicBool::new(false),
            deadline_ms: AtomicU64::new(NEVER),
            active_ms: AtomicU64::new(0),
            kill_ms: AtomicU64::new(NEVER),
            meter: Meter::default(),
            bill: AtomicUsize::new(Bill::NONE.place()),
            usage,
            bounds,
            meta: Mutex::new(ReplyMeta::default()),
        }
    }

    /// Begins a call; the first poll runs the guest.
    pub(crate) fn start(&self, future: GuestFuture, deadline_ms: Option<u64>, bill: Bill) {
        self.begin(Phase::Parked(future), deadline_ms, bill);
    }

    /// Begins what no caller waits for: all of it runs on the aside lane.
    pub(crate) fn start_apart(self: &Arc<Self>, future: GuestFuture, deadline_ms: Option<u64>) {
        self.begin(Phase::Lane(future), deadline_ms, Bill::NONE);
        self.enqueue();
    }

    fn begin(&self, phase: Phase, deadline_ms: Option<u64>, bill: Bill) {
        self.reason.store(Reason::None as u8, Ordering::Relaxed);
        self.preempted.store(false, Ordering::Relaxed);
        let on_lane = matches!(phase, Phase::Lane(_));
        self.on_lane.store(on_lane, Ordering::Relaxed);
        self.aside.store(on_lane, Ordering::Relaxed);
        self.kill_ms.store(NEVER, Ordering::Relaxed);
        self.touch();
        self.meter.reset();
        self.bill.store(bill.place(), Ordering::Relaxed);
        *self.meta() = ReplyMeta::default();
        let mut slot = self.slot();
        slot.phase = phase;
        slot.attached = true;
        slot.waiter = None;
        // Last: from here on the sweeper may act on this call.
        self.deadline_ms
            .store(deadline_ms.unwrap_or(NEVER), Ordering::Release);
    }

    /// Polls for the outcome, running the guest if it is not on the lane.
    pub(crate) fn poll_outcome(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut slot = self.slot();
        match std::mem::replace(&mut slot.phase, Phase::Vacant) {
            Phase::Parked(future) => {
                slot.phase = Phase::Polling { evict: false };
                drop(slot);
                self.poll_inline(future, cx)
            }
            Phase::Done(finished) => {
                self.vacate(&mut slot);
                drop(slot);
                Poll::Ready(self.release(*finished))
            }
            phase => {
                slot.phase = phase;
                self.wait_for_lane(slot, cx)
            }
        }
    }

    fn poll_inline(
        self: &Arc<Self>,
        mut future: GuestFuture,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome> {
        self.preempted.store(false, Ordering::Relaxed);
        self.meter.begin_slice(&self.shared.clock);
        let polled = future.as_mut().poll(cx);
        self.end_slice();
        let mut slot = self.slot();
        if let Poll::Ready(finished) = polled {
            self.vacate(&mut slot);
            drop(slot);
            return Poll::Ready(self.release(finished));
        }
        let evicted = matches!(slot.phase, Phase::Polling { evict: true });
        if evicted || self.preempted.load(Ordering::Relaxed) {
            self.move_to_lane(&mut slot, future);
            return self.wait_for_lane(slot, cx);
        }
        slot.phase = Phase::Parked(future);
        // The sweeper may take the future: the caller must hear of it.
        slot.wait(cx);
        Poll::Pending
    }

    /// The guest has stopped running for now.
    fn end_slice(&self) {
        let slice = self.meter.end_slice(&self.shared.clock);
        self.usage.ran(self.bill.load(Ordering::Relaxed), slice);
    }

    fn wait_for_lane(&self, mut slot: MutexGuard<'_, Slot>, cx: &mut Context<'_>) -> Poll<Outcome> {
        // The caller is told at once; the guest has its grace on the lane.
        if let reason @ (Reason::Deadline | Reason::Idle | Reason::Shutdown) = self.reason() {
            slot.attached = false;
            let result = Err(Failure::Host(reason.status()));
            return Poll::Ready(Outcome::new(result));
        }
        slot.wait(cx);
        Poll::Pending
    }

    /// Nobody wants the outcome any more: the guest is told, and gets its
    /// grace on the lane. A guest that never ran is simply dropped.
    pub(crate) fn abandon(self: &Arc<Self>, ran: bool) {
        let mut slot = self.slot();
        if !slot.attached {
            return;
        }
        slot.attached = false;
        match std::mem::replace(&mut slot.phase, Phase::Vacant) {
            Phase::Vacant => {}
            Phase::Done(finished) => {
                self.vacate(&mut slot);
                drop(slot);
                self.release(*finished);
            }
            Phase::Parked(future) if !ran => {
                self.vacate(&mut slot);
                drop(slot);
                drop(future);
            }
            phase => {
                slot.phase = phase;
                self.end(&mut slot, Reason::Cancelled);
            }
        }
    }

    /// Tells the guest to end for `reason` unless it was told before.
    pub(crate) fn interrupt(self: &Arc<Self>, reason: Reason) {
        let mut slot = self.slot();
        if !matches!(slot.phase, Phase::Vacant | Phase::Done(_)) {
            self.end(&mut slot, reason);
        }
    }

    fn end(self: &Arc<Self>, slot: &mut Slot, reason: Reason) {
        let none = Reason::None as u8;
        if self
            .reason
            .compare_exchange(none, reason as u8, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            return;
        }
        let grace = u64::try_from(self.bounds.grace.as_millis()).unwrap_or(NEVER);
        let kill = self.shared.clock.coarse_ms().saturating_add(grace);
        self.kill_ms.store(kill, Ordering::Relaxed);
        match std::mem::replace(&mut slot.phase, Phase::Vacant) {
            Phase::Parked(future) => self.move_to_lane(slot, future),
            Phase::Polling { .. } => slot.phase = Phase::Polling { evict: true },
            phase => {
                slot.phase = phase;
                self.enqueue();
            }
        }
        slot.notify();
    }

    fn move_to_lane(self: &Arc<Self>, slot: &mut Slot, future: GuestFuture) {
        self.on_lane.store(true, Ordering::Relaxed);
        slot.phase = Phase::Lane(future);
        self.enqueue();
    }

    fn enqueue(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let Shared { lane, aside, .. } = &*self.shared;
            let lane = match self.aside.load(Ordering::Relaxed) {
                true => aside,
                false => lane,
            };
            lane.push(Arc::clone(self));
        }
    }

    /// One turn on the guest lane.
    pub(crate) fn run_on_lane(self: &Arc<Self>) {
        // Cleared before the poll: a wake during it queues another turn.
        self.queued.store(false, Ordering::Release);
        let mut slot = self.slot();
        let running = Phase::LanePolling { again: true };
        let mut future = match std::mem::replace(&mut slot.phase, running) {
            Phase::Lane(future) => future,
            Phase::LanePolling { .. } => return,
            // It is the transport's again, or has ended: whoever waits looks.
            phase => {
                slot.phase = phase;
                return slot.notify();
            }
        };
        slot.phase = Phase::LanePolling { again: false };
        drop(slot);
        self.preempted.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(self));
        self.meter.begin_slice(&self.shared.clock);
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        self.end_slice();
        let mut slot = self.slot();
        match polled {
            Poll::Pending => self.park(&mut slot, future),
            Poll::Ready(finished) => self.settle(slot, finished),
        }
    }

    /// After a turn on the lane: a guest that computes stays there; one that
    /// waits goes back to the transport, which feeds it without a change of
    /// threads.
    fn park(self: &Arc<Self>, slot: &mut Slot, future: GuestFuture) {
        let again = matches!(slot.phase, Phase::LanePolling { again: true });
        let computes = self.preempted.load(Ordering::Relaxed);
        if computes || !slot.attached || self.reason() != Reason::None {
            slot.phase = Phase::Lane(future);
            if again {
                self.enqueue();
            }
            return;
        }
        self.on_lane.store(false, Ordering::Relaxed);
        slot.phase = Phase::Parked(future);
        slot.notify();
    }

    /// A call on the lane has ended: keeps the outcome for the one who waits.
    fn settle(self: &Arc<Self>, mut slot: MutexGuard<'_, Slot>, finished: Finished) {
        if !slot.attached {
            self.vacate(&mut slot);
            drop(slot);
            self.release(finished);
            return;
        }
        self.deadline_ms.store(NEVER, Ordering::Relaxed);
        slot.phase = Phase::Done(Box::new(finished));
        slot.notify();
    }

    fn vacate(&self, slot: &mut Slot) {
        self.deadline_ms.store(NEVER, Ordering::Relaxed);
        slot.phase = Phase::Vacant;
        slot.attached = false;
        slot.waiter = None;
    }

    /// What the call set beside its result stays here until now: until then
    /// whoever sends the head can take its part.
    fn release(self: &Arc<Self>, mut finished: Finished) -> Outcome {
        let mut meta = self.meta();
        finished.outcome.headers = std::mem::take(&mut meta.headers);
        finished.outcome.trailers = std::mem::take(&mut meta.trailers);
        drop(meta);
        // What comes of it after its time is too late, even where the caller was
        // not yet told.
        let reason = self.reason();
        if matches!(reason, Reason::Deadline | Reason::Idle) {
            finished.outcome.result = Err(Failure::Host(reason.status()));
        }
        if let Some(instance) = finished.instance {
            instance.give_back(Arc::clone(self));
        }
        finished.outcome
    }

    /// Called by the sweeper: enforces deadline, idle time and grace.
    pub(crate) fn sweep(self: &Arc<Self>, now_ms: u64) {
        if self.due(now_ms).is_none() && !self.overdue(now_ms) {
            return;
        }
        // Asked once more under the lock: the call may have ended meanwhile and
        // the next one begun.
        let mut slot = self.slot();
        if self.overdue(now_ms) {
            self.kill_waiting(slot);
        } else if let Some(reason) = self.due(now_ms)
            && !matches!(slot.phase, Phase::Vacant | Phase::Done(_))
        {
            self.end(&mut slot, reason);
        }
    }

    /// Why a running call is to end now, if it is.
    fn due(&self, now_ms: u64) -> Option<Reason> {
        if self.reason() != Reason::None {
            return None;
        }
        if now_ms >= self.deadline_ms.load(Ordering::Acquire) {
            return Some(Reason::Deadline);
        }
        let idle = u64::try_from(self.bounds.idle.as_millis()).unwrap_or(NEVER);
        let quiet = now_ms.saturating_sub(self.active_ms.load(Ordering::Relaxed));
        (quiet > idle).then_some(Reason::Idle)
    }

    /// Whether a call that was told to end has used up its grace.
    fn overdue(&self, now_ms: u64) -> bool {
        self.reason() != Reason::None && now_ms > self.kill_ms.load(Ordering::Relaxed)
    }

    /// The grace is over and the guest waits in the host: drop it with its
    /// store. (One that computes is ended by its epoch callback.)
    fn kill_waiting(self: &Arc<Self>, mut slot: MutexGuard<'_, Slot>) {
        let future = match std::mem::replace(&mut slot.phase, Phase::Vacant) {
            Phase::Lane(future) => future,
            phase => {
                slot.phase = phase;
                return;
            }
        };
        let outcome = Outcome::new(Err(Failure::Host(self.reason().status())));
        self.settle(
            slot,
            Finished {
                outcome,
                instance: None,
            },
        );
        drop(future);
    }

    /// Called by the epoch callback while the guest runs.
    pub(crate) fn on_tick(&self) -> Verdict {
        let (slice, call) = self.meter.tick(&self.shared.clock);
        if u128::from(call) > self.bounds.cpu.as_nanos() {
            return Verdict::Kill(Killed::Cpu);
        }
        let reason = self.reason();
        if reason != Reason::None
            && self.shared.clock.coarse_ms() > self.kill_ms.load(Ordering::Relaxed)
        {
            return Verdict::Kill(Killed::Grace(reason));
        }
        let on_lane = self.on_lane.load(Ordering::Relaxed);
        let quantum = if on_lane {
            LANE_SLICE_NS
        } else {
            INLINE_SLICE_NS
        };
        if slice < quantum {
            return Verdict::Continue;
        }
        self.preempted.store(true, Ordering::Relaxed);
        Verdict::Yield
    }

    /// A message moved: the call is not idle.
    pub(crate) fn touch(&self) {
        self.active_ms
            .store(self.shared.clock.coarse_ms(), Ordering::Relaxed);
    }

    /// Milliseconds since the engine started, as of the last tick.
    pub(crate) fn now_ms(&self) -> u64 {
        self.shared.clock.coarse_ms()
    }

    /// Why the guest is to end, if it is.
    pub(crate) fn reason(&self) -> Reason {
        Reason::from_u8(self.reason.load(Ordering::Acquire))
    }

    /// Reply metadata of the current call.
    pub(crate) fn meta(&self) -> MutexGuard<'_, ReplyMeta> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for GuestTask {
    fn wake(self: Arc<Self>) {
        self.enqueue();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.enqueue();
    }
}
