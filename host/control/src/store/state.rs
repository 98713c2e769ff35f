//! The state file: JSON, so that a person can read it.

use std::path::Path;
use std::time::Duration;

use ostler_runtime::Limits;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::files::Digest;
use crate::deploy::{Probe, Settings};
use crate::registry::{CallLimits, Outline};

/// The one format there is.
pub(super) const FORMAT: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(rename = "format")]
    _format: u64,
    components: Vec<Component>,
}

/// What every format has.
#[derive(Deserialize)]
struct Head {
    format: u64,
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
    pub(crate) versions: Vec<Record>,
}

impl Component {
    pub(super) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.versions.iter().map(|version| version.digest.clone())
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
    #[serde(with = "SettingsFields")]
    pub(crate) settings: Settings,
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

/// Why a text is no state.
#[derive(Debug)]
pub(super) enum Unreadable {
    Format(u64),
    Damaged(String),
}

impl Unreadable {
    pub(super) fn of(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Format(format) => StoreError::Format { path, format },
            Self::Damaged(why) => StoreError::State { path, why },
        }
    }
}

pub(super) fn parse(text: &[u8]) -> Result<Vec<Component>, Unreadable> {
    let damaged = |e: serde_json::Error| Unreadable::Damaged(e.to_string());
    let Head { format } = serde_json::from_slice(text).map_err(damaged)?;
    if format != FORMAT {
        return Err(Unreadable::Format(format));
    }
    let whole: Whole = serde_json::from_slice(text).map_err(damaged)?;
    Ok(whole.components)
}

/// A line for each component.
pub(super) fn text(components: &[Component]) -> serde_json::Result<Vec<u8>> {
    let mut text = format!("{{\"format\": {FORMAT}, \"components\": [").into_bytes();
    for (place, component) in components.iter().enumerate() {
        text.extend_from_slice(if place == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut text, component)?;
    }
    text.extend_from_slice(b"\n]}\n");
    Ok(text)
}
