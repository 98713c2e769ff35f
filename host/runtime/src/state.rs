//! What a store holds: the current call, the guest's resources and its memory
//! count.

use std::fmt;
use std::sync::Arc;

use ostler_schema::Contract;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

use crate::deployment::CallInfo;
use crate::host::GuestLog;
use crate::limits::Limits;
use crate::stream::{InputEnd, OutputEnd};
use crate::task::GuestTask;
use crate::usage::Usage;

/// Whose guest this is; shared by all instances of a deployment.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) tenant: Arc<str>,
    pub(crate) contract: Arc<Contract>,
    pub(crate) limits: Limits,
    pub(crate) log: GuestLog,
    pub(crate) usage: Arc<Usage>,
    pub(crate) draining: std::sync::atomic::AtomicBool,
}

/// Data of one store.
pub(crate) struct State {
    pub(crate) identity: Arc<Identity>,
    pub(crate) task: Arc<GuestTask>,
    pub(crate) table: ResourceTable,
    /// Made when the guest first asks for anything of WASI.
    pub(crate) wasi: Option<Box<WasiCtx>>,
    pub(crate) memory: Memory,
    pub(crate) call: Option<CallState>,
    /// The number of the current or last call; the representation of its
    /// stream handles, so that those of earlier calls are recognised.
    pub(crate) number: u32,
    /// Stream handles the guest holds, those of earlier calls included.
    pub(crate) handles: usize,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// The call a guest is serving.
#[derive(Debug)]
pub(crate) struct CallState {
    pub(crate) info: CallInfo,
    pub(crate) service: usize,
    pub(crate) method: usize,
    pub(crate) input: Option<InputEnd>,
    pub(crate) output: Option<OutputEnd>,
}

/// Marks the handle a guest reads from.
#[derive(Debug)]
pub(crate) struct SourceHandle;

/// Marks the handle a guest writes to.
#[derive(Debug)]
pub(crate) struct SinkHandle;

impl State {
    pub(crate) fn new(identity: Arc<Identity>, task: Arc<GuestTask>) -> Self {
        let memory = Memory::new(&identity);
        Self {
            identity,
            task,
            table: ResourceTable::new(),
            wasi: None,
            memory,
            call: None,
            number: 0,
            handles: 0,
        }
    }

    /// The input behind a handle of stream resource `stream`; `None` when the
    /// handle is of an earlier call.
    pub(crate) fn input(&self, handle: u32, stream: usize) -> Option<InputEnd> {
        let call = self.current(handle)?;
        let expected = self.identity.contract.services[call.service].methods[call.method]
            .request
            .stream;
        (expected == Some(stream))
            .then(|| call.input.clone())
            .flatten()
    }

    /// The output behind a handle of stream resource `stream`, likewise.
    pub(crate) fn output(&self, handle: u32, stream: usize) -> Option<OutputEnd> {
        let call = self.current(handle)?;
        let expected = self.identity.contract.services[call.service].methods[call.method]
            .response
            .sink;
        (expected == Some(stream))
            .then(|| call.output.clone())
            .flatten()
    }

    /// The guest dropped a handle it reads from.
    pub(crate) fn drop_input(&mut self, handle: u32) {
        self.handles = self.handles.saturating_sub(1);
        if let Some(input) = self.current(handle).and_then(|call| call.input.as_ref()) {
            input.close();
        }
    }

    /// The guest dropped a handle it writes to.
    pub(crate) fn drop_output(&mut self, handle: u32) {
        self.handles = self.handles.saturating_sub(1);
        if let Some(output) = self.current(handle).and_then(|call| call.output.as_ref()) {
            output.close();
        }
    }

    fn current(&self, handle: u32) -> Option<&CallState> {
        (handle == self.number)
            .then_some(self.call.as_ref())
            .flatten()
    }
}

/// Counts linear memory and table elements over all of an instance's memories.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: usize,
    tables: usize,
    used: usize,
    denied: bool,
    usage: Arc<Usage>,
}

impl Memory {
    fn new(identity: &Identity) -> Self {
        let Identity { limits, usage, .. } = identity;
        Self {
            limit: limits.memory,
            tables: limits.table_elements,
            used: 0,
            denied: false,
            usage: Arc::clone(usage),
        }
    }

    /// Whether a growth was refused since the last time this was asked.
    pub(crate) fn take_denied(&mut self) -> bool {
        std::mem::take(&mut self.denied)
    }

    /// Whether the instance holds so much that a fresh one is the better
    /// choice: memory never shrinks.
    pub(crate) fn is_bloated(&self) -> bool {
        self.used > self.limit / 4 * 3
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.usage.freed(self.used);
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used + desired.saturating_sub(current);
        if used > self.limit {
            self.denied = true;
            return Ok(false);
        }
        self.usage.grew(used - self.used);
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.tables)
    }
}
