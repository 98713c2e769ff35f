//! The handler that transports are given.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ostler_call::{Body, Head, Reply};
use ostler_schema::{Admitted, Call, CallFuture, Handler, Health};
use tokio_util::task::TaskTracker;

use crate::admit::{Gate, Phase};
use crate::builtin::{Builtin, Index, Watched};
use crate::clock;
use crate::deploy::{self, Changed, ComponentInfo, DeployError, Drain, Rollout, Versions};
use crate::dispatch::Invocation;
use crate::middleware::{self, AccessLog, RequestIds, Shared};
use crate::registry::{DEFAULT_TENANT, Deployed, Profile, Registry, Services};

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
    versions: Arc<Versions>,
    /// Versions that end the calls they have.
    retiring: TaskTracker,
}

impl Control {
    /// Serves what will be deployed to it.
    pub fn new(options: &Options) -> Self {
        let builtin = Builtin::new();
        let index = Index::new(builtin.contracts());
        Self {
            shared: Arc::new(Shared {
                registry: Registry::new(),
                gate: Gate::default(),
                ids: RequestIds::new(),
                access_log: options.access_log,
                builtin,
                watched: Arc::new(Watched::new(index)),
            }),
            versions: Arc::default(),
            retiring: TaskTracker::new(),
        }
    }

    /// Puts a version of the component `name` live and lets the one before
    /// end; returns its number. Waits while too many versions are ending.
    ///
    /// # Errors
    /// [`DeployError::Names`], and [`DeployError::Unknown`] for a share of the
    /// calls of a component that is not there.
    pub async fn put(
        &self,
        name: &str,
        deployed: Deployed,
        rollout: Rollout,
    ) -> Result<u32, DeployError> {
        let deployed = Arc::new(deployed);
        let share = rollout.share.map(Arc::new);
        let registry = &self.shared.registry;
        loop {
            self.versions.room(name).await;
            let put = self
                .versions
                .put(registry, name, &deployed, share.as_ref())?;
            if let Some(changed) = put {
                return Ok(self.changed(name, "deployed", changed, rollout.drain));
            }
        }
    }

    /// Ends a trial, or sends all calls to an earlier version: `number`, else
    /// the one before. Returns the number of the version that calls go to.
    ///
    /// # Errors
    /// [`DeployError`] when there is none.
    pub async fn rollback(
        &self,
        name: &str,
        number: Option<u32>,
        drain: Drain,
    ) -> Result<u32, DeployError> {
        let name = &*self.named(name);
        let version = self.versions.before(name, number)?;
        if let Some(version) = &version {
            deploy::bring_back(version).await;
        }
        let registry = &self.shared.registry;
        let changed = self.versions.back_to(registry, name, version)?;
        Ok(self.changed(name, "rolled back", changed, drain))
    }

    /// Makes the version on trial the one that all calls go to; without one,
    /// gives the component the short names it shares with other majors of its
    /// package. Returns the number of the version that calls go to.
    ///
    /// # Errors
    /// [`DeployError::Unknown`].
    pub fn promote(&self, name: &str, drain: Drain) -> Result<u32, DeployError> {
        let name = &*self.named(name);
        let changed = self.versions.promote(&self.shared.registry, name)?;
        Ok(self.changed(name, "promoted", changed, drain))
    }

    /// Takes a component out of service and lets its calls end.
    ///
    /// # Errors
    /// [`DeployError::Unknown`].
    pub fn remove(&self, name: &str, drain: Drain) -> Result<u32, DeployError> {
        let name = &*self.named(name);
        let changed = self.versions.remove(&self.shared.registry, name)?;
        Ok(self.changed(name, "removed", changed, drain))
    }

    /// What is deployed.
    pub fn components(&self) -> Vec<ComponentInfo> {
        self.versions.list()
    }

    pub(crate) fn current(&self, name: &str) -> Option<Arc<Deployed>> {
        self.versions.current(name)
    }

    /// The component that has a service of this full name.
    pub(crate) fn owner(&self, service: &str) -> Option<Arc<str>> {
        self.versions.owner(service)
    }

    /// The component of this name, or the one that has a service of this name;
    /// else the name.
    pub fn named(&self, name: &str) -> Arc<str> {
        let service = |services: &Services| {
            let (deployed, service) = services.get(name)?.current();
            Some(deployed.contract.services[service].proto.clone())
        };
        if self.current(name).is_some() {
            return name.into();
        }
        let service = self.shared.registry.read(DEFAULT_TENANT, service).flatten();
        let owner = service.and_then(|service| self.owner(&service));
        owner.unwrap_or_else(|| name.into())
    }

    /// Tells of a change, and lets end what calls go to no longer.
    fn changed(&self, name: &str, what: &str, changed: Changed, drain: Drain) -> u32 {
        let number = changed.version.number;
        tracing::info!(
            component = name,
            version = number,
            label = changed.version.deployed.label,
            "{what}"
        );
        self.reindex();
        for leaving in changed.leaving {
            let versions = self.versions.clone();
            self.retiring
                .spawn(async move { deploy::retire(leaving, drain, &versions).await });
        }
        number
    }

    /// Health and reflection tell of what is live now.
    fn reindex(&self) {
        let Shared {
            builtin, watched, ..
        } = &*self.shared;
        let live = self.versions.contracts();
        let live = live.iter().map(|deployed| &*deployed.contract);
        watched.show(Index::new(live.chain(builtin.contracts())));
    }

    /// Begins to leave: health says so and long calls are told, but calls
    /// that still arrive are served.
    pub fn drain(&self) {
        self.shared.gate.advance(Phase::Draining);
        self.shared.watched.leave();
        for version in self.versions.serving() {
            version.deployed.deployment.drain();
        }
    }

    /// Refuses every further call (`UNAVAILABLE`), waits at most `grace` for
    /// those that run and stops the deployments. Returns how many calls were
    /// dropped while running.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.shared.gate.advance(Phase::Closed);
        let until = clock::now() + grace;
        let mut lost = 0;
        let serving = self.versions.serving();
        // One deadline for all: each gets what the ones before it left over,
        // and they drain at the same time since all are told to.
        for version in &serving {
            version.deployed.deployment.drain();
        }
        for version in &serving {
            let left = until.saturating_duration_since(clock::now());
            lost += version.deployed.deployment.stop(left).await;
        }
        lost
    }

    /// Calls that run now, over all deployments.
    pub fn running(&self) -> usize {
        let serving = self.versions.serving();
        serving.iter().map(|v| v.deployed.calls.running()).sum()
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
