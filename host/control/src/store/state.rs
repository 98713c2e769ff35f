//! What is deployed, as it is in the state file: JSON, so that a person can
//! read it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ostler_runtime::Limits;
use serde::{Deserialize, Serialize};

use super::files::Digest;
use crate::deploy::{Bounds, Probe, Settings};
use crate::registry::{CallLimits, Outline};

/// A change of what is deployed, a line of the state file: the component as it
/// is from then on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// It is new: its place is behind all others.
    Added(Component),
    /// It keeps its place.
    Changed(Component),
    /// Its place is before all others: it gets the names it shares with them.
    Promoted(Component),
    /// It is there no longer.
    Removed(String),
}

impl Change {
    pub(super) fn digests(&self) -> Vec<Digest> {
        match self {
            Self::Added(now) | Self::Changed(now) | Self::Promoted(now) => now.digests().collect(),
            Self::Removed(_) => Vec::new(),
        }
    }
}

/// What is deployed after a number of changes.
#[derive(Debug, Default)]
pub(super) struct Components {
    /// Each with its place, by name.
    by_name: HashMap<String, (i64, Component)>,
    /// No place is as far from zero.
    end: i64,
    /// Those that were met last: most components have the same.
    settings: Arc<Settings>,
}

impl Components {
    /// Makes a change; gives what the component was before.
    pub(super) fn apply(&mut self, change: Change) -> Option<Component> {
        self.end += 1;
        let (place, mut component) = match change {
            Change::Added(component) => (self.end, component),
            Change::Changed(component) => {
                let before = self.by_name.get(&component.name);
                (before.map_or(self.end, |(place, _)| *place), component)
            }
            Change::Promoted(component) => (-self.end, component),
            Change::Removed(name) => return self.by_name.remove(&name).map(|(_, before)| before),
        };
        for version in &mut component.versions {
            self.share(&mut version.settings);
        }
        let name = component.name.clone();
        let before = self.by_name.insert(name, (place, component));
        before.map(|(_, before)| before)
    }

    fn share(&mut self, settings: &mut Arc<Settings>) {
        if self.settings == *settings {
            *settings = self.settings.clone();
        } else {
            self.settings = settings.clone();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// In the order of their places.
    pub(super) fn all(&self) -> Vec<&Component> {
        let mut all: Vec<_> = self.by_name.values().collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, component)| component).collect()
    }
}

/// A component that was deployed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    pub(crate) name: String,
    /// The version that calls go to; one that is not among `versions` is that
    /// of the configuration.
    pub(crate) current: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trial: Option<Trial>,
    /// The highest number that any version had.
    pub(crate) last: u32,
    /// Oldest first.
    pub(crate) versions: Box<[Record]>,
}

impl Component {
    pub(super) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.versions.iter().map(|version| version.digest)
    }
}

/// The version that gets a share of the calls.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trial {
    pub(crate) number: u32,
    pub(crate) percent: f64,
    /// Metadata whose value decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

/// A version as it is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) number: u32,
    pub(crate) digest: Digest,
    pub(crate) label: String,
    /// What it answers to, so that it need not be read to be found; empty where
    /// nothing was written of it.
    #[serde(default)]
    pub(crate) services: Box<[Outline]>,
    #[serde(with = "shared")]
    pub(crate) settings: Arc<Settings>,
    /// What its calls must be like while it is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bounds: Option<Bounds>,
    /// Why calls were taken from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) blame: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Settings", deny_unknown_fields)]
struct SettingsFields {
    #[serde(with = "LimitsFields")]
    guest: Limits,
    #[serde(with = "CallFields")]
    call: CallLimits,
    config: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probe: Option<Probe>,
}

/// What several versions share is written for each.
mod shared {
    use std::sync::Arc;

    use serde::{Deserializer, Serializer};

    use super::{Settings, SettingsFields};

    pub(super) fn serialize<S: Serializer>(
        settings: &Arc<Settings>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        SettingsFields::serialize(settings, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<Settings>, D::Error> {
        SettingsFields::deserialize(from).map(Arc::new)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Limits", deny_unknown_fields)]
struct LimitsFields {
    memory: usize,
    table_elements: usize,
    cpu: Duration,
    instances: usize,
    handles: usize,
    stream_idle: Duration,
    cancel_grace: Duration,
    log_lines_per_second: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "CallLimits", deny_unknown_fields)]
struct CallFields {
    timeout: Option<Duration>,
    message: usize,
    reply: Option<usize>,
    depth: usize,
    concurrency: usize,
}
