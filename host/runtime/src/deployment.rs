//! A component put live, and calls on it.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use ostler_call::{Deadline, Metadata, Status};
use ostler_schema::{Contract, Value};
use wasmtime::component::InstancePre;

use crate::engine::{Shared, Threads};
use crate::host::GuestLog;
use crate::instance::{self, Start, Turn};
use crate::limits::Limits;
use crate::pool::{Busy, Idle, Permit, Pool};
use crate::state::{Identity, State};
use crate::task::{Bounds, Finished, GuestTask, Reason};
use crate::usage::{Bill, Usage};

/// Why a component cannot run here: names the import or limit at fault.
#[derive(Debug)]
pub struct LoadError(String);

impl LoadError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

/// Whose deployment this is and what it may use.
#[derive(Clone, Debug)]
pub struct DeploymentOptions {
    /// The tenant it belongs to.
    pub tenant: Arc<str>,
    /// What it is held to.
    pub limits: Limits,
    /// Handed to the guest's `lifecycle.start`.
    pub config: Vec<(String, String)>,
}

/// What the guest may ask about the call.
#[derive(Clone, Debug)]
pub struct CallInfo {
    /// The call's id in the host's log.
    pub call_id: String,
    /// Request metadata.
    pub metadata: Metadata,
    /// The earliest of the caller's deadline, `@timeout` and the limit.
    pub deadline: Option<Deadline>,
    /// Whom the connection comes from.
    pub peer: Option<SocketAddr>,
}

/// What the guest reads.
pub enum Input {
    /// The fields of the request message, or the one message, as
    /// [`Request::arguments`](ostler_schema::Request::arguments) gives them.
    Args(Vec<Value>),
    /// The messages of a streamed request.
    Stream(Box<dyn Source>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Args(values) => f.debug_tuple("Args").field(values).finish(),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// Pulled by the guest's `next`, on the guest's stack, by one caller at a
/// time. Dropped when the guest stops reading or the call ends.
pub trait Source: Send {
    /// The next item; `None` is the clean end; an error is final. Not called
    /// again after either.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value, Status>>>;
}

/// The peer takes no more.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

/// Written by the guest's `send`, on the guest's stack, by one caller at a
/// time. Dropped when the guest ends its output or the call ends.
pub trait Sink: Send {
    /// Ready when there is room for one more item.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>>;

    /// Takes one item; called only after `poll_ready` said so.
    ///
    /// # Errors
    /// The status the call ends with, such as for an item above the message
    /// limit.
    fn push(&mut self, item: Value) -> Result<(), Status>;

    /// Whether the borders of chunks carry no meaning here, so that a chunk may
    /// be pushed in pieces.
    fn splits_chunks(&self) -> bool {
        false
    }
}

/// Takes what nobody reads.
struct Ignored;

impl Sink for Ignored {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        Poll::Ready(Ok(()))
    }

    fn push(&mut self, _: Value) -> Result<(), Status> {
        Ok(())
    }

    fn splits_chunks(&self) -> bool {
        true
    }
}

/// A call of the host's own, of a method with one request message.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its service, by its place in the contract.
    pub service: usize,
    /// Its method, likewise.
    pub method: usize,
    /// As [`Request::arguments`](ostler_schema::Request::arguments) gives them.
    pub arguments: Vec<Value>,
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// The reply (`None` for no result or a streamed one).
    pub result: Result<Option<Value>, Failure>,
    /// Headers the guest set, unless [`Running::take_headers`] took them.
    /// They are here since the instance may serve its next call already.
    pub headers: Metadata,
    /// Trailers the guest set.
    pub trailers: Metadata,
}

impl Outcome {
    /// An outcome without metadata yet.
    pub(crate) fn new(result: Result<Option<Value>, Failure>) -> Self {
        Self {
            result,
            headers: Metadata::new(),
            trailers: Metadata::new(),
        }
    }
}

/// Why a call failed, by who is at fault.
#[derive(Debug)]
pub enum Failure {
    /// The guest returned `ostler:rpc/types.status`.
    Status(Status),
    /// The guest returned an error of the method's own type.
    Error(Option<Value>),
    /// Trap, limit, cancellation, deadline: the host's words.
    Host(Status),
    /// The instance trapped or refused while it started: it was not entered.
    Start(Status),
}

/// Why there is no instance for a call, which no guest has seen.
#[derive(Debug)]
pub enum NotSeated {
    /// There is no room for one, or the deadline has passed.
    Refused(Status),
    /// The component is at fault: its instances do not start.
    NotStarted(Status),
}

/// A started instance for one call; goes back to the others unless it is used.
#[derive(Debug)]
pub struct Seat(Option<Idle>);

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(idle) = self.0.take() {
            idle.instance.give_back(idle.task);
        }
    }
}

/// Counters since the deployment went live.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Instances alive.
    pub live: usize,
    /// Of which serve no call.
    pub idle: usize,
    /// Calls that run, abandoned ones in their grace included.
    pub running: usize,
    /// Instances made so far.
    pub created: u64,
    /// Dropped because the guest trapped or was ended.
    pub poisoned: u64,
    /// Dropped because they held too much.
    pub retired: u64,
}

/// What all clones of a deployment and its instances share.
pub(crate) struct Live {
    pub(crate) identity: Arc<Identity>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) config: Vec<(String, String)>,
    pub(crate) pool: Pool,
    shared: Arc<Shared>,
    tasks: Mutex<Vec<Weak<GuestTask>>>,
    /// Whether `deployment-lifecycle.start` was called, where there is one.
    /// Held by who calls it, so that nobody is before it.
    started: Option<tokio::sync::Mutex<bool>>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

/// Whether a guest that serves no call runs beside those that do, at lower
/// priority; not where a call waits for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lane {
    Yes,
    No,
}

/// A component put live: its pool of instances. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Deployment {
    live: Arc<Live>,
    /// The engine's threads run as long as anything is deployed on it.
    _threads: Arc<Threads>,
}

impl Deployment {
    pub(crate) fn new(
        shared: Arc<Shared>,
        threads: Arc<Threads>,
        pre: InstancePre<State>,
        contract: Arc<Contract>,
        options: DeploymentOptions,
    ) -> Self {
        let log = GuestLog::new(options.limits.log_lines_per_second);
        let pool = Pool::new(options.limits.instances);
        let identity = Identity {
            tenant: options.tenant,
            usage: Arc::new(Usage::new(&contract)),
            contract,
            limits: options.limits,
            log,
            draining: AtomicBool::new(false),
        };
        let lifecycle = pre.component().get_export_index(None, instance::DEPLOYMENT);
        let live = Live {
            identity: Arc::new(identity),
            pre,
            config: options.config,
            pool,
            shared,
            tasks: Mutex::default(),
            started: lifecycle.map(|_| tokio::sync::Mutex::default()),
        };
        Self {
            live: Arc::new(live),
            _threads: threads,
        }
    }

    pub(crate) fn downgrade(&self) -> Weak<Live> {
        Arc::downgrade(&self.live)
    }

    /// An instance for a call: one that waits, or a new one, started by
    /// `deadline`.
    ///
    /// # Errors
    /// [`NotSeated`].
    pub async fn seat(&self, deadline: Option<Deadline>) -> Result<Seat, NotSeated> {
        loop {
            if let Some(idle) = self.live.pool.take() {
                return Ok(Seat(Some(idle)));
            }
            let permit = self.reserve()?;
            // It waits with the others then: whoever takes it before this call
            // would have made one.
            self.make(permit, deadline, Lane::No).await?;
        }
    }

    /// Begins a call of `contract.services[service].methods[method]` on an
    /// instance of its own; the guest runs when the call is first polled.
    /// `sink` is given for streamed replies.
    pub fn call(
        &self,
        mut seat: Seat,
        service: usize,
        method: usize,
        info: CallInfo,
        input: Input,
        sink: Option<Box<dyn Sink>>,
    ) -> Running {
        let Some(Idle { instance, task, .. }) = seat.0.take() else {
            unreachable!("a seat is taken here alone");
        };
        let deadline = info
            .deadline
            .map(|d| self.live.shared.clock.ms_of(d.instant()));
        let start = Start {
            service,
            method,
            info,
            input,
            sink,
        };
        let bill = self.live.identity.usage.bill(service, method);
        let busy = self.live.pool.busy();
        let (live, guest) = (Arc::clone(&self.live), Arc::clone(&task));
        let future = async move {
            let finished = instance::run(live, guest, instance, start).await;
            drop::<Busy>(busy);
            finished
        };
        task.start(Box::pin(future), deadline, bill);
        Running {
            task,
            ran: false,
            ended: false,
        }
    }

    /// Calls `deployment-lifecycle.start`, where the component has it and it was
    /// not called yet. This happens before the first instance for calls is made.
    async fn start(&self, deadline: Option<Deadline>, lane: Lane) -> Result<(), NotSeated> {
        let Some(started) = &self.live.started else {
            return Ok(());
        };
        let mut started = started.lock().await;
        if !*started {
            self.turn(Turn::Start, deadline, lane).await?;
            *started = true;
        }
        Ok(())
    }

    async fn turn(
        &self,
        what: Turn,
        deadline: Option<Deadline>,
        lane: Lane,
    ) -> Result<(), NotSeated> {
        let permit = self.reserve()?;
        let begin = |live, guest| instance::deployment(live, guest, permit, what);
        self.run_apart(begin, deadline, lane).await
    }

    /// Makes and starts an instance that waits for calls.
    async fn make(
        &self,
        permit: Permit,
        deadline: Option<Deadline>,
        lane: Lane,
    ) -> Result<(), NotSeated> {
        self.start(deadline, lane).await?;
        let begin = |live, guest| instance::warm(live, guest, permit);
        self.run_apart(begin, deadline, lane).await
    }

    fn reserve(&self) -> Result<Permit, NotSeated> {
        self.live.pool.reserve().ok_or_else(|| {
            NotSeated::Refused(Status::resource_exhausted(format!(
                "all {} instances of the service are busy",
                self.live.identity.limits.instances
            )))
        })
    }

    /// Runs a guest that serves no call.
    async fn run_apart<F>(
        &self,
        begin: impl FnOnce(Arc<Live>, Arc<GuestTask>) -> F,
        deadline: Option<Deadline>,
        lane: Lane,
    ) -> Result<(), NotSeated>
    where
        F: Future<Output = Finished> + Send + 'static,
    {
        let deadline = deadline.map(|d| self.live.shared.clock.ms_of(d.instant()));
        let task = self.live.task();
        let begun = begin(Arc::clone(&self.live), Arc::clone(&task));
        match self.running(task, begun, deadline, lane).await.result {
            Ok(_) => Ok(()),
            Err(Failure::Start(status)) => Err(NotSeated::NotStarted(status)),
            Err(Failure::Host(status)) => Err(NotSeated::Refused(status)),
            Err(Failure::Status(_) | Failure::Error(_)) => {
                unreachable!("no method was called")
            }
        }
    }

    /// The call, or what is none, that `guest` is.
    fn running(
        &self,
        task: Arc<GuestTask>,
        guest: impl Future<Output = Finished> + Send + 'static,
        deadline_ms: Option<u64>,
        lane: Lane,
    ) -> Running {
        let busy = self.live.pool.busy();
        let future = Box::pin(async move {
            let finished = guest.await;
            drop::<Busy>(busy);
            finished
        });
        match lane {
            Lane::No => task.start(future, deadline_ms, Bill::NONE),
            Lane::Yes => task.start_apart(future, deadline_ms),
        }
        Running {
            task,
            ran: lane == Lane::Yes,
            ended: false,
        }
    }

    /// What it is held to.
    pub fn limits(&self) -> &Limits {
        &self.live.identity.limits
    }

    /// What the guest's `lifecycle.start` is handed.
    pub fn config(&self) -> &[(String, String)] {
        &self.live.config
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        let Live { pool, identity, .. } = &*self.live;
        Stats {
            live: pool.live(),
            idle: pool.idle(),
            running: pool.running(),
            created: identity.usage.created(),
            poisoned: identity.usage.poisoned(),
            retired: identity.usage.retired(),
        }
    }

    /// What its guests use.
    pub fn usage(&self) -> &Arc<Usage> {
        &self.live.identity.usage
    }

    /// Starts the deployment, and makes instances until `count` of them wait for
    /// calls, as far as the limits allow.
    ///
    /// # Errors
    /// Why the first one does not start, or not until `deadline`.
    pub async fn warm(&self, count: usize, deadline: Deadline) -> Result<(), NotSeated> {
        self.start(Some(deadline), Lane::Yes).await?;
        for _ in self.live.pool.idle()..count {
            let Some(permit) = self.live.pool.reserve() else {
                break;
            };
            self.make(permit, Some(deadline), Lane::Yes).await?;
        }
        Ok(())
    }

    /// Has every instance that waits for calls answer one of the host's own,
    /// beside those of callers.
    ///
    /// # Errors
    /// That of the first which does not, or not until `deadline`.
    pub async fn probe(&self, trial: &Trial, deadline: Deadline) -> Result<(), Failure> {
        let idle: Vec<_> = std::iter::from_fn(|| self.live.pool.take()).collect();
        let mut seats: Vec<_> = idle.into_iter().map(|idle| Seat(Some(idle))).collect();
        for seat in &mut seats {
            if let Some(idle) = seat.0.take() {
                self.answer(idle, trial, deadline).await?;
            }
        }
        Ok(())
    }

    async fn answer(&self, idle: Idle, trial: &Trial, deadline: Deadline) -> Result<(), Failure> {
        let Idle { instance, task, .. } = idle;
        let Live {
            identity, shared, ..
        } = &*self.live;
        let service = &identity.contract.services[trial.service];
        let streams = service.methods[trial.method].pattern.streams_out();
        let start = Start {
            service: trial.service,
            method: trial.method,
            info: CallInfo {
                call_id: "probe".to_owned(),
                metadata: Metadata::new(),
                deadline: Some(deadline),
                peer: None,
            },
            input: Input::Args(trial.arguments.clone()),
            sink: streams.then(|| Box::new(Ignored) as _),
        };
        let until = shared.clock.ms_of(deadline.instant());
        let (live, guest) = (Arc::clone(&self.live), Arc::clone(&task));
        let call = instance::run(live, guest, instance, start);
        let answered = self.running(task, call, Some(until), Lane::Yes).await;
        answered.result.map(drop)
    }

    /// Tells long calls to end (`context.draining`).
    pub fn drain(&self) {
        self.live.identity.draining.store(true, Ordering::Relaxed);
    }

    /// Takes back [`Deployment::drain`], and [`Deployment::stop`] once it has
    /// ended.
    pub fn resume(&self) {
        self.live.identity.draining.store(false, Ordering::Relaxed);
    }

    /// Waits until no call runs, at most `grace`; then interrupts what is
    /// left, gives it its cancel grace, and stops the instances
    /// (`lifecycle.stop`). Returns how many calls were interrupted.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.drain();
        let pool = &self.live.pool;
        if tokio::time::timeout(grace, pool.quiet()).await.is_err() {
            tracing::warn!(
                calls = pool.running(),
                "interrupting calls that outlast the grace"
            );
        }
        let interrupted = pool.running();
        for task in self.live.tasks() {
            task.interrupt(Reason::Shutdown);
        }
        // The sweeper drops what ignores the interruption.
        pool.quiet().await;
        while let Some(idle) = pool.take() {
            self.end(idle).await;
        }
        pool.quiet().await;
        self.finish().await;
        interrupted
    }
}

impl Deployment {
    /// Stops an instance and gives its memory back.
    async fn end(&self, idle: Idle) {
        let Idle { instance, task, .. } = idle;
        let Live {
            identity, shared, ..
        } = &*self.live;
        let grace = identity.limits.cancel_grace.as_millis();
        let grace = u64::try_from(grace).unwrap_or(u64::MAX);
        let deadline = shared.clock.coarse_ms().saturating_add(grace);
        let ended = self.running(task, instance::end(instance), Some(deadline), Lane::Yes);
        if ended.await.result.is_err() {
            tracing::warn!("lifecycle.stop did not end within its grace");
        }
    }

    /// Calls `deployment-lifecycle.stop` where `start` was called.
    async fn finish(&self) {
        let Some(started) = &self.live.started else {
            return;
        };
        let mut started = started.lock().await;
        if !std::mem::take(&mut *started) {
            return;
        }
        let grace = self.live.identity.limits.cancel_grace;
        let stopped = tokio::time::timeout(grace, self.turn(Turn::Stop, None, Lane::Yes)).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::warn!("deployment-lifecycle.stop did not end within its grace");
        }
    }
}

impl Live {
    /// The task of an instance to be made.
    fn task(&self) -> Arc<GuestTask> {
        let limits = &self.identity.limits;
        let bounds = Bounds {
            cpu: limits.cpu,
            idle: limits.stream_idle,
            grace: limits.cancel_grace,
        };
        let usage = Arc::clone(&self.identity.usage);
        let task = Arc::new(GuestTask::new(Arc::clone(&self.shared), bounds, usage));
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&task));
        task
    }

    /// Enforces deadlines, idle times and graces; drops instances long idle.
    pub(crate) fn sweep(&self, now_ms: u64) {
        for task in self.tasks() {
            task.sweep(now_ms);
        }
        drop(self.pool.expired(now_ms));
    }

    fn tasks(&self) -> Vec<Arc<GuestTask>> {
        let mut live = Vec::new();
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|weak| {
                let task = weak.upgrade();
                let kept = task.is_some();
                live.extend(task);
                kept
            });
        live
    }
}

/// A running call: poll it for its outcome (the guest runs inside the poll
/// until it is pre-empted). Dropping it cancels the call; the guest is told and
/// gets its grace elsewhere. Not to be polled after the outcome.
#[derive(Debug)]
pub struct Running {
    task: Arc<GuestTask>,
    ran: bool,
    ended: bool,
}

impl Running {
    /// The headers the guest has set so far; `set-header` fails from now on.
    /// Call it once, when the head is about to leave, and not after the
    /// outcome, which carries them.
    pub fn take_headers(&mut self) -> Metadata {
        let mut meta = self.task.meta();
        meta.head_sent = true;
        std::mem::take(&mut meta.headers)
    }

    /// Whether the guest asked for the head to be sent now.
    pub fn wants_head(&self) -> bool {
        self.task.meta().flush
    }
}

impl Future for Running {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.ran = true;
        let polled = self.task.poll_outcome(cx);
        self.ended = polled.is_ready();
        polled
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.task.abandon(self.ran);
        }
    }
}
