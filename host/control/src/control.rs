//! The handler that transports are given.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ostler_call::{Body, Head, Reply};
use ostler_schema::{Admitted, Call, CallFuture, Contract, Handler, Health};
use tokio_util::task::TaskTracker;

use crate::admit::{Gate, Phase};
use crate::builtin::{Builtin, Index, Watched};
use crate::clock;
use crate::deploy::{
    self, Before, Changed, ComponentInfo, DeployError, Drain, Keep, Restored, Rollout, Versions,
};
use crate::dispatch::Invocation;
use crate::middleware::{self, AccessLog, RequestIds, Shared};
use crate::registry::{DEFAULT_TENANT, Deployed, Profile, Registry, Services};
use crate::store::Kept;

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
    /// Held by who brings a version back.
    back: Arc<tokio::sync::Mutex<()>>,
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
            back: Arc::default(),
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
        self.put_kept(name, deployed, None, rollout).await
    }

    /// The same of a version that is kept in this file.
    pub(crate) async fn put_kept(
        &self,
        name: &str,
        deployed: Deployed,
        file: Option<Kept>,
        rollout: Rollout,
    ) -> Result<u32, DeployError> {
        let name: Arc<str> = name.into();
        let deployed = Arc::new(deployed);
        let file = file.map(Arc::new);
        let share = rollout.share.map(Arc::new);
        loop {
            self.versions.room(&name).await;
            let (deployed, file, share) = (deployed.clone(), file.clone(), share.clone());
            let put = self.change(&name, "deployed", rollout.drain, move |c, name| {
                let (file, share) = (file.as_ref(), share.as_ref());
                c.versions.put(c.registry(), name, &deployed, file, share)
            });
            if let Some(number) = put.await? {
                return Ok(number);
            }
        }
    }

    /// Ends a trial, or sends all calls to an earlier version: `number`, else
    /// the one before. Returns the number of the version that calls go to.
    ///
    /// # Errors
    /// [`DeployError`] when there is none, or it cannot be loaded or kept.
    pub async fn rollback(
        &self,
        name: &str,
        number: Option<u32>,
        drain: Drain,
    ) -> Result<u32, DeployError> {
        let (control, name) = (self.clone(), self.named(name));
        // Who asked may go away, but a version is brought back or is not.
        let back = async move { control.back_to(&name, number, drain).await };
        let went = self.retiring.spawn(back).await;
        went.map_err(|panic| DeployError::Panicked(panic.to_string()))?
    }

    async fn back_to(
        &self,
        name: &Arc<str>,
        number: Option<u32>,
        drain: Drain,
    ) -> Result<u32, DeployError> {
        let _turn = self.back.lock().await;
        let version = match self.versions.before(name, number)? {
            Before::Current => None,
            Before::Loaded(version) => {
                deploy::bring_back(&version).await;
                Some(version)
            }
            Before::Asleep(asleep) => {
                let keep = self.versions.keep().cloned();
                let wake = move || keep.map(|keep| keep.wake(&asleep)).transpose();
                deploy::blocking(wake).await??
            }
        };
        self.certain(name, "rolled back", drain, move |c, name| {
            c.versions.back_to(c.registry(), name, version.as_ref())
        })
        .await
    }

    /// Makes the version on trial the one that all calls go to; without one,
    /// gives the component the short names it shares with other majors of its
    /// package. Returns the number of the version that calls go to.
    ///
    /// # Errors
    /// [`DeployError::Unknown`], [`DeployError::Store`].
    pub async fn promote(&self, name: &str, drain: Drain) -> Result<u32, DeployError> {
        let name = self.named(name);
        self.certain(&name, "promoted", drain, |c, name| {
            c.versions.promote(c.registry(), name)
        })
        .await
    }

    /// Takes a component out of service and lets its calls end.
    ///
    /// # Errors
    /// [`DeployError::Unknown`], [`DeployError::Store`].
    pub async fn remove(&self, name: &str, drain: Drain) -> Result<u32, DeployError> {
        let name = self.named(name);
        self.certain(&name, "removed", drain, |c, name| {
            c.versions.remove(c.registry(), name)
        })
        .await
    }

    /// Makes a change that needs nothing to wait for.
    async fn certain(
        &self,
        name: &Arc<str>,
        what: &'static str,
        drain: Drain,
        change: impl FnOnce(&Self, &str) -> Result<Changed, DeployError> + Send + 'static,
    ) -> Result<u32, DeployError> {
        let changed = self.change(name, what, drain, |control, name| {
            change(control, name).map(Some)
        });
        Ok(changed.await?.unwrap_or_default())
    }

    /// Makes a change where it may block, and sees to what follows even if
    /// nobody waits for it any more.
    async fn change(
        &self,
        name: &Arc<str>,
        what: &'static str,
        drain: Drain,
        change: impl FnOnce(&Self, &str) -> Result<Option<Changed>, DeployError> + Send + 'static,
    ) -> Result<Option<u32>, DeployError> {
        let (control, name) = (self.clone(), name.clone());
        let change = move || {
            let changed = change(&control, &name)?;
            Ok(changed.map(|changed| control.changed(&name, what, changed, drain)))
        };
        deploy::blocking(change).await?
    }

    /// Puts a component live again that was before the host started. Blocking.
    pub(crate) fn restore(&self, restored: Restored) -> Result<(), DeployError> {
        let name = restored.name.clone();
        let changed = self.versions.restore(self.registry(), restored)?;
        self.changed(&name, "restored", changed, Drain::default());
        Ok(())
    }

    /// Where deployments are kept, from now on.
    pub(crate) fn keep_in(&self, keep: Arc<Keep>) {
        self.versions.keep_in(keep);
    }

    pub(crate) fn keep(&self) -> Option<&Arc<Keep>> {
        self.versions.keep()
    }

    fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// Where each component came from and what it serves.
    pub fn live(&self) -> Vec<(String, Arc<Contract>)> {
        let live = self.versions.contracts().into_iter();
        live.map(|deployed| (deployed.label.clone(), deployed.contract.clone()))
            .collect()
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
        Box::pin(middleware::serve(self, body))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
