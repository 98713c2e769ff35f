//! The versions a tenant's components have: which of them calls get, which are
//! left to end, and which could be brought back.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::DeployError;
use crate::registry::{Canary, DEFAULT_TENANT, Deployed, Live, Registry, Services, Share};

/// Versions of a component that may serve calls at once; the next swap waits.
const MAX_LIVE: usize = 4;
/// Versions of a component that can be brought back.
const MAX_KEPT: usize = 4;

/// One version of a component.
pub(crate) struct Version {
    /// Counts up from 1.
    pub(crate) number: u32,
    pub(crate) deployed: Arc<Deployed>,
    /// Set while it is left to end.
    draining: AtomicBool,
    drain: Mutex<CancellationToken>,
    /// Held by whoever stops it or brings it back.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Version {
    fn new(number: u32, deployed: Arc<Deployed>) -> Arc<Self> {
        Arc::new(Self {
            number,
            deployed,
            draining: AtomicBool::new(false),
            drain: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Begins to leave; the token is cancelled when it is brought back.
    fn leave(&self) -> CancellationToken {
        self.draining.store(true, Ordering::Release);
        let token = CancellationToken::new();
        *lock(&self.drain) = token.clone();
        token
    }

    /// It is being brought back.
    pub(crate) fn stay(&self) {
        lock(&self.drain).cancel();
    }

    /// It has ended, or was brought back.
    fn arrived(&self) {
        self.draining.store(false, Ordering::Release);
    }
}

/// A component and its versions, oldest first.
#[derive(Debug)]
struct Component {
    name: Arc<str>,
    versions: Vec<Arc<Version>>,
    current: Arc<Version>,
    canary: Option<(Arc<Version>, Arc<Share>)>,
    last: u32,
}

impl Component {
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

    /// Forgets the oldest versions that serve nobody.
    fn forget(&mut self) {
        let idle = |c: &Self, v: &Arc<Version>| !c.serves(v) && !v.is_draining();
        let mut spare = self.versions.iter().filter(|v| idle(self, v)).count();
        while spare > MAX_KEPT {
            let oldest = self.versions.iter().position(|v| idle(self, v));
            let Some(oldest) = oldest else { return };
            self.versions.remove(oldest);
            spare -= 1;
        }
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
    /// What it is there for.
    pub state: VersionState,
    /// Calls that run on it.
    pub running: usize,
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

/// What a change came to.
pub(crate) struct Changed {
    /// The version calls go to.
    pub(crate) version: Arc<Version>,
    /// Those they go to no longer.
    pub(crate) leaving: Vec<Leaving>,
}

/// Every component of the tenant, in the order they were deployed; the one
/// writer of its snapshots.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    components: Mutex<Vec<Component>>,
    /// Told when a version has ended.
    ended: Notify,
}

impl Versions {
    fn lock(&self) -> MutexGuard<'_, Vec<Component>> {
        lock(&self.components)
    }

    /// Puts a version live, for all calls or for a share of them; `None` while
    /// there is no room for it.
    ///
    /// # Errors
    /// [`DeployError`] when its names clash, or there is nothing to share with.
    pub(crate) fn put(
        &self,
        registry: &Registry,
        name: &str,
        deployed: &Arc<Deployed>,
        share: Option<&Arc<Share>>,
    ) -> Result<Option<Changed>, DeployError> {
        let mut components = self.lock();
        let place = components.iter().position(|c| *c.name == *name);
        let Some(place) = place else {
            if share.is_some() {
                return Err(DeployError::Unknown(name.to_owned()));
            }
            return first(&mut components, registry, name, deployed.clone()).map(Some);
        };
        if components[place].live() >= MAX_LIVE {
            return Ok(None);
        }
        let number = components[place].last + 1;
        let version = Version::new(number, deployed.clone());
        let change = |component: &mut Component| {
            component.last = number;
            component.versions.push(version.clone());
            match share {
                Some(share) => {
                    let replaced = component.canary.replace((version.clone(), share.clone()));
                    replaced.map(|(canary, _)| canary)
                }
                None => {
                    component.canary = None;
                    Some(std::mem::replace(&mut component.current, version.clone()))
                }
            }
        };
        let changed = edit(&mut components, registry, place, change)?;
        Ok(Some(Changed { version, ..changed }))
    }

    /// Makes the version on trial the one that calls go to, if there is one;
    /// else gives the component the short names it shares with other majors.
    ///
    /// # Errors
    /// [`DeployError::Unknown`].
    pub(crate) fn promote(&self, registry: &Registry, name: &str) -> Result<Changed, DeployError> {
        let mut components = self.lock();
        let place = find(&components, name)?;
        if components[place].canary.is_some() {
            return edit(&mut components, registry, place, |component| {
                let (canary, _) = component.canary.take()?;
                Some(std::mem::replace(&mut component.current, canary))
            });
        }
        let promoted = components.remove(place);
        let version = promoted.current.clone();
        components.insert(0, promoted);
        publish(registry, &components)?;
        Ok(Changed {
            version,
            leaving: Vec::new(),
        })
    }

    /// The version a rollback would bring back: `number`, else the one before
    /// the current one; `None` when it ends a trial.
    ///
    /// # Errors
    /// [`DeployError`] when there is none.
    pub(crate) fn before(
        &self,
        name: &str,
        number: Option<u32>,
    ) -> Result<Option<Arc<Version>>, DeployError> {
        let components = self.lock();
        let component = &components[find(&components, name)?];
        if number.is_none() && component.canary.is_some() {
            return Ok(None);
        }
        let current = component.current.number;
        let mut candidates = component.versions.iter().rev();
        let found = candidates.find(|version| match number {
            Some(number) => version.number == number,
            None => version.number < current,
        });
        match found {
            Some(version) => Ok(Some(version.clone())),
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
    /// [`DeployError`] when its names clash.
    pub(crate) fn back_to(
        &self,
        registry: &Registry,
        name: &str,
        version: Option<Arc<Version>>,
    ) -> Result<Changed, DeployError> {
        let mut components = self.lock();
        let place = find(&components, name)?;
        edit(&mut components, registry, place, |component| {
            let canary = component.canary.take().map(|(canary, _)| canary);
            let Some(version) = version else {
                return canary;
            };
            version.arrived();
            if Arc::ptr_eq(&component.current, &version) {
                return canary;
            }
            if !component.versions.iter().any(|v| Arc::ptr_eq(v, &version)) {
                component.versions.push(version.clone());
            }
            Some(std::mem::replace(&mut component.current, version))
        })
    }

    /// Takes a component out of service.
    ///
    /// # Errors
    /// [`DeployError::Unknown`].
    pub(crate) fn remove(&self, registry: &Registry, name: &str) -> Result<Changed, DeployError> {
        let mut components = self.lock();
        let place = find(&components, name)?;
        let gone = components.remove(place);
        publish(registry, &components)?;
        let canary = gone.canary.map(|(canary, _)| canary);
        let leaving = [Some(gone.current.clone()), canary];
        Ok(Changed {
            version: gone.current,
            leaving: leaving.into_iter().flatten().map(leave).collect(),
        })
    }

    /// A version has ended.
    pub(crate) fn ended(&self, version: &Version) {
        version.arrived();
        for component in self.lock().iter_mut() {
            component.forget();
        }
        self.ended.notify_waiters();
    }

    /// Waits until a component has room for one more version that serves.
    pub(crate) async fn room(&self, name: &str) {
        loop {
            let ended = self.ended.notified();
            let live = {
                let components = self.lock();
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
    pub(crate) fn current(&self, name: &str) -> Option<Arc<Deployed>> {
        let components = self.lock();
        let component = components.iter().find(|c| *c.name == *name)?;
        Some(component.current.deployed.clone())
    }

    /// The component that has a service of this full name.
    pub(crate) fn owner(&self, service: &str) -> Option<Arc<str>> {
        let components = self.lock();
        let has = |c: &&Component| {
            let services = &c.current.deployed.contract.services;
            services.iter().any(|s| s.proto == service)
        };
        components.iter().find(has).map(|c| c.name.clone())
    }

    /// The version of each component that calls go to.
    pub(crate) fn contracts(&self) -> Vec<Arc<Deployed>> {
        let components = self.lock();
        let current = components.iter().map(|c| c.current.deployed.clone());
        current.collect()
    }

    /// Every version that serves calls.
    pub(crate) fn serving(&self) -> Vec<Arc<Version>> {
        let components = self.lock();
        let versions = components.iter().flat_map(|component| {
            let serves = |v: &&Arc<Version>| component.serves(v) || v.is_draining();
            component.versions.iter().filter(serves)
        });
        versions.cloned().collect()
    }

    /// What there is.
    pub(crate) fn list(&self) -> Vec<ComponentInfo> {
        let components = self.lock();
        components.iter().map(info).collect()
    }
}

fn info(component: &Component) -> ComponentInfo {
    let services = &component.current.deployed.contract.services;
    let versions = component.versions.iter().map(|version| VersionInfo {
        number: version.number,
        label: version.deployed.label.clone(),
        state: component.state(version),
        running: version.deployed.calls.running(),
    });
    ComponentInfo {
        name: component.name.to_string(),
        services: services.iter().map(|s| s.proto.to_string()).collect(),
        versions: versions.collect(),
    }
}

fn find(components: &[Component], name: &str) -> Result<usize, DeployError> {
    let found = components.iter().position(|c| *c.name == *name);
    found.ok_or_else(|| DeployError::Unknown(name.to_owned()))
}

/// The first version of a component.
fn first(
    components: &mut Vec<Component>,
    registry: &Registry,
    name: &str,
    deployed: Arc<Deployed>,
) -> Result<Changed, DeployError> {
    let version = Version::new(1, deployed);
    components.push(Component {
        name: name.into(),
        versions: vec![version.clone()],
        current: version.clone(),
        canary: None,
        last: 1,
    });
    if let Err(error) = publish(registry, components) {
        components.pop();
        return Err(error);
    }
    Ok(Changed {
        version,
        leaving: Vec::new(),
    })
}

/// Changes one component and what calls find, or neither. `change` says which
/// version calls go to no longer.
fn edit(
    components: &mut [Component],
    registry: &Registry,
    place: usize,
    change: impl FnOnce(&mut Component) -> Option<Arc<Version>>,
) -> Result<Changed, DeployError> {
    let component = &mut components[place];
    let before = (
        component.versions.clone(),
        component.current.clone(),
        component.canary.clone(),
    );
    let replaced = change(component);
    if let Err(error) = publish(registry, components) {
        let component = &mut components[place];
        (component.versions, component.current, component.canary) = before;
        return Err(error);
    }
    let component = &mut components[place];
    let mut leaving: Vec<_> = replaced.into_iter().collect();
    // What was on trial beside the old version is replaced with it.
    if let Some((canary, _)) = before.2
        && !component.serves(&canary)
        && !leaving.iter().any(|v| Arc::ptr_eq(v, &canary))
    {
        leaving.push(canary);
    }
    leaving.retain(|version| !component.serves(version));
    let changed = Changed {
        version: component.current.clone(),
        leaving: leaving.into_iter().map(leave).collect(),
    };
    component.forget();
    Ok(changed)
}

fn leave(version: Arc<Version>) -> Leaving {
    let stays = version.leave();
    Leaving { version, stays }
}

fn publish(registry: &Registry, components: &[Component]) -> Result<(), DeployError> {
    let live = components.iter().map(|component| Live {
        current: component.current.deployed.clone(),
        canary: component.canary.as_ref().map(|(version, share)| Canary {
            deployed: version.deployed.clone(),
            share: share.clone(),
        }),
    });
    let services = Services::new(live.collect()).map_err(DeployError::Names)?;
    registry.publish(DEFAULT_TENANT, services);
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
