//! What the admin API says, in JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ostler_control::{
    Bounds, ComponentInfo, DeployError, Drain, Inspected, Probe, Probing, Settings, Share, Step,
    VersionState,
};
use serde::{Deserialize, Serialize};

use crate::config::parse_duration;
use crate::source::RegistryError;

/// `GET /v1/components`: one of a list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Component {
    /// What it was deployed as.
    pub name: String,
    /// Full names of its services.
    pub services: Vec<String>,
    /// Oldest first.
    pub versions: Vec<Version>,
}

/// A version of a component.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Version {
    /// Counts up from 1.
    pub number: u32,
    /// Where it came from.
    pub label: String,
    /// `live`, `canary`, `draining` or `kept`.
    pub state: String,
    /// Of the calls, for a canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Whether it is loaded, and need not be for the next call.
    pub loaded: bool,
    /// Calls that run on it.
    pub running: usize,
    /// Why it was rolled back by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The digest of its file, where the host keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl From<ComponentInfo> for Component {
    fn from(info: ComponentInfo) -> Self {
        let versions = info.versions.into_iter().map(|version| {
            let (state, percent) = match version.state {
                VersionState::Live => ("live", None),
                VersionState::Canary(percent) => ("canary", Some(percent)),
                VersionState::Draining => ("draining", None),
                VersionState::Kept => ("kept", None),
            };
            Version {
                number: version.number,
                label: version.label,
                state: state.to_owned(),
                percent,
                loaded: version.loaded,
                running: version.running,
                reason: version.blame.map(|why| why.to_string()),
                digest: version.digest,
            }
        });
        Self {
            name: info.name,
            services: info.services,
            versions: versions.collect(),
        }
    }
}

/// The query of `POST /v1/components` and of what changes a component.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The component; where it is left out, the one that has its services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A reference of `oci://…`, which the host fetches instead of a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Replace a version although its callers could not go on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Percent of the calls it gets, on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<f64>,
    /// Metadata whose value decides who is on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How long the version before may take to end its calls: `30s`, or
    /// `unlimited`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<String>,
    /// Percent of its calls that may fail by its fault, lest it be rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<f64>,
    /// Within which 95 of 100 of its calls with one reply are to be answered:
    /// `200ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_latency: Option<String>,
    /// Calls that must have ended before either is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_calls: Option<u64>,
    /// How long both are looked at once it gets all calls: `1m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<String>,
    /// A method and the request that each new instance has to answer before
    /// the switch, now and of later versions: `users.get_user {"user_id": 7}`;
    /// `none` for nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// The version to go back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Rollout {
    /// How long the version before may take.
    ///
    /// # Errors
    /// What is wrong with `drain`.
    pub(super) fn drain(&self) -> Result<Drain, String> {
        match self.drain.as_deref() {
            None => Ok(Drain::default()),
            Some("unlimited") => Ok(Drain::Unlimited),
            Some(text) => match parse_duration(text) {
                Some(time) => Ok(Drain::Within(time.min(MAX_TIME))),
                None => Err(format!(
                    "drain is a time such as 30s, or unlimited, not {text:?}"
                )),
            },
        }
    }

    /// What its calls must be like, if anything was said of it.
    ///
    /// # Errors
    /// What is wrong with `max_errors`, `max_latency` or `watch`.
    pub(super) fn bounds(&self) -> Result<Option<Bounds>, String> {
        let Self {
            max_errors,
            max_latency,
            min_calls,
            watch,
            ..
        } = self;
        let times = max_latency.is_some() || watch.is_some();
        if max_errors.is_none() && min_calls.is_none() && !times {
            return Ok(None);
        }
        if let Some(percent) = max_errors.filter(|percent| !(0.0..=100.0).contains(percent)) {
            let text = format!("max_errors is a percentage from 0 to 100, not {percent}");
            return Err(text);
        }
        let time = |name: &str, text: &Option<String>| match text.as_deref() {
            None => Ok(None),
            Some(text) => match parse_duration(text) {
                Some(time) => Ok(Some(time.min(MAX_TIME))),
                None => Err(format!("{name} is a time such as 30s, not {text:?}")),
            },
        };
        let usual = Bounds::default();
        Ok(Some(Bounds {
            errors: max_errors.or(usual.errors),
            latency: time("max_latency", max_latency)?,
            calls: min_calls.unwrap_or(usual.calls),
            time: time("watch", watch)?.unwrap_or(usual.time),
        }))
    }

    /// What its instances have to answer, if anything was said of it.
    ///
    /// # Errors
    /// What is wrong with `probe`.
    pub(super) fn probe(&self) -> Result<Probing, String> {
        match self.probe.as_deref() {
            None => Ok(Probing::AsBefore),
            Some("none") => Ok(Probing::Not),
            Some(text) => text.parse().map(Probing::By),
        }
    }

    /// Which calls a version on trial gets.
    ///
    /// # Errors
    /// What is wrong with `canary` or `key`.
    pub(super) fn share(&self) -> Result<Option<Share>, String> {
        match (self.canary, &self.key) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err("key needs canary, the percent of the calls".to_owned()),
            (Some(percent), key) => match Share::new(percent, key.clone()) {
                Some(share) => Ok(Some(share)),
                None => Err(format!(
                    "canary is a percentage from 0 to 100, not {percent}"
                )),
            },
        }
    }
}

/// As long as anybody could mean.
const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// The header of `POST /v1/components` that has the signature of its body, in
/// base64.
pub(super) const SIGNATURE: &str = "ostler-signature";

/// A component that is sent to be deployed; an empty one goes with
/// [`Rollout::source`].
#[derive(Clone, Debug, Default)]
pub struct Upload {
    /// Its bytes.
    pub component: Bytes,
    /// Its detached signature, where it has one.
    pub signature: Option<Bytes>,
}

impl From<Bytes> for Upload {
    /// Without a signature.
    fn from(component: Bytes) -> Self {
        Self {
            component,
            signature: None,
        }
    }
}

/// One line of the answer to `POST /v1/components`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// What the deployment has come to: `fetching`, `checking`, `compiling`, `warming`,
    /// `waiting`, `live`.
    Step(String),
    /// The last line: it is live.
    Deployed(Placed),
    /// The last line: it is not, and what was live still is.
    Error(Fault),
}

impl Event {
    pub(super) fn step(step: Step) -> Self {
        let name = match step {
            Step::Checking => "checking",
            Step::Compiling => "compiling",
            Step::Warming => "warming",
            Step::Waiting => "waiting",
            Step::Live => "live",
        };
        Self::Step(name.to_owned())
    }
}

/// `GET /v1/components/NAME`: one component, and the version that calls go to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Detail {
    /// What the list has of it.
    #[serde(flatten)]
    pub component: Component,
    /// Its methods; none where its contract cannot be read.
    pub methods: Vec<MethodDetail>,
    /// What it is held to, as in a configuration.
    pub limits: BTreeMap<String, String>,
    /// What its instances have to answer before calls go to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
}

/// A method of a component.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MethodDetail {
    /// The service, as it is called in JSON.
    pub service: String,
    /// The method.
    pub name: String,
    /// `unary`, `server_streaming`, `client_streaming` or `bidi_streaming`.
    pub pattern: String,
    /// Whether it may be called again.
    pub idempotent: bool,
}

impl From<Inspected> for Detail {
    fn from(inspected: Inspected) -> Self {
        let contract = inspected.contract.as_deref();
        let services = contract.map_or(&[][..], |contract| &contract.services);
        let methods = services.iter().flat_map(|service| {
            service.methods.iter().map(|method| MethodDetail {
                service: service.name.plain.to_string(),
                name: method.name.plain.to_string(),
                pattern: method.pattern.name().to_owned(),
                idempotent: method.idempotent,
            })
        });
        Self {
            methods: methods.collect(),
            limits: limits(&inspected.settings),
            probe: inspected.settings.probe.as_ref().map(Probe::to_string),
            component: inspected.component.into(),
        }
    }
}

fn limits(settings: &Settings) -> BTreeMap<String, String> {
    let (guest, call) = (&settings.guest, &settings.call);
    let bytes = |bytes: usize| match bytes {
        bytes if bytes > 0 && bytes % (1 << 20) == 0 => format!("{}MiB", bytes >> 20),
        bytes => bytes.to_string(),
    };
    let time = |time: Duration| format!("{time:?}");
    let timeout = call.timeout.map(|limit| ("timeout", time(limit)));
    let all = [
        ("memory", bytes(guest.memory)),
        ("cpu", time(guest.cpu)),
        ("stream-idle", time(guest.stream_idle)),
        ("instances", guest.instances.to_string()),
        ("concurrency", call.concurrency.to_string()),
        ("message", bytes(call.message)),
    ];
    let all = all.into_iter().chain(timeout);
    all.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The query of `GET /v1/logs`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// Lines about this component alone, or about the one with this service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Those to come as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub follow: bool,
    /// How many of those so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<usize>,
}

/// One line of the answer to `GET /v1/logs`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEvent {
    /// A line of the log.
    Line(LogLine),
    /// So many lines are missing here, since the reader was too slow.
    Dropped(u64),
}

/// A line of the log.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LogLine {
    /// When, as in RFC 3339.
    pub time: String,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// Which part of the host; `ostler::guest` for lines of guests.
    pub target: String,
    /// What.
    pub message: String,
    /// Of what.
    pub fields: BTreeMap<String, String>,
}

/// What calls go to after a change.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Placed {
    /// The component.
    pub component: String,
    /// Its version.
    pub version: u32,
    /// How its contract differs from that of the version before, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

impl Placed {
    /// That version of that component.
    pub(super) fn new(component: String, version: u32) -> Self {
        Self {
            component,
            version,
            differences: Vec::new(),
        }
    }
}

/// What went wrong.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fault {
    /// A word for machines: `unauthorized`, `breaking`, `not_found` and so on.
    pub code: String,
    /// Words and a remedy for people.
    pub message: String,
}

impl Fault {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// Of a component that did not come from its registry.
    pub(super) fn of_registry(error: &RegistryError) -> Self {
        let code = match error {
            error if error.is_usage() => "request",
            error if error.is_of_component() => "artifact",
            _ => "registry",
        };
        Self::new(code, error.to_string())
    }

    /// The fault, and the HTTP status where it is the whole answer.
    pub(super) fn of(error: &DeployError) -> (u16, Self) {
        let (status, code) = match error {
            DeployError::Untrusted(_) => (403, "untrusted"),
            DeployError::Contract(_) => (422, "contract"),
            DeployError::Breaking(_) => (409, "breaking"),
            DeployError::Load(_) => (422, "load"),
            DeployError::Start(_) => (422, "start"),
            DeployError::Probe(_) => (422, "probe"),
            DeployError::Names(_) => (409, "names"),
            DeployError::Unknown(_) => (404, "not_found"),
            DeployError::NoVersion { .. } => (409, "no_version"),
            DeployError::Overtaken(_) => (409, "overtaken"),
            DeployError::Store(_) | DeployError::Outline => (500, "store"),
            DeployError::Panicked(_) => (500, "internal"),
            DeployError::Leaving => (503, "shutting_down"),
        };
        (status, Self::new(code, error.to_string()))
    }
}
