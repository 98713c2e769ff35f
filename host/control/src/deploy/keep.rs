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
    let mut asleep: Vec<_> = component
        .versions
        .iter()
        .map(|record| {
            let file = Arc::new(keep.store.file(record));
            Arc::new(Asleep {
                record: record.clone(),
                file,
            })
        })
        .collect();
    let configured = control.current(name).is_some();
    let known = asleep.iter().any(|v| v.record.number == component.current);
    let newest = match (known, configured) {
        (true, _) => component.current,
        // Calls went to the version of the configuration.
        (false, true) => 0,
        (false, false) => {
            tracing::warn!(
                component = name,
                "the configuration has it no longer; the newest version that was deployed is \
                 served. To end that: ostler drain {name}"
            );
            u32::MAX
        }
    };
    asleep.sort_by_key(|version| std::cmp::Reverse(version.record.number));
    let mut candidates = asleep.iter().filter(|v| v.record.number <= newest);
    let current = candidates.find_map(|version| woken(keep, name, version));
    if let (Some(current), true) = (&current, configured) {
        tracing::warn!(
            component = name,
            version = current.number,
            "a deployed version replaces the one of the configuration; to go back to that: \
             ostler drain {name}, and restart"
        );
    }
    let trial = component.trial.as_ref();
    let canary = trial.and_then(
        |Trial {
             number,
             percent,
             key,
         }| {
            let version = asleep.iter().find(|v| v.record.number == *number)?;
            let share = Share::new(*percent, key.clone())?;
            Some((woken(keep, name, version)?, Arc::new(share)))
        },
    );
    let on_trial = canary.as_ref().map(|(version, _)| version.number);
    let loaded = [current.as_ref().map(|version| version.number), on_trial];
    asleep.retain(|version| !loaded.contains(&Some(version.record.number)));
    control.restore(Restored {
        name: name.clone(),
        current,
        canary,
        asleep,
        last: component.last,
    })
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
