//! The versions a tenant's components have: which of them calls get, which are
//! left to end, and which could be brought back.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use ostler_schema::Contract;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::keep::Keep;
use super::{Bounds, DeployError, Settings};
use crate::registry::{Canary, DEFAULT_TENANT, Deployed, Live, Registry, Services, Share, Version};
use crate::store::{self, Change, Kept, Trial};

/// Versions of a component that may serve calls at once; the next swap waits.
const MAX_LIVE: usize = 4;
/// Versions of a component that can be brought back.
const MAX_KEPT: usize = 4;

/// A component and its versions.
#[derive(Clone, Debug)]
struct Component {
    name: Arc<str>,
    versions: Vec<Arc<Version>>,
    current: Arc<Version>,
    canary: Option<(Arc<Version>, Arc<Share>)>,
    last: u32,
}

impl Component {
    fn new(name: &str, current: Arc<Version>) -> Self {
        Self {
            name: name.into(),
            versions: vec![current.clone()],
            last: current.number,
            current,
            canary: None,
        }
    }

    /// Versions that serve calls.
    fn live(&self) -> usize {
        let draining = self.versions.iter().filter(|v| v.is_draining()).count();
        1 + usize::from(self.canary.is_some()) + draining
    }

    fn serves(&self, version: &Arc<Version>) -> bool {
        let on_trial = self.canary.as_ref();
        Arc::ptr_eq(&self.current, version)
            || on_trial.is_some_and(|(canary, _)| Arc::ptr_eq(canary, version))
    }

    /// Forgets the oldest versions that calls do not go to, beyond those that
    /// are kept; not one that has calls, as those in `leaving` may.
    fn forget(&mut self, leaving: &[Arc<Version>]) {
        loop {
            let spare = self.versions.iter().filter(|v| !self.serves(v));
            if spare.clone().count() <= MAX_KEPT {
                return;
            }
            let left = |v: &Arc<Version>| leaving.iter().any(|l| Arc::ptr_eq(l, v));
            let idle = spare.filter(|v| !v.is_draining() && !left(v));
            let Some(oldest) = idle.map(|v| v.number).min() else {
                return;
            };
            self.versions.retain(|v| v.number != oldest);
        }
    }

    /// Gives the version of the configuration a number below all of these.
    fn precede(&mut self, restored: &Restored) {
        if restored
            .versions
            .iter()
            .any(|v| v.number == self.current.number)
        {
            let configured = self.current.renumbered(0);
            self.versions = vec![configured.clone()];
            self.current = configured;
        }
    }

    fn restore(&mut self, restored: Restored) {
        self.versions.extend(restored.versions);
        if let Some(current) = restored.current {
            self.current = current;
        }
        self.canary = restored.canary;
        self.last = self.last.max(restored.last);
    }

    /// What is kept of it over a restart; nothing of one of the configuration.
    fn record(&self) -> Option<store::Component> {
        let mut versions: Vec<_> = self.versions.iter().filter_map(|v| v.record()).collect();
        versions.sort_by_key(|v| v.number);
        let trial = self.canary.as_ref().map(|(version, share)| Trial {
            number: version.number,
            percent: share.percent(),
            key: share.key().map(str::to_owned),
        });
        (!versions.is_empty()).then(|| store::Component {
            name: self.name.to_string(),
            current: self.current.number,
            trial,
            last: self.last,
            versions: versions.into(),
        })
    }

    /// The versions before the current one that no calls were taken from, the
    /// last of them first.
    fn before(&self) -> Vec<u32> {
        let good = self.versions.iter().filter(|v| v.blamed().is_none());
        let numbers = good.map(|v| v.number);
        let mut numbers: Vec<_> = numbers.filter(|n| *n < self.current.number).collect();
        numbers.sort_by_key(|n| std::cmp::Reverse(*n));
        numbers
    }

    /// The place of the version that calls go to.
    fn place(&self, is: impl Fn(&Arc<Version>) -> bool) -> Option<Place> {
        let (version, role) = match &self.canary {
            Some((canary, _)) if is(canary) => {
                let beside = self.current.loaded();
                (canary, Role::Trial { beside })
            }
            _ if is(&self.current) => {
                let before = self.before();
                (&self.current, Role::Current { before })
            }
            _ => return None,
        };
        Some(Place {
            component: self.name.clone(),
            version: version.clone(),
            role,
        })
    }

    fn state(&self, version: &Arc<Version>) -> VersionState {
        if Arc::ptr_eq(&self.current, version) {
            return VersionState::Live;
        }
        match &self.canary {
            Some((canary, share)) if Arc::ptr_eq(canary, version) => {
                VersionState::Canary(share.percent())
            }
            _ if version.is_draining() => VersionState::Draining,
            _ => VersionState::Kept,
        }
    }
}

/// A version that calls go to.
pub(crate) struct Place {
    pub(crate) component: Arc<str>,
    pub(crate) version: Arc<Version>,
    pub(crate) role: Role,
}

/// Which calls a version gets.
pub(crate) enum Role {
    /// All that no other gets.
    Current {
        /// The numbers of the versions to go back to, the last first.
        before: Vec<u32>,
    },
    /// Those on trial.
    Trial {
        /// What gets the others, unless it is asleep.
        beside: Option<Arc<Deployed>>,
    },
}

/// What a version is there for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VersionState {
    /// Calls go to it.
    Live,
    /// So many percent of the calls go to it.
    Canary(f64),
    /// The calls it has are ending.
    Draining,
    /// It can be brought back.
    Kept,
}

/// A version of a component as it is now.
#[derive(Clone, Debug)]
pub struct VersionInfo {
    /// Counts up from 1.
    pub number: u32,
    /// Where it came from.
    pub label: String,
    /// The digest of its file in the store, where it has one.
    pub digest: Option<String>,
    /// What it is there for.
    pub state: VersionState,
    /// Whether it is loaded, and need not be for the next call.
    pub loaded: bool,
    /// Calls that run on it.
    pub running: usize,
    /// Why calls were taken from it.
    pub blame: Option<Arc<str>>,
}

/// A component as it is now, and the version that calls go to.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// What `list` says of it.
    pub component: ComponentInfo,
    /// What that version is held to.
    pub settings: Settings,
    /// What it serves, where that can be read.
    pub contract: Option<Arc<Contract>>,
}

/// A component as it is now.
#[derive(Clone, Debug)]
pub struct ComponentInfo {
    /// What it was deployed as.
    pub name: String,
    /// Full names of its services.
    pub services: Vec<String>,
    /// Oldest first.
    pub versions: Vec<VersionInfo>,
}

/// A version that no new calls go to.
pub(crate) struct Leaving {
    pub(crate) version: Arc<Version>,
    /// Cancelled when it is brought back.
    pub(crate) stays: CancellationToken,
}

impl Leaving {
    pub(crate) fn of(version: Arc<Version>) -> Self {
        let stays = version.leave();
        Self { version, stays }
    }
}

/// What a change came to.
pub(crate) struct Changed {
    /// The version calls go to.
    pub(crate) version: Arc<Version>,
    /// Those they go to no longer.
    pub(crate) leaving: Vec<Leaving>,
}

/// A version to go back to.
pub(crate) enum Before {
    /// The one calls go to, once a trial has ended.
    Current,
    Earlier(Arc<Version>),
}

/// A component from before the host started.
#[derive(Clone)]
pub(crate) struct Restored {
    pub(crate) name: String,
    pub(crate) versions: Vec<Arc<Version>>,
    /// `None` for the version of the configuration.
    pub(crate) current: Option<Arc<Version>>,
    pub(crate) canary: Option<(Arc<Version>, Arc<Share>)>,
    pub(crate) last: u32,
}

/// The name of a component that has no place, and why.
pub(crate) type Refused = (String, DeployError);

/// Every component of the tenant, in the order they were deployed; the one
/// writer of its snapshots.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    components: ArcSwap<Vec<Component>>,
    /// Held by whoever changes `components`.
    turn: Mutex<()>,
    keep: OnceLock<Arc<Keep>>,
    /// Told when a version has ended.
    ended: Notify,
}

impl Versions {
    /// Keeps every change from now on.
    pub(crate) fn keep_in(&self, keep: Arc<Keep>) {
        // A host restores what it kept once.
        self.keep.set(keep).unwrap_or_default();
    }

    pub(crate) fn keep(&self) -> Option<&Arc<Keep>> {
        self.keep.get()
    }

    /// Puts a version live, for all calls or for a share of them; `None` while
    /// there is no room for it. Blocking, as is every change.
    ///
    /// # Errors
    /// [`DeployError`] when its names clash, there is nothing to share with, or
    /// it cannot be kept.
    pub(crate) fn put(
        &self,
        registry: &Registry,
        name: &str,
        deployed: &Arc<Deployed>,
        file: Option<&Arc<Kept>>,
        share: Option<&Arc<Share>>,
        bounds: Option<&Bounds>,
    ) -> Result<Option<Changed>, DeployError> {
        let turn = lock(&self.turn);
        let new = |number| Version::new(number, deployed.clone(), file.cloned(), bounds.cloned());
        let components = self.components.load();
        let Some(component) = components.iter().find(|c| *c.name == *name) else {
            if share.is_some() {
                return Err(DeployError::Unknown(name.to_owned()));
            }
            let first = |components: &mut Vec<Component>| {
                let version = new(1);
                components.push(Component::new(name, version.clone()));
                Ok(Edited::only(version))
            };
            return self.change(&turn, registry, name, first).map(Some);
        };
        if component.live() >= MAX_LIVE {
            return Ok(None);
        }
        let version = new(component.last + 1);
        let put = |component: &mut Component| {
            component.last = version.number;
            component.versions.push(version.clone());
            match share {
                Some(share) => component.canary = Some((version.clone(), share.clone())),
                None => {
                    component.canary = None;
                    component.current = version.clone();
                }
            }
        };
        let changed = self.change(&turn, registry, name, |components| {
            Ok(edit(find(components, name)?, put))
        })?;
        Ok(Some(Changed { version, ..changed }))
    }

    /// Makes the version on trial the one that calls go to, if there is one;
    /// else gives the component the short names it shares with other majors.
    ///
    /// # Errors
    /// [`DeployError`] when there is no such component, or it cannot be kept.
    pub(crate) fn promote(&self, registry: &Registry, name: &str) -> Result<Changed, DeployError> {
        let turn = lock(&self.turn);
        self.change(&turn, registry, name, |components| {
            let place = place(components, name)?;
            let component = &mut components[place];
            if let Some((canary, _)) = component.canary.clone() {
                return Ok(edit(component, |component| {
                    component.canary = None;
                    component.current = canary;
                }));
            }
            let promoted = components.remove(place);
            let version = promoted.current.clone();
            components.insert(0, promoted);
            Ok(Edited::only(version))
        })
    }

    /// The version a rollback would bring back: `number`, else the one before
    /// the current one.
    ///
    /// # Errors
    /// [`DeployError`] when there is none.
    pub(crate) fn before(&self, name: &str, number: Option<u32>) -> Result<Before, DeployError> {
        let components = self.components.load();
        let component = &components[place(&components, name)?];
        if number.is_none() && component.canary.is_some() {
            return Ok(Before::Current);
        }
        let current = component.current.number;
        let fits = |candidate: u32| match number {
            Some(number) => candidate == number,
            None => candidate < current,
        };
        let candidates = component.versions.iter().filter(|v| fits(v.number));
        match candidates.max_by_key(|v| v.number) {
            Some(version) => Ok(Before::Earlier(version.clone())),
            None => Err(DeployError::NoVersion {
                component: name.to_owned(),
                number,
            }),
        }
    }

    /// Sends all calls to a version that is there again; without one, ends the
    /// trial of another.
    ///
    /// # Errors
    /// [`DeployError`] when its names clash, or it cannot be kept.
    pub(crate) fn back_to(
        &self,
        registry: &Registry,
        name: &str,
        version: Option<&Arc<Version>>,
    ) -> Result<Changed, DeployError> {
        let turn = lock(&self.turn);
        if let Some(version) = version {
            version.arrived();
        }
        self.change(&turn, registry, name, |components| {
            Ok(edit(find(components, name)?, |component| {
                component.canary = None;
                let Some(version) = version else { return };
                // It may have been forgotten while it was brought back.
                component.versions.retain(|v| v.number != version.number);
                component.versions.push(version.clone());
                component.current = version.clone();
            }))
        })
    }

    /// Takes a component out of service.
    ///
    /// # Errors
    /// [`DeployError`] when there is none, or that cannot be kept.
    pub(crate) fn remove(&self, registry: &Registry, name: &str) -> Result<Changed, DeployError> {
        let turn = lock(&self.turn);
        self.change(&turn, registry, name, |components| {
            let gone = components.remove(place(components, name)?);
            let canary = gone.canary.map(|(canary, _)| canary);
            let leaving = std::iter::once(gone.current.clone()).chain(canary);
            Ok(Edited {
                version: gone.current,
                leaving: leaving.collect(),
            })
        })
    }

    /// Puts components live again that were before the host started; one of
    /// the configuration becomes its oldest version. Gives the versions that
    /// calls go to no longer, and the components that cannot be put live, with
    /// the reason.
    ///
    /// # Errors
    /// [`DeployError::Store`].
    pub(crate) fn restore(
        &self,
        registry: &Registry,
        mut restored: Vec<Restored>,
    ) -> Result<(Vec<Leaving>, Vec<Refused>), DeployError> {
        let turn = lock(&self.turn);
        let mut refused = Vec::new();
        loop {
            let mut components = Vec::clone(&self.components.load());
            let mut leaving = Vec::new();
            for component in &restored {
                leaving.extend(restore(&mut components, component.clone())?);
            }
            let names: Vec<_> = components.iter().map(|c| c.name.clone()).collect();
            match self.commit(&turn, registry, components, None) {
                Err(DeployError::Names(clash)) => {
                    // Those of the configuration come first, and do not clash.
                    let name = names[clash.place].to_string();
                    restored.retain(|component| component.name != name);
                    refused.push((name, DeployError::Names(clash)));
                }
                committed => {
                    committed?;
                    return Ok((leaving.into_iter().map(Leaving::of).collect(), refused));
                }
            }
        }
    }

    /// Makes a change of one component, or nothing: what calls find is what is
    /// kept.
    fn change(
        &self,
        turn: &MutexGuard<'_, ()>,
        registry: &Registry,
        name: &str,
        edit: impl FnOnce(&mut Vec<Component>) -> Result<Edited, DeployError>,
    ) -> Result<Changed, DeployError> {
        let before = self.components.load();
        let mut components = Vec::clone(&before);
        let edited = edit(&mut components)?;
        let change = kept(name, &before, &components);
        self.commit(turn, registry, components, change)?;
        Ok(Changed {
            version: edited.version,
            leaving: edited.leaving.into_iter().map(Leaving::of).collect(),
        })
    }

    fn commit(
        &self,
        _turn: &MutexGuard<'_, ()>,
        registry: &Registry,
        components: Vec<Component>,
        change: Option<Change>,
    ) -> Result<(), DeployError> {
        let services = services(&components)?;
        // Before the switch: a version that calls went to is the one after a
        // restart, and who is told that a change was made can rely on it.
        if let (Some(keep), Some(change)) = (self.keep(), change) {
            keep.save(change).map_err(DeployError::Store)?;
        }
        registry.publish(DEFAULT_TENANT, services);
        self.components.store(Arc::new(components));
        Ok(())
    }

    /// A version has ended.
    pub(crate) fn ended(&self, version: &Version) {
        version.arrived();
        self.ended.notify_waiters();
    }

    /// Waits until a component has room for one more version that serves.
    pub(crate) async fn room(&self, name: &str) {
        loop {
            let ended = self.ended.notified();
            let live = {
                let components = self.components.load();
                let component = components.iter().find(|c| *c.name == *name);
                component.map_or(0, Component::live)
            };
            if live < MAX_LIVE {
                return;
            }
            ended.await;
        }
    }

    /// What calls to a component get now.
    pub(crate) fn current(&self, name: &str) -> Option<Arc<Version>> {
        let components = self.components.load();
        let component = components.iter().find(|c| *c.name == *name)?;
        Some(component.current.clone())
    }

    /// The component that has a service of this full name.
    pub(crate) fn owner(&self, service: &str) -> Option<Arc<str>> {
        let components = self.components.load();
        let has = |c: &&Component| c.current.services.iter().any(|s| *s.proto == *service);
        components.iter().find(has).map(|c| c.name.clone())
    }

    /// The component that a version is of.
    pub(crate) fn component_of(&self, version: &Arc<Version>) -> Option<Arc<str>> {
        let components = self.components.load();
        let has = |c: &&Component| c.versions.iter().any(|v| Arc::ptr_eq(v, version));
        components.iter().find(has).map(|c| c.name.clone())
    }

    /// Which calls go to this, if any.
    pub(crate) fn place(&self, version: &Arc<Version>) -> Option<Place> {
        let components = self.components.load();
        let is = |candidate: &Arc<Version>| Arc::ptr_eq(candidate, version);
        components.iter().find_map(|c| c.place(is))
    }

    /// The same of a version that is loaded.
    pub(crate) fn place_of(&self, deployed: &Arc<Deployed>) -> Option<Place> {
        let components = self.components.load();
        let is = |version: &Arc<Version>| {
            let loaded = version.loaded();
            loaded.is_some_and(|loaded| Arc::ptr_eq(&loaded, deployed))
        };
        components.iter().find_map(|c| c.place(is))
    }

    /// The version of each component that calls go to.
    pub(crate) fn all_current(&self) -> Vec<Arc<Version>> {
        let components = self.components.load();
        components.iter().map(|c| c.current.clone()).collect()
    }

    /// Each component, the number of the version that calls go to, and all of
    /// its versions that are loaded.
    pub(crate) fn loaded(&self) -> Vec<(Arc<str>, u32, Vec<Arc<Deployed>>)> {
        let components = self.components.load();
        let all = components.iter().map(|component| {
            let versions = component.versions.iter().filter_map(|v| v.loaded());
            let (name, current) = (&component.name, &component.current);
            (name.clone(), current.number, versions.collect())
        });
        all.collect()
    }

    /// Every version that serves calls and is loaded.
    pub(crate) fn serving(&self) -> Vec<Arc<Deployed>> {
        let components = self.components.load();
        let versions = components.iter().flat_map(|component| {
            let serves = |v: &&Arc<Version>| component.serves(v) || v.is_draining();
            component.versions.iter().filter(serves)
        });
        versions.filter_map(|version| version.loaded()).collect()
    }

    /// A component, if it is there. Blocking: its contract may have to be read.
    pub(crate) fn inspect(&self, name: &str) -> Option<Inspected> {
        let components = self.components.load();
        let component = components.iter().find(|c| *c.name == *name)?;
        let current = &component.current;
        Some(Inspected {
            component: info(component),
            settings: current.settings().clone(),
            contract: current.contract().ok(),
        })
    }

    /// What there is.
    pub(crate) fn list(&self) -> Vec<ComponentInfo> {
        let components = self.components.load();
        components.iter().map(info).collect()
    }
}

fn info(component: &Component) -> ComponentInfo {
    let services = &component.current.services;
    let versions = component.versions.iter().map(|version| {
        let loaded = version.loaded();
        VersionInfo {
            number: version.number,
            label: version.label.clone(),
            digest: version.file().map(|file| file.digest().to_string()),
            state: component.state(version),
            loaded: loaded.is_some(),
            running: loaded.map_or(0, |deployed| deployed.calls.running()),
            blame: version.blamed(),
        }
    });
    let mut versions: Vec<_> = versions.collect();
    versions.sort_by_key(|version| version.number);
    ComponentInfo {
        name: component.name.to_string(),
        services: services.iter().map(|s| s.proto.to_string()).collect(),
        versions,
    }
}

/// Puts a component among the others; gives the versions that calls go to no
/// longer.
fn restore(
    components: &mut Vec<Component>,
    restored: Restored,
) -> Result<Vec<Arc<Version>>, DeployError> {
    let Ok(place) = place(components, &restored.name) else {
        let current = restored.current.clone();
        let current = current.ok_or_else(|| DeployError::NoVersion {
            component: restored.name.clone(),
            number: None,
        })?;
        let mut component = Component::new(&restored.name, current);
        component.versions.clear();
        component.restore(restored);
        components.push(component);
        return Ok(Vec::new());
    };
    let component = &mut components[place];
    component.precede(&restored);
    Ok(edit(component, |component| component.restore(restored)).leaving)
}

fn place(components: &[Component], name: &str) -> Result<usize, DeployError> {
    let found = components.iter().position(|c| *c.name == *name);
    found.ok_or_else(|| DeployError::Unknown(name.to_owned()))
}

fn find<'c>(components: &'c mut [Component], name: &str) -> Result<&'c mut Component, DeployError> {
    let place = place(components, name)?;
    Ok(&mut components[place])
}

/// What a change of the components came to, once it is made.
struct Edited {
    version: Arc<Version>,
    leaving: Vec<Arc<Version>>,
}

impl Edited {
    /// Nothing leaves.
    fn only(version: Arc<Version>) -> Self {
        Self {
            version,
            leaving: Vec::new(),
        }
    }
}

/// Changes one component; versions that calls no longer go to leave.
fn edit(component: &mut Component, change: impl FnOnce(&mut Component)) -> Edited {
    let canary = component.canary.as_ref().map(|(canary, _)| canary.clone());
    let served = std::iter::once(component.current.clone()).chain(canary);
    let served: Vec<_> = served.collect();
    change(component);
    let left = served.into_iter().filter(|v| !component.serves(v));
    let leaving: Vec<_> = left.collect();
    component.forget(&leaving);
    Edited {
        version: component.current.clone(),
        leaving,
    }
}

/// What is kept of the change of a component; nothing of one of the
/// configuration.
fn kept(name: &str, before: &[Component], after: &[Component]) -> Option<Change> {
    let record = |components: &[Component]| {
        let place = place(components, name).ok()?;
        Some((place, components[place].record()?))
    };
    match (record(before), record(after)) {
        (None, None) => None,
        (Some(_), None) => Some(Change::Removed(name.to_owned())),
        (None, Some((_, now))) => Some(Change::Added(now)),
        (Some((1.., _)), Some((0, now))) => Some(Change::Promoted(now)),
        (Some(_), Some((_, now))) => Some(Change::Changed(now)),
    }
}

/// What calls find.
fn services(components: &[Component]) -> Result<Services, DeployError> {
    let live = components.iter().map(|component| Live {
        current: component.current.clone(),
        canary: component.canary.as_ref().map(|(version, share)| Canary {
            version: version.clone(),
            share: share.clone(),
        }),
    });
    Services::new(live.collect()).map_err(DeployError::Names)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
