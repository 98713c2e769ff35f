//! A call that every new instance has to answer before the switch: a new version
//! that cannot is refused, and one that can has done its first work.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ostler_call::{Deadline, Encoding};
use ostler_runtime::{Failure, Trial};
use ostler_schema::{Contract, Method, Service, codec};
use serde::{Deserialize, Serialize};

use super::DeployError;
use crate::clock;
use crate::registry::{Deployed, Outline};

/// A method with one request message, and that message: `users.get_user
/// {"user_id": 7}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Probe {
    service: String,
    method: String,
    /// JSON, as over HTTP.
    request: String,
}

/// What the instances of a version have to answer before calls go to it.
#[derive(Clone, Debug, Default)]
pub enum Probing {
    /// What its settings say.
    #[default]
    AsBefore,
    /// Nothing, and nor do later versions.
    Not,
    /// This, and so do later versions.
    By(Probe),
}

impl Probe {
    /// The call it is in this contract.
    ///
    /// # Errors
    /// [`DeployError::Probe`]: there is no such method, or the request is none
    /// of its.
    pub(super) fn of(&self, contract: &Contract, depth: usize) -> Result<Trial, DeployError> {
        let unfit = |why: String| DeployError::Probe(format!("the probe `{self}`: {why}"));
        let (service, method) = self.find(contract).ok_or_else(|| {
            let all = methods(contract).join(", ");
            unfit(format!(
                "the component has no such method; it has {all}; --probe says another, \
                 --probe none does without"
            ))
        })?;
        let found = &contract.services[service].methods[method];
        if found.pattern.streams_in() {
            return Err(unfit(
                "its requests are a stream; a probe sends one".to_owned(),
            ));
        }
        let (encoding, request) = (Encoding::PlainJson, &found.request);
        let text = self.request.clone().into_bytes().into();
        let value = codec::decode(encoding, &contract.plan, request.codec(), &text, depth);
        let value = value.map_err(|status| unfit(status.to_string()))?;
        Ok(Trial {
            service,
            method,
            arguments: request.arguments(value),
        })
    }

    fn find(&self, contract: &Contract) -> Option<(usize, usize)> {
        let named = |service: &Service| Outline::of_service(service).is_called(&self.service);
        let service = contract.services.iter().position(named)?;
        let named = |m: &Method| *m.name.plain == *self.method || m.proto == self.method;
        let methods = &contract.services[service].methods;
        Some((service, methods.iter().position(named)?))
    }
}

/// Has every instance that waits for calls answer the probe of its version.
///
/// # Errors
/// [`DeployError::Probe`] with what the first one said that could not, or not
/// `within` this time.
pub(crate) async fn probe(deployed: &Deployed, within: Duration) -> Result<(), DeployError> {
    let (Some(probe), Some(deadline)) = (&deployed.probe, Deadline::after(clock::now(), within))
    else {
        return Ok(());
    };
    let trial = probe.of(&deployed.contract, deployed.limits.depth)?;
    let answered = deployed.deployment.probe(&trial, deadline).await;
    answered.map_err(|failure| {
        let said = match failure {
            Failure::Error(_) => "the method returned an error of its own type".to_owned(),
            Failure::Status(status) | Failure::Host(status) | Failure::Start(status) => {
                status.to_string()
            }
        };
        DeployError::Probe(format!("the probe `{probe}` failed: {said}"))
    })
}

fn methods(contract: &Contract) -> Vec<String> {
    let services = contract.services.iter();
    let methods = services.flat_map(|service| {
        let of = |method: &Method| format!("{}.{}", service.name.plain, method.name.plain);
        service.methods.iter().map(of)
    });
    methods.collect()
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} {}", self.service, self.method, self.request)
    }
}

impl FromStr for Probe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, request) = text.trim().split_once(' ').unwrap_or((text.trim(), "{}"));
        let named = address.rsplit_once(['.', '/']);
        let named = named.filter(|(service, method)| !service.is_empty() && !method.is_empty());
        let (service, method) = named.ok_or_else(|| {
            format!(
                "a probe is a method and its request, such as users.get_user \
                 {{\"user_id\": 7}}, not {text:?}"
            )
        })?;
        Ok(Self {
            service: service.to_owned(),
            method: method.to_owned(),
            request: request.trim().to_owned(),
        })
    }
}

impl TryFrom<String> for Probe {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Probe> for String {
    fn from(probe: Probe) -> Self {
        probe.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_a_method_and_its_request() {
        for (text, read) in [
            (
                "users.get_user {\"user_id\": 7}",
                "users.get_user {\"user_id\": 7}",
            ),
            (" users.v1.get_user ", "users.v1.get_user {}"),
            (
                "demo.users.v1.Users/GetUser {}",
                "demo.users.v1.Users.GetUser {}",
            ),
        ] {
            assert_eq!(text.parse::<Probe>().unwrap().to_string(), read);
        }
        for text in ["", "users", "users.", ".get_user {}", "{\"user_id\": 7}"] {
            let error = text.parse::<Probe>().unwrap_err();
            assert!(error.starts_with("a probe is a method"), "{error}");
        }
    }
}
