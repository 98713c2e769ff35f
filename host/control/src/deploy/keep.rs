//! Deployments over a restart of the host, and which of them are loaded: what
//! is kept in the store sleeps until it is called, and sleeps again when too
//! many others are loaded.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use ostler_runtime::Engine;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::versions::Restored;
use super::{BRIEF, DeployError, Deployer, aside, blocking, load};
use crate::control::Control;
use crate::registry::{Deployed, Outline, Share, Version};
use crate::store::{Change, Component, Kept, Record, Store, StoreError};

/// Components that are loaded at once because calls wait for them.
const LOADING: usize = 2;

/// Where deployments are kept, and what loads them.
#[derive(Debug)]
pub(crate) struct Keep {
    store: Store,
    engine: Engine,
    /// Versions of the store that may be loaded at once.
    most: usize,
    awake: Mutex<Vec<Weak<Version>>>,
    loading: Semaphore,
}

impl Keep {
    /// Keeps a change over a restart. Blocking.
    pub(super) fn save(&self, change: Change) -> Result<(), StoreError> {
        self.store.save(change)
    }

    /// A place among those that load.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.loading.acquire().await.ok()
    }

    /// Loads a version. Its file, of megabytes, is read only where its contract
    /// or its artefact is not at hand. Blocking.
    ///
    /// # Errors
    /// [`DeployError`] when its file or what it needs is not there any more.
    pub(crate) fn load(&self, version: &Version) -> Result<Deployed, DeployError> {
        let file = version.file().ok_or(DeployError::Leaving)?;
        let contract = file.contract()?;
        if Outline::of(&contract) != version.services {
            return Err(DeployError::Outline);
        }
        let (label, settings) = (version.label.clone(), version.settings().clone());
        load(label, Arc::new(contract), settings, |contract, options| {
            let read = || file.read().map_err(DeployError::Store);
            let digest = file.digest().bytes();
            self.engine.load_known(digest, read, contract, options)
        })
    }

    /// A version is loaded. Gives what is to be stopped for it: the versions
    /// that were called least recently, put to sleep.
    pub(crate) fn woke(&self, version: &Arc<Version>) -> Vec<Arc<Deployed>> {
        if version.file().is_none() {
            return Vec::new();
        }
        let mut awake = lock(&self.awake);
        let mut loaded = Vec::with_capacity(awake.len());
        loaded.extend(awake.iter().filter_map(Weak::upgrade));
        loaded.retain(|v| v.loaded().is_some() && !Arc::ptr_eq(v, version));
        loaded.sort_by_key(|v| v.used());
        let spare = (loaded.len() + 1).saturating_sub(self.most);
        let asleep = loaded.iter().filter_map(|v| v.sleep_if_quiet());
        let stopped: Vec<_> = asleep.take(spare).collect();
        loaded.retain(|v| v.loaded().is_some());
        loaded.push(version.clone());
        *awake = loaded.iter().map(Arc::downgrade).collect();
        stopped
    }

    /// A version of the state; one without its names is read for them.
    fn version(&self, record: &Record) -> Result<Arc<Version>, DeployError> {
        let file = Arc::new(self.store.file(record));
        let mut record = record.clone();
        if record.services.is_empty() {
            record.services = Outline::of(&file.contract()?);
        }
        Ok(Version::asleep(record, file))
    }
}

impl Deployer {
    /// Puts live what was deployed before the host started, beside what is
    /// live already, and keeps every change from now on. Nothing is loaded
    /// until it is called; `most` versions are loaded at once, unless more
    /// have calls.
    ///
    /// # Errors
    /// [`DeployError::Store`], [`DeployError::Panicked`].
    pub async fn restore(&self, store: Store, most: usize) -> Result<(), DeployError> {
        let keep = Arc::new(Keep {
            store,
            engine: self.engine.clone(),
            most,
            awake: Mutex::default(),
            loading: Semaphore::new(LOADING),
        });
        let control = self.control.clone();
        blocking(move || {
            let mut stranded = Vec::new();
            let mut found = Vec::new();
            keep.store.read(|components| {
                for component in components {
                    match restored(&control, &keep, component) {
                        Ok(restored) => found.push(restored),
                        Err(error) => stranded.push((component.name.clone(), error)),
                    }
                }
            });
            stranded.extend(control.restore(found)?);
            // They have no place beside those of the configuration, or no
            // version, and stay in the store until they are deployed anew.
            for (component, error) in &stranded {
                tracing::error!(
                    component,
                    %error,
                    "a component is not served; deploy it again"
                );
            }
            control.keep_in(keep);
            Ok(())
        })
        .await?
    }

    /// The file of a component that is to be put live, where it is kept.
    pub(super) async fn file(&self, bytes: Bytes) -> Result<Option<Kept>, DeployError> {
        let Some(keep) = self.control.keep().cloned() else {
            return Ok(None);
        };
        let add = move || {
            let kept = keep.store.add(&bytes)?;
            kept.keep_contract(&bytes);
            Ok(Some(kept))
        };
        aside(BRIEF, add).await?.map_err(DeployError::Store)
    }
}

/// A component of the state, all of it asleep.
fn restored(
    control: &Control,
    keep: &Keep,
    component: &Component,
) -> Result<Restored, DeployError> {
    let name = &component.name;
    let versions = component.versions.iter().map(|record| keep.version(record));
    let versions: Vec<_> = versions.collect::<Result<_, _>>()?;
    let newest = newest(control, component);
    let fits = versions.iter().filter(|v| v.number <= newest);
    let current = fits.max_by_key(|v| v.number).cloned();
    if let (Some(current), Some(_)) = (&current, control.current(name)) {
        tracing::warn!(
            component = name,
            version = current.number,
            "a deployed version replaces the one of the configuration; to go back to that: \
             ostler drain {name}, and restart"
        );
    }
    let trial = component.trial.as_ref().and_then(|trial| {
        let version = versions.iter().find(|v| v.number == trial.number)?;
        let share = Share::new(trial.percent, trial.key.clone())?;
        Some((version.clone(), Arc::new(share)))
    });
    let serving = current.as_ref().map(|version| version.number);
    Ok(Restored {
        name: name.clone(),
        canary: trial.filter(|(version, _)| Some(version.number) != serving),
        versions,
        current,
        last: component.last,
    })
}

/// The highest number of a version that calls may go to.
fn newest(control: &Control, component: &Component) -> u32 {
    let name = &component.name;
    if component
        .versions
        .iter()
        .any(|v| v.number == component.current)
    {
        return component.current;
    }
    // Calls went to the version of the configuration.
    if control.current(name).is_some() {
        return 0;
    }
    tracing::warn!(
        component = name,
        "the configuration has it no longer; the newest version that was deployed is served. To \
         end that: ostler drain {name}"
    );
    u32::MAX
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
