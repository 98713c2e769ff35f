//! One live copy of a deployment: its store, and the life of one call on it.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use ostler_call::Status;
use ostler_schema::Contract;
use wasmtime::component::{Func, Instance as WasmInstance};
use wasmtime::{Store, UpdateDeadline};

use crate::abi::{self, Arguments, Returned};
use crate::deployment::{CallInfo, Failure, Input, Live, Outcome, Sink};
use crate::host::rpc_types;
use crate::pool::Permit;
use crate::state::{CallState, State};
use crate::stream::{InputEnd, OutputEnd};
use crate::task::{Finished, GuestTask, Killed, Reason, Verdict};

/// Host memory one call into or out of the guest may take for its arguments,
/// bytes; a dynamic value takes forty a byte of a list.
const HOSTCALL_FUEL: usize = 512 << 20;
/// Stream handles of earlier calls a guest may keep before its instance is
/// retired: garbage-collected guests free them late or never.
const MAX_KEPT_HANDLES: usize = 256;
/// Called for each instance, where the component has it.
const LIFECYCLE: &str = "ostler:rpc/lifecycle@0.1.0";
/// Called for each deployment, likewise.
pub(crate) const DEPLOYMENT: &str = "ostler:rpc/deployment-lifecycle@0.1.0";

/// A component instance, alone with its memory.
pub(crate) struct Instance {
    store: Store<State>,
    instance: WasmInstance,
    /// Exported functions by service and method, looked up at the first call.
    functions: Vec<Vec<Option<Func>>>,
    live: Weak<Live>,
    /// The count this instance takes in its pool, as long as it lives.
    _permit: Permit,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

/// All there is to a call before it begins.
pub(crate) struct Start {
    pub(crate) service: usize,
    pub(crate) method: usize,
    pub(crate) info: CallInfo,
    pub(crate) input: Input,
    pub(crate) sink: Option<Box<dyn Sink>>,
}

/// What to do with an instance after a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Reuse,
    Retire(&'static str),
    Poisoned,
}

/// One whole call: guest, verdict.
pub(crate) async fn run(
    live: Arc<Live>,
    task: Arc<GuestTask>,
    mut instance: Box<Instance>,
    start: Start,
) -> Finished {
    let (outcome, fate) = instance.serve(&live.identity.contract, &task, start).await;
    match fate {
        Fate::Reuse => {
            return Finished {
                outcome,
                instance: Some(instance),
            };
        }
        Fate::Retire(why) => {
            live.identity.usage.retired.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(
                tenant = &*live.identity.tenant,
                why,
                "an instance was retired"
            );
            instance.stop().await;
        }
        Fate::Poisoned => {
            live.identity.usage.poisoned.fetch_add(1, Ordering::Relaxed);
        }
    }
    Finished {
        outcome,
        instance: None,
    }
}

/// An instance that waits for its first call.
pub(crate) async fn warm(live: Arc<Live>, task: Arc<GuestTask>, permit: Permit) -> Finished {
    match Instance::create(&live, &task, permit).await {
        Ok(instance) => Finished {
            outcome: Outcome::new(Ok(None)),
            instance: Some(Box::new(instance)),
        },
        Err(failure) => Finished {
            outcome: Outcome::new(Err(failure)),
            instance: None,
        },
    }
}

/// The end of an instance that waited for calls.
pub(crate) async fn end(mut instance: Box<Instance>) -> Finished {
    instance.stop().await;
    Finished {
        outcome: Outcome::new(Ok(None)),
        instance: None,
    }
}

/// An instance on which the deployment as a whole is started or stopped.
pub(crate) async fn deployment(
    live: Arc<Live>,
    task: Arc<GuestTask>,
    permit: Permit,
    what: Turn,
) -> Finished {
    let turned = async {
        let mut instance = Instance::instantiate(&live, &task, permit).await?;
        match what {
            Turn::Start => {
                let started = instance.start(DEPLOYMENT, &live.config).await;
                started.map_err(|status| not_started(&task, status))
            }
            Turn::Stop => {
                instance.call_stop(DEPLOYMENT).await;
                Ok(())
            }
        }
    };
    Finished {
        outcome: Outcome::new(turned.await.map(|()| None)),
        instance: None,
    }
}

/// What is done to a deployment as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    Start,
    Stop,
}

/// Whose fault it is that an instance did not start.
fn not_started(task: &GuestTask, status: Status) -> Failure {
    match task.reason() {
        Reason::None => Failure::Start(status),
        reason => Failure::Host(reason.status()),
    }
}

impl Instance {
    /// One that is ready for calls.
    async fn create(
        live: &Arc<Live>,
        task: &Arc<GuestTask>,
        permit: Permit,
    ) -> Result<Self, Failure> {
        let mut this = Self::instantiate(live, task, permit).await?;
        let started = this.start(LIFECYCLE, &live.config).await;
        started.map_err(|status| not_started(task, status))?;
        live.identity.usage.created.fetch_add(1, Ordering::Relaxed);
        Ok(this)
    }

    async fn instantiate(
        live: &Arc<Live>,
        task: &Arc<GuestTask>,
        permit: Permit,
    ) -> Result<Self, Failure> {
        let state = State::new(Arc::clone(&live.identity), Arc::clone(task));
        let mut store = Store::new(live.pre.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_epoch_deadline(1);
        let observer = Arc::clone(task);
        store.epoch_deadline_callback(move |_| match observer.on_tick() {
            Verdict::Continue => Ok(UpdateDeadline::Continue(1)),
            Verdict::Yield => Ok(UpdateDeadline::Yield(1)),
            Verdict::Kill(killed) => Err(killed.into()),
        });
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.set_max_component_handles(live.identity.limits.handles);
        let instance = live
            .pre
            .instantiate_async(&mut store)
            .await
            .map_err(|error| {
                tracing::error!(
                    tenant = &*live.identity.tenant,
                    error = format!("{error:#}"),
                    "instantiation failed"
                );
                if error.is::<wasmtime::PoolConcurrencyLimitError>() {
                    let text = "the host has no room for another instance";
                    return Failure::Host(Status::resource_exhausted(text));
                }
                let text = "the service could not be instantiated";
                not_started(task, Status::internal(text))
            })?;
        let services = &live.identity.contract.services;
        let functions = services
            .iter()
            .map(|service| vec![None; service.methods.len()])
            .collect();
        Ok(Self {
            store,
            instance,
            functions,
            live: Arc::downgrade(live),
            _permit: permit,
        })
    }

    /// Calls `start` of that interface where the component has one.
    async fn start(&mut self, interface: &str, config: &[(String, String)]) -> Result<(), Status> {
        let Some(start) = self.lifecycle(interface, "start") else {
            return Ok(());
        };
        type Answer = (Result<(), rpc_types::Status>,);
        let answer = match start.typed::<(&[(String, String)],), Answer>(&self.store) {
            Ok(start) => start.call_async(&mut self.store, (config,)).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok((Ok(()),)) => Ok(()),
            Ok((Err(status),)) => {
                let status = Status::from(status);
                tracing::error!(tenant = &*self.store.data().identity.tenant, %status, interface, "the service refused to start");
                let message = format!("the service did not start: {}", status.message());
                Err(Status::unavailable(message))
            }
            Err(error) => {
                tracing::error!(
                    tenant = &*self.store.data().identity.tenant,
                    interface,
                    error = format!("{error:#}"),
                    "start failed"
                );
                Err(Status::unavailable("the service did not start"))
            }
        }
    }

    /// Calls `lifecycle.stop` where the component has one.
    pub(crate) async fn stop(&mut self) {
        self.call_stop(LIFECYCLE).await;
    }

    async fn call_stop(&mut self, interface: &str) {
        let Some(stop) = self.lifecycle(interface, "stop") else {
            return;
        };
        let stopped = match stop.typed::<(), ()>(&self.store) {
            Ok(stop) => stop.call_async(&mut self.store, ()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stopped {
            tracing::warn!(
                tenant = &*self.store.data().identity.tenant,
                interface,
                error = format!("{error:#}"),
                "stop failed"
            );
        }
    }

    fn lifecycle(&mut self, interface: &str, function: &str) -> Option<Func> {
        let (_, interface) = self.instance.get_export(&mut self.store, None, interface)?;
        let (_, function) =
            self.instance
                .get_export(&mut self.store, Some(&interface), function)?;
        self.instance.get_func(&mut self.store, function)
    }

    async fn serve(
        &mut self,
        contract: &Contract,
        task: &Arc<GuestTask>,
        start: Start,
    ) -> (Outcome, Fate) {
        let (service, method) = (start.service, start.method);
        let arguments = self.begin(task, start);
        let result = match self.function(contract, service, method) {
            Ok(func) => {
                self.store.set_epoch_deadline(1);
                let method = &contract.services[service].methods[method];
                abi::invoke(&mut self.store, func, contract, method, arguments).await
            }
            Err(error) => Err(error),
        };
        let (result, fate) = self.end(contract, result);
        (Outcome::new(result), fate)
    }

    fn begin(&mut self, task: &Arc<GuestTask>, start: Start) -> Arguments {
        let state = self.store.data_mut();
        state.number = state.number.wrapping_add(1);
        let (arguments, input) = match start.input {
            Input::Args(values) => (Arguments::Values(values), None),
            Input::Stream(source) => (
                Arguments::Stream,
                Some(InputEnd::new(Arc::clone(task), source)),
            ),
        };
        state.call = Some(CallState {
            info: start.info,
            service: start.service,
            method: start.method,
            input,
            output: start
                .sink
                .map(|sink| OutputEnd::new(Arc::clone(task), sink)),
        });
        arguments
    }

    fn function(
        &mut self,
        contract: &Contract,
        service: usize,
        method: usize,
    ) -> wasmtime::Result<Func> {
        if let Some(func) = self.functions[service][method] {
            return Ok(func);
        }
        let export = &contract.services[service].export;
        let name = &contract.services[service].methods[method].name.wit;
        let func = self
            .instance
            .get_export(&mut self.store, None, export.as_str())
            .and_then(|(_, interface)| {
                self.instance
                    .get_export(&mut self.store, Some(&interface), name.as_ref())
            })
            .and_then(|(_, function)| self.instance.get_func(&mut self.store, function))
            .ok_or_else(|| {
                wasmtime::format_err!("the component does not export {export}#{name}")
            })?;
        self.functions[service][method] = Some(func);
        Ok(func)
    }

    fn end(
        &mut self,
        contract: &Contract,
        result: wasmtime::Result<Returned>,
    ) -> (Result<Option<ostler_schema::Value>, Failure>, Fate) {
        let Some(call) = self.store.data_mut().call.take() else {
            return (
                Err(Failure::Host(Status::internal("the call has no state"))),
                Fate::Poisoned,
            );
        };
        let fault = call.output.as_ref().and_then(OutputEnd::take_fault);
        // Detaches what the guest kept: its handles answer errors from here on.
        if let Some(input) = &call.input {
            input.close();
        }
        if let Some(output) = &call.output {
            output.close();
        }
        let returned = match result {
            Ok(returned) => returned,
            Err(error) => {
                return (
                    Err(Failure::Host(self.explain(contract, &call, &error))),
                    Fate::Poisoned,
                );
            }
        };
        let result = match (fault, returned) {
            (Some(status), _) => Err(Failure::Host(status)),
            (None, Returned::Value(value)) => Ok(value),
            (None, Returned::Status(status)) => Err(Failure::Status(status)),
            (None, Returned::Error(value)) => Err(Failure::Error(value)),
        };
        (result, self.fate())
    }

    fn fate(&self) -> Fate {
        let state = self.store.data();
        if state.handles > MAX_KEPT_HANDLES {
            return Fate::Retire("it kept too many stream handles");
        }
        if state.memory.is_bloated() {
            return Fate::Retire("it holds most of its memory limit");
        }
        Fate::Reuse
    }

    /// The status of a call whose guest was ended, without guest internals;
    /// those go to the log.
    fn explain(
        &mut self,
        contract: &Contract,
        call: &CallState,
        error: &wasmtime::Error,
    ) -> Status {
        let state = self.store.data_mut();
        let limits = &state.identity.limits;
        let status = match error.downcast_ref::<Killed>() {
            Some(Killed::Cpu) => Status::resource_exhausted(format!(
                "the call used up its CPU time of {:?}",
                limits.cpu
            )),
            Some(Killed::Grace(reason)) => reason.status(),
            None if state.task.reason() != Reason::None => state.task.reason().status(),
            None if state.memory.take_denied() => Status::resource_exhausted(format!(
                "the service used up its memory of {} MiB",
                limits.memory >> 20
            )),
            None if is_out_of_handles(error) => Status::resource_exhausted(format!(
                "the service holds all of its {} handles",
                limits.handles
            )),
            None => Status::internal("the service failed"),
        };
        let service = &contract.services[call.service];
        tracing::error!(
            tenant = &*state.identity.tenant,
            service = &*service.name.plain,
            method = &*service.methods[call.method].name.wit,
            call_id = call.info.call_id,
            %status,
            error = format!("{error:#}"),
            "the guest was ended and its instance dropped"
        );
        status
    }

    /// Makes the instance ready for another call.
    pub(crate) fn give_back(self: Box<Self>, task: Arc<GuestTask>) {
        if let Some(live) = self.live.upgrade() {
            live.pool.put(self, task);
        }
    }
}

/// NB the engine has no type for this error; its version is pinned, and a test
/// sees to the text.
fn is_out_of_handles(error: &wasmtime::Error) -> bool {
    format!("{error:#}").contains("store handle limit exceeded")
}
