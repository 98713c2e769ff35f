//! The handler that transports are given.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ostler_call::{Body, Head, Reply};
use ostler_schema::{Admitted, Call, CallFuture, Handler, Health};

use crate::admit::{Gate, Phase};
use crate::builtin::{Builtin, Index, Watched};
use crate::clock;
use crate::dispatch::Invocation;
use crate::middleware::{self, AccessLog, RequestIds, Shared};
use crate::registry::{DEFAULT_TENANT, Deployed, Profile, Registry, RegistryError, Services};

/// What holds for the whole host.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The level of the line at the end of every call.
    pub access_log: AccessLog,
}

/// Everything between transports and the runtime. Cheap to clone; all clones
/// are one.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl Control {
    /// Serves `deployments`; `contract` is the text of
    /// `/.well-known/ostler/contract`.
    ///
    /// # Errors
    /// [`RegistryError`] when two services would answer to one name.
    pub fn new(
        deployments: Vec<Deployed>,
        contract: Bytes,
        options: &Options,
    ) -> Result<Self, RegistryError> {
        let deployments = deployments.into_iter().map(Arc::new).collect();
        let deployments: Vec<Arc<Deployed>> = deployments;
        let builtin = Builtin::new();
        let contracts = deployments.iter().map(|deployed| &*deployed.contract);
        let index = Index::new(contracts.chain(builtin.contracts()));
        let services = Services::new(deployments, contract)?;
        Ok(Self {
            shared: Arc::new(Shared {
                registry: Registry::new(services),
                gate: Gate::default(),
                ids: RequestIds::new(),
                access_log: options.access_log,
                builtin,
                watched: Arc::new(Watched::new(index)),
            }),
        })
    }

    /// Begins to leave: health says so and long calls are told, but calls
    /// that still arrive are served.
    pub fn drain(&self) {
        self.shared.gate.advance(Phase::Draining);
        self.shared.watched.leave();
        for deployed in self.deployments() {
            deployed.deployment.drain();
        }
    }

    /// Refuses every further call (`UNAVAILABLE`), waits at most `grace` for
    /// those that run and stops the deployments. Returns how many calls were
    /// dropped while running.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.shared.gate.advance(Phase::Closed);
        let until = clock::now() + grace;
        let mut lost = 0;
        // One deadline for all: each gets what the ones before it left over,
        // and they drain at the same time since all are told to.
        for deployed in self.deployments() {
            deployed.deployment.drain();
        }
        for deployed in self.deployments() {
            let left = until.saturating_duration_since(clock::now());
            lost += deployed.deployment.stop(left).await;
        }
        lost
    }

    /// Calls that run now, over all deployments.
    pub fn running(&self) -> usize {
        let deployments = self.deployments();
        deployments.iter().map(|d| d.calls.running()).sum()
    }

    fn deployments(&self) -> Vec<Arc<Deployed>> {
        let read = |services: &Services| services.deployments.clone();
        let found = self.shared.registry.read(DEFAULT_TENANT, read);
        found.unwrap_or_default()
    }
}

impl Handler for Control {
    fn admit(&self, head: Head) -> Result<Admitted, Reply> {
        let now = clock::now();
        let Shared {
            builtin, watched, ..
        } = &*self.shared;
        if let Some(admitted) = builtin.admit(&head, watched, now) {
            return admitted;
        }
        let call = middleware::admit(&self.shared, head, now)?;
        let pinned = &call.pinned;
        Ok(Admitted::new(
            pinned.deployed.contract.clone(),
            pinned.service,
            pinned.method,
            Box::new(call),
        ))
    }

    fn has_proto_service(&self, name: &str) -> bool {
        let is_proto = |services: &Services| {
            let target = services.get(name);
            target.is_some_and(|target| target.profile == Profile::Proto)
        };
        let found = self.shared.registry.read(DEFAULT_TENANT, is_proto);
        found.unwrap_or_default() || self.shared.builtin.has(name)
    }

    fn contract(&self) -> Bytes {
        let read = |services: &Services| services.contract.clone();
        let found = self.shared.registry.read(DEFAULT_TENANT, read);
        found.unwrap_or_default()
    }

    fn health(&self) -> Health {
        match self.shared.gate.phase() {
            Phase::Serving => Health::Serving,
            Phase::Draining | Phase::Closed => Health::NotServing,
        }
    }
}

impl Call for Invocation {
    fn serve(self: Box<Self>, body: Body) -> CallFuture {
        Box::pin(middleware::serve(*self, body))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
