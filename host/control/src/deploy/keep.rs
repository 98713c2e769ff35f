//! Deployments over a restart of the host: what is kept of them, and how they
//! are put live again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use ostler_runtime::Engine;
use ostler_schema::Contract;

use super::versions::{Restored, Version};
use super::{DeployError, Deployer, blocking, load};
use crate::control::Control;
use crate::registry::Share;
use crate::store::{Component, Kept, Record, Store, StoreError, Trial};

/// Where deployments are kept, and what loads them.
#[derive(Debug)]
pub(crate) struct Keep {
    store: Store,
    engine: Engine,
    /// Components of which no version could be loaded. They stay in the store
    /// until they are deployed anew.
    stranded: Mutex<Vec<Component>>,
}

/// A version that is kept and not loaded.
#[derive(Debug)]
pub(crate) struct Asleep {
    pub(crate) record: Record,
    file: Arc<Kept>,
}

impl Keep {
    /// Keeps these, and none that is no more.
    pub(super) fn save(&self, mut components: Vec<Component>) -> Result<(), StoreError> {
        let stranded = self.stranded.lock();
        let mut stranded = stranded.unwrap_or_else(PoisonError::into_inner);
        stranded.retain(|component| components.iter().all(|c| c.name != component.name));
        components.extend(stranded.iter().cloned());
        self.store.save(components)
    }

    fn asleep(&self, record: &Record) -> Arc<Asleep> {
        Arc::new(Asleep {
            record: record.clone(),
            file: Arc::new(self.store.file(record)),
        })
    }

    /// Loads a version. Blocking.
    pub(crate) fn wake(&self, asleep: &Asleep) -> Result<Arc<Version>, DeployError> {
        let Asleep { record, file } = asleep;
        let bytes = file.read().map_err(DeployError::Store)?;
        let contract = Contract::from_component(&bytes).map_err(DeployError::Contract)?;
        let settings = record.settings.clone();
        let label = record.label.clone();
        let deployed = load(&self.engine, label, &bytes, Arc::new(contract), settings)?;
        let version = Version::new(record.number, Arc::new(deployed), Some(file.clone()));
        Ok(version)
    }
}

impl Deployer {
    /// Puts live what was deployed before the host started, beside what is
    /// live already, and keeps every change from now on. A version that cannot
    /// be loaded is replaced with the one before it; that is logged.
    ///
    /// # Errors
    /// [`DeployError::Panicked`].
    pub async fn restore(&self, store: Store) -> Result<(), DeployError> {
        let keep = Arc::new(Keep {
            store,
            engine: self.engine.clone(),
            stranded: Mutex::default(),
        });
        let control = self.control.clone();
        blocking(move || {
            let mut stranded = Vec::new();
            for component in keep.store.components() {
                if let Err(error) = restore(&control, &keep, &component) {
                    tracing::error!(
                        component = component.name,
                        %error,
                        "a component is not served; deploy it again"
                    );
                    stranded.push(component);
                }
            }
            *keep.stranded.lock().unwrap_or_else(PoisonError::into_inner) = stranded;
            control.keep_in(keep);
        })
        .await
    }

    /// The file of a component that is to be put live, where it is kept.
    pub(super) async fn file(&self, bytes: Bytes) -> Result<Option<Kept>, DeployError> {
        let Some(keep) = self.control.keep().cloned() else {
            return Ok(None);
        };
        let added = blocking(move || keep.store.add(&bytes)).await?;
        added.map(Some).map_err(DeployError::Store)
    }
}

/// Loads what calls go to; the other versions stay asleep.
fn restore(control: &Control, keep: &Keep, component: &Component) -> Result<(), DeployError> {
    let name = &component.name;
    let mut asleep: Vec<_> = component.versions.iter().map(|v| keep.asleep(v)).collect();
    let newest = newest(control, component);
    let mut candidates = asleep.iter().rev().filter(|v| v.record.number <= newest);
    let current = candidates.find_map(|version| woken(keep, name, version));
    if let (Some(current), Some(_)) = (&current, control.current(name)) {
        tracing::warn!(
            component = name,
            version = current.number,
            "a deployed version replaces the one of the configuration; to go back to that: \
             ostler drain {name}, and restart"
        );
    }
    let serving = current.as_ref().map(|version| version.number);
    let trial = component.trial.as_ref();
    let trial = trial.filter(|trial| Some(trial.number) != serving);
    let canary = trial.and_then(|trial| on_trial(keep, name, trial, &asleep));
    let loaded = [serving, canary.as_ref().map(|(version, _)| version.number)];
    asleep.retain(|version| !loaded.contains(&Some(version.record.number)));
    control.restore(Restored {
        name: name.clone(),
        current,
        canary,
        asleep,
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

/// The version on trial and its share.
fn on_trial(
    keep: &Keep,
    component: &str,
    trial: &Trial,
    versions: &[Arc<Asleep>],
) -> Option<(Arc<Version>, Arc<Share>)> {
    let version = versions.iter().find(|v| v.record.number == trial.number)?;
    let share = Share::new(trial.percent, trial.key.clone())?;
    Some((woken(keep, component, version)?, Arc::new(share)))
}

/// The version, if it can be loaded.
fn woken(keep: &Keep, component: &str, version: &Asleep) -> Option<Arc<Version>> {
    let woken = keep.wake(version);
    if let Err(error) = &woken {
        tracing::error!(
            component,
            version = version.record.number,
            %error,
            "a version that was deployed cannot be served"
        );
    }
    woken.ok()
}
