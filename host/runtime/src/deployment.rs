//! API SKELETON, bodies come from the runtime's author.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ostler_call::{Deadline, Metadata, Status};
use ostler_schema::{Contract, Value};

use crate::Limits;

/// How an engine is built.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Instances alive at once over all deployments.
    pub instances: u32,
    /// The largest linear memory any deployment may be given, bytes.
    pub memory: usize,
    /// Where compiled components are kept; `None` compiles at every start.
    pub cache: Option<PathBuf>,
}

/// Compiles and runs components. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine;

impl Engine {
    /// Must be called inside a tokio runtime (multi-thread); its handle is kept.
    pub fn new(_config: EngineConfig) -> Result<Self, LoadError> {
        todo!()
    }

    /// Blocking (compiles): call it on a blocking thread.
    pub fn load(
        &self,
        _component: &[u8],
        _contract: Arc<Contract>,
        _options: DeploymentOptions,
    ) -> Result<Deployment, LoadError> {
        todo!()
    }
}

/// Why a component cannot run here: names the import or limit at fault.
#[derive(Debug)]
pub struct LoadError(pub String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for LoadError {}

/// Whose deployment this is and what it may use.
#[derive(Clone, Debug)]
pub struct DeploymentOptions {
    pub tenant: Arc<str>,
    pub limits: Limits,
    /// Handed to the guest's `lifecycle.start`.
    pub config: Vec<(String, String)>,
}

/// A component put live: its pool of instances.
#[derive(Clone, Debug)]
pub struct Deployment;

/// What the guest may ask about the call.
#[derive(Clone, Debug)]
pub struct CallInfo {
    pub call_id: String,
    pub metadata: Metadata,
    /// The earliest of the caller's deadline, `@timeout` and the limit.
    pub deadline: Option<Deadline>,
    pub peer: Option<SocketAddr>,
}

/// What the guest reads.
pub enum Input {
    /// The function's parameters.
    Args(Vec<Value>),
    Stream(Box<dyn Source>),
}

/// Pulled by the guest's `next`, on the guest's stack.
pub trait Source: Send {
    /// The next item; `None` is the clean end; an error is final.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value, Status>>>;
}

/// The peer takes no more.
#[derive(Debug)]
pub struct Closed;

/// Written by the guest's `send`, on the guest's stack.
pub trait Sink: Send {
    /// Ready when there is room for one more item.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>>;
    /// Takes one item; call only after `poll_ready` said so. An error (item
    /// larger than the message limit) ends the call.
    fn push(&mut self, item: Value) -> Result<(), Status>;
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// The reply (`None` for no result or a streamed one).
    pub result: Result<Option<Value>, Failure>,
    pub trailers: Metadata,
}

/// Who is at fault.
#[derive(Debug)]
pub enum Failure {
    /// The guest returned `ostler:rpc/types.status`.
    Status(Status),
    /// The guest returned an error of the method's own type.
    Error(Option<Value>),
    /// Trap, limit, cancellation, deadline: the host's words.
    Host(Status),
}

/// A running call: poll it for its outcome (the guest runs inside the poll
/// until it is pre-empted). Dropping it cancels the call; the guest gets its
/// grace elsewhere.
#[derive(Debug)]
pub struct Running(());

impl Future for Running {
    type Output = Outcome;
    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Outcome> {
        todo!()
    }
}

impl Running {
    /// The headers the guest has set so far; later `set-header` calls fail.
    pub fn take_headers(&mut self) -> Metadata {
        todo!()
    }
    /// Whether the guest asked for the head to be sent now.
    pub fn wants_head(&self) -> bool {
        todo!()
    }
}

impl Deployment {
    /// Begins a call of `contract.services[service].methods[method]` on an
    /// instance of its own. `sink` is given for streamed replies.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when no instance is free; `INTERNAL` or the guest's status when `lifecycle.start` failed comes through `Running` instead.
    pub fn call(
        &self,
        _service: usize,
        _method: usize,
        _info: CallInfo,
        _input: Input,
        _sink: Option<Box<dyn Sink>>,
    ) -> Result<Running, Status> {
        todo!()
    }

    pub fn stats(&self) -> Stats {
        todo!()
    }

    /// Tells long calls to end (`context.draining`).
    pub fn drain(&self) {
        todo!()
    }

    /// Waits until no call runs, at most `grace`; then stops idle instances
    /// (`lifecycle.stop`) and drops the rest. Returns how many were dropped
    /// while running.
    pub async fn stop(&self, _grace: Duration) -> usize {
        todo!()
    }
}

/// Counters since the deployment went live.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    pub live: usize,
    pub idle: usize,
    pub created: u64,
    pub poisoned: u64,
    pub retired: u64,
}
