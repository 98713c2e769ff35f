//! One version of a component, live: what its calls need that does not depend
//! on the call.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ostler_call::Status;
use ostler_runtime::Deployment;
use ostler_schema::{Contract, Method, Service};

use super::{DEFAULT_TENANT, Profile};
use crate::admit::Concurrency;
use crate::deploy::{Probe, Settings, Watch};
use crate::metrics::{Meters, Metrics};

/// What one call of a deployment may take; bounds of the guest itself are
/// the runtime's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallLimits {
    /// The longest a call with one reply may take. `None`: `@timeout`, or
    /// 30 s without one. Calls that stream replies have no total limit but
    /// the caller's and `@timeout`.
    pub timeout: Option<Duration>,
    /// Bytes of one encoded message of a request.
    pub message: usize,
    /// Bytes of one encoded message of a reply. `None`: as many as of a
    /// request.
    pub reply: Option<usize>,
    /// Nesting of JSON.
    pub depth: usize,
    /// Calls at once.
    pub concurrency: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            timeout: None,
            message: 4 << 20,
            reply: None,
            depth: 100,
            concurrency: 256,
        }
    }
}

impl CallLimits {
    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a request message of too many bytes.
    pub(crate) fn check_request(&self, size: usize) -> Result<(), Status> {
        within(size, self.message, "request", "message")
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a reply message of too many bytes.
    pub(crate) fn check_reply(&self, size: usize) -> Result<(), Status> {
        let (limit, key) = match self.reply {
            Some(limit) => (limit, "reply"),
            None => (self.message, "message"),
        };
        within(size, limit, "reply", key)
    }
}

fn within(size: usize, limit: usize, what: &str, key: &str) -> Result<(), Status> {
    if size <= limit {
        return Ok(());
    }
    Err(Status::resource_exhausted(format!(
        "the {what} message has {size} bytes, the limit is {limit} (limits.{key})"
    )))
}

/// How long a call with one reply may take when nobody says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// One live component and everything a call needs that does not depend on
/// the call.
#[derive(Debug)]
pub struct Deployed {
    /// Where it came from, for messages.
    pub(crate) label: String,
    pub(crate) contract: Arc<Contract>,
    pub(crate) deployment: Deployment,
    pub(crate) limits: CallLimits,
    /// What its instances have to answer before calls go to it.
    pub(crate) probe: Option<Probe>,
    pub(crate) calls: Arc<Concurrency>,
    /// How its calls end, while somebody wants to know.
    pub(crate) watch: Watch,
    services: Vec<ServiceIndex>,
    /// Looked up once: calls find their counters by index.
    meters: OnceLock<Meters>,
}

/// The methods of one service by name, and what is computed for each.
#[derive(Debug)]
struct ServiceIndex {
    plain: HashMap<Box<str>, usize>,
    proto: HashMap<Box<str>, usize>,
    /// The longest each method may take.
    timeouts: Vec<Option<Duration>>,
}

impl Deployed {
    /// A deployment that came from `label` (a path or a name).
    pub fn new(
        label: impl Into<String>,
        contract: Arc<Contract>,
        deployment: Deployment,
        limits: CallLimits,
    ) -> Self {
        let services = contract
            .services
            .iter()
            .map(|service| ServiceIndex::new(service, &limits))
            .collect();
        Self {
            label: label.into(),
            contract,
            deployment,
            calls: Concurrency::new(limits.concurrency),
            watch: Watch::default(),
            limits,
            probe: None,
            services,
            meters: OnceLock::new(),
        }
    }

    /// The same, whose instances have to answer this.
    pub(crate) fn probed_with(self, probe: Option<Probe>) -> Self {
        Self { probe, ..self }
    }

    /// The counters of its methods, by service.
    pub(crate) fn meters(&self, metrics: &Metrics) -> &Meters {
        let new = || metrics.of(DEFAULT_TENANT, &self.contract);
        self.meters.get_or_init(new)
    }

    /// What it is held to and given.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            guest: self.deployment.limits().clone(),
            call: self.limits.clone(),
            config: self.deployment.config().to_vec(),
            probe: self.probe.clone(),
        }
    }

    /// The method of that name in the profile its service was named in; a
    /// name of the other profile does as well.
    pub(crate) fn method(&self, service: usize, profile: Profile, name: &str) -> Option<usize> {
        let ServiceIndex { plain, proto, .. } = &self.services[service];
        let (first, second) = match profile {
            Profile::Plain => (plain, proto),
            Profile::Proto => (proto, plain),
        };
        first.get(name).or_else(|| second.get(name)).copied()
    }

    pub(crate) fn timeout(&self, service: usize, method: usize) -> Option<Duration> {
        self.services[service].timeouts[method]
    }
}

impl ServiceIndex {
    fn new(service: &Service, limits: &CallLimits) -> Self {
        let methods = || service.methods.iter().enumerate();
        Self {
            plain: methods()
                .map(|(i, method)| (method.name.plain.clone(), i))
                .collect(),
            proto: methods()
                .map(|(i, method)| (method.proto.as_str().into(), i))
                .collect(),
            timeouts: service
                .methods
                .iter()
                .map(|method| own_timeout(method, limits))
                .collect(),
        }
    }
}

/// The longest `method` may take, whatever its caller grants.
fn own_timeout(method: &Method, limits: &CallLimits) -> Option<Duration> {
    if method.pattern.streams_out() {
        return method.timeout;
    }
    Some(match (method.timeout, limits.timeout) {
        (Some(tag), Some(limit)) => tag.min(limit),
        (one, other) => one.or(other).unwrap_or(DEFAULT_TIMEOUT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_over_a_limit_are_refused() {
        let one = CallLimits {
            message: 4,
            ..CallLimits::default()
        };
        let two = CallLimits {
            reply: Some(5),
            ..one.clone()
        };
        let said = |checked: Result<(), Status>| checked.err().map(|s| s.message().to_owned());
        let over = |text: &str| Some(text.to_owned());
        for (checked, expected) in [
            (one.check_request(4), None),
            (
                one.check_request(5),
                over("the request message has 5 bytes, the limit is 4 (limits.message)"),
            ),
            (one.check_reply(4), None),
            (
                one.check_reply(5),
                over("the reply message has 5 bytes, the limit is 4 (limits.message)"),
            ),
            (
                two.check_request(5),
                over("the request message has 5 bytes, the limit is 4 (limits.message)"),
            ),
            (two.check_reply(5), None),
            (
                two.check_reply(6),
                over("the reply message has 6 bytes, the limit is 5 (limits.reply)"),
            ),
        ] {
            assert_eq!(said(checked), expected);
        }
    }
}
