//! The handler that transports are given.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use ostler_call::{Body, Deadline, Head, Reply, Status};
use ostler_runtime::{CallInfo, NotSeated};
use ostler_schema::{
    Admission, Admitted, Call, CallFuture, Contract, ContractFuture, Handler, Health,
};
use tokio_util::task::TaskTracker;

use crate::admit::{Gate, Permit, Phase};
use crate::builtin::{Builtin, Watched};
use crate::clock;
use crate::deploy::{
    self, Before, Bounds, Changed, ComponentInfo, DeployError, Drain, Inspected, Keep, Leaving,
    Place, Refused, Restored, Role, Rollout, Versions,
};
use crate::dispatch::Invocation;
use crate::metrics::{Change, Family, Instances, MAX_SERIES, Metrics};
use crate::middleware::{
    self, AccessLog, ChangeEvent, Entered, Entering, RequestIds, Shared, To, Tracer, Traces,
    exceeded,
};
use crate::registry::{DEFAULT_TENANT, Deployed, Profile, Registry, Services, Version};
use crate::resolve::{Found, Pinned, pin};
use crate::store::Kept;

/// How long the instances of a version that is gone back to may take to start,
/// and to answer a probe: calls may fail until then.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a call without a deadline waits for its component to be loaded.
const WAKE: Duration = Duration::from_secs(30);
/// How often a call waits for a component that went to sleep again.
const WAKES: usize = 10;

/// What holds for the whole host.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The level of the line at the end of every call.
    pub access_log: AccessLog,
    /// Where the spans of calls go, if anywhere.
    pub traces: Option<Traces>,
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
        let own = builtin.contracts();
        Self {
            shared: Arc::new(Shared {
                registry: Registry::new(),
                gate: Gate::default(),
                ids: RequestIds::new(),
                access_log: options.access_log,
                builtin,
                watched: Arc::new(Watched::new(own)),
                metrics: Metrics::default(),
                tracer: options.traces.clone().map(Tracer::new),
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
        let trial = share.as_ref().map(|_| Bounds::default());
        let bounds = rollout.bounds.or(trial);
        deployed.watch.live_in(self.home());
        let change = match (&share, self.current(&name)) {
            (Some(_), _) => Change::Trial,
            (None, Some(_)) => Change::Swap,
            (None, None) => Change::Deploy,
        };
        loop {
            self.versions.room(&name).await;
            let watched = deployed.clone();
            let (deployed, file, share) = (deployed.clone(), file.clone(), share.clone());
            let held = bounds.clone();
            let put = self.change(&name, change, rollout.drain, move |c, name| {
                let (file, share) = (file.as_ref(), share.as_ref());
                let versions = &c.versions;
                versions.put(c.registry(), name, &deployed, file, share, held.as_ref())
            });
            if let Some(number) = put.await? {
                if let Some(bounds) = bounds {
                    self.watch(watched, bounds);
                }
                return Ok(number);
            }
        }
    }

    /// Ends a trial, or sends all calls to an earlier version: `number`, else
    /// the one before. Returns the number of the version that calls go to.
    ///
    /// # Errors
    /// [`DeployError`] when there is none, it cannot be loaded or kept, its
    /// instances do not start, or another was put live meanwhile.
    pub async fn rollback(
        &self,
        name: &str,
        number: Option<u32>,
        drain: Drain,
    ) -> Result<u32, DeployError> {
        let (control, name) = (self.clone(), self.named(name));
        // Who asked may go away, but a version is brought back or is not.
        let back = async move {
            let went = control.roll_back(&name, number, drain).await;
            went.inspect_err(|e| control.failed(&name, Change::Rollback, e))
        };
        let went = self.retiring.spawn(back).await;
        went.map_err(|panic| DeployError::Panicked(panic.to_string()))?
    }

    async fn roll_back(
        &self,
        name: &Arc<str>,
        number: Option<u32>,
        drain: Drain,
    ) -> Result<u32, DeployError> {
        let chosen = self.versions.before(name, number)?;
        let Before::Earlier(version) = &chosen else {
            let _turn = self.back.lock().await;
            return self.bring_back(name, chosen, drain).await;
        };
        let warmed = self.warm(name, version).await;
        let _turn = self.back.lock().await;
        let back = match warmed.and_then(|()| self.versions.before(name, number)) {
            Ok(Before::Earlier(now)) if Arc::ptr_eq(&now, version) => {
                self.bring_back(name, Before::Earlier(now), drain).await
            }
            Ok(_) => Err(DeployError::Overtaken(name.to_string())),
            Err(error) => Err(error),
        };
        if back.is_err() && version.loaded().is_some() && self.versions.place(version).is_none() {
            self.retire(Leaving::of(version.clone()), drain);
        }
        back
    }

    /// Loads a version and starts instances of it, as for a new one, unless it
    /// has calls. Only one that cannot start is refused: it has served before,
    /// and what is live may be what keeps it from starting now.
    async fn warm(&self, name: &str, version: &Arc<Version>) -> Result<(), DeployError> {
        if self.versions.place(version).is_some() {
            return Ok(());
        }
        self.load_again(version).await?;
        let Some(deployed) = version.loaded() else {
            return Ok(());
        };
        // It is not put to sleep meanwhile.
        let _held = deployed.calls.enter();
        let before = self.current(name);
        let version = version.number;
        match deploy::start(before.as_deref(), &deployed, AGAIN).await {
            Ok(()) => {}
            Err(NotSeated::NotStarted(status)) => return Err(DeployError::Start(status)),
            Err(NotSeated::Refused(status)) => {
                tracing::warn!(
                    component = name,
                    version,
                    %status,
                    "its instances start with its calls"
                );
                return Ok(());
            }
        }
        if let Err(error) = deploy::probe(&deployed, AGAIN).await {
            tracing::warn!(component = name, version, %error, "it does not answer its probe now");
        }
        Ok(())
    }

    /// Loads a version, or keeps one that was to end.
    async fn load_again(&self, version: &Arc<Version>) -> Result<(), DeployError> {
        version.stay();
        self.load_one(version).await
    }

    /// Sends all calls to a version, loaded again. For who has the turn, since
    /// others may have gone to another one meanwhile.
    async fn bring_back(
        &self,
        name: &Arc<str>,
        to: Before,
        drain: Drain,
    ) -> Result<u32, DeployError> {
        let version = match to {
            Before::Current => None,
            Before::Earlier(version) => {
                self.load_again(&version).await?;
                version.blame(None);
                Some(version)
            }
        };
        self.certain(name, Change::Rollback, drain, move |c, name| {
            c.versions.back_to(c.registry(), name, version.as_ref())
        })
        .await
    }

    /// Goes back without instances that were started before: they would take
    /// time, and calls fail meanwhile. For who has the turn.
    async fn go_back(&self, name: &Arc<str>, number: Option<u32>) -> Result<u32, DeployError> {
        let to = self.versions.before(name, number)?;
        self.bring_back(name, to, Drain::default()).await
    }

    /// Takes calls from a version that does worse than it may: ends its trial,
    /// or brings back the one before. Nothing is left to do where calls go to
    /// another by now.
    ///
    /// # Errors
    /// [`DeployError`] when there is none before, or it cannot be loaded or
    /// kept.
    pub(crate) async fn retreat(&self, from: &Arc<Deployed>, why: &str) -> Result<(), DeployError> {
        let (control, from, why) = (self.clone(), from.clone(), why.to_owned());
        let retreat = async move {
            let _turn = control.back.lock().await;
            match control.place_of(&from) {
                Some(place) => control.leave(&place, &why).await,
                None => Ok(()),
            }
        };
        let went = self.retiring.spawn(retreat).await;
        went.map_err(|panic| DeployError::Panicked(panic.to_string()))?
    }

    /// Takes calls from a version: ends its trial, or brings back the last
    /// before that can be loaded.
    async fn leave(&self, place: &Place, why: &str) -> Result<(), DeployError> {
        let (component, version) = (&*place.component, place.version.number);
        place.version.blame(Some(why));
        let to = match &place.role {
            Role::Trial { .. } => self.go_back(&place.component, None).await,
            Role::Current { before } => self.go_back_to_any(&place.component, before).await,
        };
        match &to {
            Ok(to) => tracing::warn!(
                component,
                version,
                to,
                reason = why,
                "rolled back by itself"
            ),
            Err(error) => {
                place.version.blame(None);
                tracing::error!(component, version, %error, reason = why, "not rolled back");
            }
        }
        to.map(drop)
    }

    async fn go_back_to_any(
        &self,
        component: &Arc<str>,
        versions: &[u32],
    ) -> Result<u32, DeployError> {
        let mut failed = DeployError::NoVersion {
            component: component.to_string(),
            number: None,
        };
        for number in versions {
            match self.go_back(component, Some(*number)).await {
                Ok(number) => return Ok(number),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    pub(crate) fn place_of(&self, deployed: &Arc<Deployed>) -> Option<Place> {
        self.versions.place_of(deployed)
    }

    /// The version that a call which was not entered goes to now, if its
    /// method is the same there.
    pub(crate) async fn pin_again(
        &self,
        call: &Pinned,
        info: &CallInfo,
    ) -> Option<(Pinned, Permit)> {
        let service = &call.deployed.contract.services[call.service];
        let method = call.method();
        let mut head = Head::new(&*service.proto, &*method.proto);
        head.metadata = info.metadata.clone();
        let alike = |found: &Pinned| {
            let alike = found.method().pattern == method.pattern;
            alike.then_some(()).ok_or_else(|| Status::not_found(""))
        };
        for _ in 0..WAKES {
            match pin(self.registry(), &head, clock::now(), alike).ok()? {
                Found::Pinned(pinned, (), permit) => return Some((pinned, permit)),
                Found::Asleep(version) => self.wake(version, info.deadline).await.ok()?,
            }
        }
        None
    }

    fn watch(&self, deployed: Arc<Deployed>, bounds: Bounds) {
        let watch = deploy::watch(self.home(), deployed, bounds);
        self.retiring.spawn(watch);
    }

    fn home(&self) -> Home {
        Home {
            shared: Arc::downgrade(&self.shared),
            versions: Arc::downgrade(&self.versions),
            back: Arc::downgrade(&self.back),
            retiring: self.retiring.clone(),
        }
    }

    /// Makes the version on trial the one that all calls go to; without one,
    /// gives the component the short names it shares with other majors of its
    /// package. Returns the number of the version that calls go to.
    ///
    /// # Errors
    /// [`DeployError::Unknown`], [`DeployError::Store`].
    pub async fn promote(&self, name: &str, drain: Drain) -> Result<u32, DeployError> {
        let name = self.named(name);
        let promote = |c: &Self, name: &str| c.versions.promote(c.registry(), name);
        let done = self.certain(&name, Change::Promote, drain, promote).await;
        done.inspect_err(|e| self.failed(&name, Change::Promote, e))
    }

    /// Takes a component out of service and lets its calls end.
    ///
    /// # Errors
    /// [`DeployError::Unknown`], [`DeployError::Store`].
    pub async fn remove(&self, name: &str, drain: Drain) -> Result<u32, DeployError> {
        let name = self.named(name);
        let remove = |c: &Self, name: &str| c.versions.remove(c.registry(), name);
        let done = self.certain(&name, Change::Remove, drain, remove).await;
        done.inspect_err(|e| self.failed(&name, Change::Remove, e))
    }

    /// Makes a change that needs nothing to wait for.
    async fn certain(
        &self,
        name: &Arc<str>,
        what: Change,
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
        what: Change,
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

    /// Puts components live again that were before the host started; gives
    /// those that cannot be, and why. Blocking.
    pub(crate) fn restore(&self, restored: Vec<Restored>) -> Result<Vec<Refused>, DeployError> {
        let (leaving, refused) = self.versions.restore(self.registry(), restored)?;
        self.reindex();
        for leaving in leaving {
            self.retire(leaving, Drain::default());
        }
        Ok(refused)
    }

    /// Loads the version that a call means, or goes back to the one before
    /// where it cannot be loaded. Whoever waits for it may go away meanwhile.
    ///
    /// # Errors
    /// `UNAVAILABLE` when no version can be loaded, or not in time.
    async fn wake(&self, version: Arc<Version>, deadline: Option<Deadline>) -> Result<(), Status> {
        let control = self.clone();
        let waking = self
            .retiring
            .spawn(async move { control.load(&version).await });
        let until = deadline.map_or_else(|| clock::now() + WAKE, |deadline| deadline.instant());
        match tokio::time::timeout_at(until.into(), waking).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(panic)) => Err(Status::unavailable(format!(
                "loading the component failed in the host: {panic}"
            ))),
            Err(_) if deadline.is_some() => Err(exceeded()),
            Err(_) => Err(Status::unavailable(
                "the component is still being loaded; try again",
            )),
        }
    }

    async fn load(&self, version: &Arc<Version>) -> Result<(), Status> {
        let Err(error) = self.load_one(version).await else {
            return Ok(());
        };
        let _turn = self.back.lock().await;
        let Some(place) = self.versions.place(version) else {
            // Calls go to another one by now.
            return Ok(());
        };
        let why = format!("the component cannot be loaded: {error}");
        let left = self.leave(&place, &why).await;
        left.map_err(|_| Status::unavailable(why))
    }

    /// Loads a version, or takes back that it was to end.
    async fn load_one(&self, version: &Arc<Version>) -> Result<(), DeployError> {
        let _turn = version.turn.lock().await;
        if let Some(deployed) = version.loaded() {
            deployed.deployment.resume();
            deployed.calls.open();
            return Ok(());
        }
        let keep = self.keep().cloned().ok_or(DeployError::Leaving)?;
        let deployed = {
            let _place = keep.turn().await;
            let loading = version.clone();
            let keep = keep.clone();
            deploy::blocking(move || keep.load(&loading)).await??
        };
        let deployed = Arc::new(deployed);
        deployed.watch.live_in(self.home());
        version.wake(deployed.clone());
        self.woke(version);
        if let Some(name) = self.versions.component_of(version) {
            self.meter(&name, &deployed);
        }
        let role = self.place_of(&deployed).map(|place| place.role);
        if let Some(Role::Trial { .. }) = role {
            let bounds = version.bounds().cloned();
            self.watch(deployed, bounds.unwrap_or_default());
        }
        Ok(())
    }

    /// A version is loaded: others that were not called for long may go to
    /// sleep.
    fn woke(&self, version: &Arc<Version>) {
        let Some(keep) = self.keep() else { return };
        version.touch(self.registry().millis(clock::now()));
        for deployed in keep.woke(version) {
            tracing::debug!(label = deployed.label, "put to sleep");
            self.retiring.spawn(async move {
                deployed.deployment.stop(Duration::ZERO).await;
            });
        }
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

    /// Where each component that is loaded came from, and what it serves.
    pub fn live(&self) -> Vec<(String, Arc<Contract>)> {
        let live = self.versions.all_current().into_iter();
        live.filter_map(|version| Some((version.label.clone(), version.loaded()?.contract.clone())))
            .collect()
    }

    /// Full names of the services that are loaded when they are called.
    pub fn asleep(&self) -> Vec<String> {
        let current = self.versions.all_current().into_iter();
        let asleep = current.filter(|version| version.loaded().is_none());
        let names = |version: Arc<Version>| {
            let names = version.services.iter().map(|s| s.proto.to_string());
            names.collect::<Vec<_>>()
        };
        asleep.flat_map(names).collect()
    }

    /// What is deployed.
    pub fn components(&self) -> Vec<ComponentInfo> {
        self.versions.list()
    }

    /// One component.
    pub async fn inspect(&self, name: &str) -> Option<Inspected> {
        let (versions, name) = (self.versions.clone(), name.to_owned());
        let inspected = deploy::blocking(move || versions.inspect(&name));
        inspected.await.ok().flatten()
    }

    pub(crate) fn current(&self, name: &str) -> Option<Arc<Version>> {
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
            let (version, service) = services.get(name)?.current();
            Some(version.services[service].proto.clone())
        };
        if self.current(name).is_some() {
            return name.into();
        }
        let service = self.shared.registry.read(DEFAULT_TENANT, service).flatten();
        let owner = service.and_then(|service| self.owner(&service));
        owner.unwrap_or_else(|| name.into())
    }

    /// Tells of a change, and lets end what calls go to no longer.
    fn changed(&self, name: &str, what: Change, changed: Changed, drain: Drain) -> u32 {
        let version = &changed.version;
        let number = version.number;
        let from = changed.leaving.iter().map(|left| left.version.number).max();
        tracing::info!(
            tenant = DEFAULT_TENANT,
            component = name,
            change = what.name(),
            version = number,
            from,
            label = version.label,
            "{}",
            what.done()
        );
        let to = To {
            version: number,
            label: version.label.clone(),
        };
        self.tell(name, what, from, Ok(to));
        self.shared
            .metrics
            .changed(DEFAULT_TENANT, name, what, true);
        if let Some(deployed) = changed.version.loaded() {
            self.meter(name, &deployed);
        }
        self.reindex();
        self.woke(&changed.version);
        for leaving in changed.leaving {
            self.retire(leaving, drain);
        }
        number
    }

    fn retire(&self, leaving: Leaving, drain: Drain) {
        let versions = self.versions.clone();
        self.retiring
            .spawn(async move { deploy::retire(leaving, drain, &versions).await });
    }

    /// A change was refused or failed. Names that nothing is deployed as make
    /// no series.
    pub(crate) fn failed(&self, name: &str, what: Change, error: &DeployError) {
        let metrics = &self.shared.metrics;
        match self.current(name) {
            Some(_) => metrics.changed(DEFAULT_TENANT, name, what, false),
            None => metrics.failed(DEFAULT_TENANT, what),
        }
        tracing::warn!(
            tenant = DEFAULT_TENANT,
            component = name,
            change = what.name(),
            %error,
            "a change was refused"
        );
        self.tell(name, what, None, Err(error.to_string()));
    }

    fn tell(&self, name: &str, what: Change, from: Option<u32>, result: Result<To, String>) {
        if let Some(tracer) = &self.shared.tracer {
            tracer.changed(ChangeEvent {
                time: SystemTime::now(),
                tenant: DEFAULT_TENANT.to_owned(),
                component: name.to_owned(),
                change: what.name(),
                from,
                result,
            });
        }
    }

    /// What its guests use is counted.
    fn meter(&self, name: &str, deployed: &Deployed) {
        let metrics = &self.shared.metrics;
        let meters = deployed.meters(metrics);
        metrics.watch(DEFAULT_TENANT, name, &deployed.deployment, meters);
    }

    /// Every counter as it is now.
    pub fn metrics(&self) -> Vec<Family> {
        let mut instances = BTreeMap::new();
        for (name, version, loaded) in self.versions.loaded() {
            let mut sum = Instances {
                version,
                ..Instances::default()
            };
            for deployed in loaded {
                self.meter(&name, &deployed);
                let stats = deployed.deployment.stats();
                sum.idle += stats.idle;
                sum.busy += stats.live.saturating_sub(stats.idle);
                sum.memory += deployed.deployment.usage().memory();
            }
            if instances.len() < MAX_SERIES {
                instances.insert((DEFAULT_TENANT.to_owned(), name.to_string()), sum);
            }
        }
        self.shared.metrics.read(&instances)
    }

    /// Health and reflection tell of what is live now.
    fn reindex(&self) {
        let catalogue = |services: &Services| services.catalogue.clone();
        let live = self.registry().read(DEFAULT_TENANT, catalogue);
        self.shared.watched.show(live.unwrap_or_default());
    }

    /// Begins to leave: health says so and long calls are told, but calls
    /// that still arrive are served.
    pub fn drain(&self) {
        self.shared.gate.advance(Phase::Draining);
        self.shared.watched.leave();
        for deployed in self.versions.serving() {
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
        let serving = self.versions.serving();
        // One deadline for all: each gets what the ones before it left over,
        // and they drain at the same time since all are told to.
        for deployed in &serving {
            deployed.deployment.drain();
        }
        for deployed in &serving {
            let left = until.saturating_duration_since(clock::now());
            lost += deployed.deployment.stop(left).await;
        }
        lost
    }

    /// Calls that run now, over all deployments.
    pub fn running(&self) -> usize {
        let serving = self.versions.serving();
        serving.iter().map(|d| d.calls.running()).sum()
    }
}

/// A [`Control`] that goes when nobody else has it.
#[derive(Debug)]
pub(crate) struct Home {
    shared: Weak<Shared>,
    versions: Weak<Versions>,
    back: Weak<tokio::sync::Mutex<()>>,
    retiring: TaskTracker,
}

impl Home {
    pub(crate) fn control(&self) -> Option<Control> {
        Some(Control {
            shared: self.shared.upgrade()?,
            versions: self.versions.upgrade()?,
            back: self.back.upgrade()?,
            retiring: self.retiring.clone(),
        })
    }
}

impl Handler for Control {
    fn admit(&self, head: Head) -> Result<Admission, Reply> {
        let now = clock::now();
        let Shared {
            builtin, watched, ..
        } = &*self.shared;
        if let Some(admitted) = builtin.admit(&head, watched, now) {
            return admitted.map(Admission::Granted);
        }
        match middleware::admit(&self.shared, head, now)? {
            Entered::Granted(call) => Ok(Admission::Granted(admitted(call))),
            Entered::Asleep(call, version) => {
                let control = self.clone();
                let waiting = async move { control.admit_later(*call, version).await };
                Ok(Admission::Waiting(Box::pin(waiting)))
            }
        }
    }

    fn has_proto_service(&self, name: &str) -> bool {
        let is_proto = |services: &Services| {
            let target = services.get(name);
            target.is_some_and(|target| target.profile == Profile::Proto)
        };
        let found = self.shared.registry.read(DEFAULT_TENANT, is_proto);
        found.unwrap_or_default() || self.shared.builtin.has(name)
    }

    fn contract(&self) -> ContractFuture {
        let catalogue = |services: &Services| services.catalogue.clone();
        let live = self.registry().read(DEFAULT_TENANT, catalogue);
        Box::pin(async move { live.unwrap_or_default().text().await })
    }

    fn health(&self) -> Health {
        match self.shared.gate.phase() {
            Phase::Serving => Health::Serving,
            Phase::Draining | Phase::Closed => Health::NotServing,
        }
    }
}

impl Control {
    /// Admits a call once the version it means is loaded.
    async fn admit_later(
        &self,
        mut call: Entering,
        mut version: Arc<Version>,
    ) -> Result<Admitted, Reply> {
        for _ in 0..WAKES {
            if let Err(status) = self.wake(version, call.deadline()).await {
                return Err(call.refuse(&self.shared, status));
            }
            match middleware::enter(&self.shared, call, clock::now())? {
                Entered::Granted(call) => return Ok(admitted(call)),
                // It went to sleep again, or another took its place.
                Entered::Asleep(entering, other) => (call, version) = (*entering, other),
            }
        }
        let status = Status::unavailable(
            "more components are called than may be loaded at once (server.loaded)",
        );
        Err(call.refuse(&self.shared, status))
    }
}

fn admitted(call: Box<Invocation>) -> Admitted {
    let pinned = &call.pinned;
    let contract = pinned.deployed.contract.clone();
    let (service, method) = (pinned.service, pinned.method);
    Admitted::new(contract, service, method, call)
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
