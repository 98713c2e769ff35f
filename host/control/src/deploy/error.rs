//! Why a version was not put live.

use std::fmt;

use ostler_call::Status;
use ostler_runtime::LoadError;
use ostler_schema::ContractError;

use super::TrustError;
use crate::registry::RegistryError;
use crate::store::StoreError;

/// Why a deployment, or a change of one, was refused. What was live before is
/// untouched.
#[derive(Debug)]
pub enum DeployError {
    /// Nobody who is trusted has signed it.
    Untrusted(TrustError),
    /// The component has no contract that can be served.
    Contract(ContractError),
    /// Callers of the version that is live could not go on: each difference
    /// on a line.
    Breaking(Vec<String>),
    /// It cannot be compiled or linked.
    Load(LoadError),
    /// Its instances do not start.
    Start(Status),
    /// They do not answer what they are probed with.
    Probe(String),
    /// Its services are called as others.
    Names(RegistryError),
    /// There is no component of that name.
    Unknown(String),
    /// There is no such version to go back to.
    NoVersion {
        /// The component.
        component: String,
        /// The version that was asked for; else the one before.
        number: Option<u32>,
    },
    /// What is live of this component was changed meanwhile.
    Overtaken(String),
    /// It cannot be kept, or is not kept any more.
    Store(StoreError),
    /// The names of its services are not those it was deployed with.
    Outline,
    /// The host failed while it read or compiled it.
    Panicked(String),
    /// The host is shutting down.
    Leaving,
}

impl fmt::Display for DeployError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted(error) => error.fmt(f),
            Self::Contract(error) => error.fmt(f),
            Self::Breaking(differences) => write!(
                f,
                "it would break callers of the version that is live:\n  {}\ngive its package                  another major version to serve both, or force it",
                differences.join("\n  ")
            ),
            Self::Load(error) => error.fmt(f),
            Self::Start(status) => write!(f, "an instance did not start: {}", status.message()),
            Self::Probe(text) => f.write_str(text),
            Self::Names(error) => error.fmt(f),
            Self::Unknown(name) => write!(
                f,
                "there is no component {name:?}; `ostler list` shows those there are"
            ),
            Self::NoVersion {
                component,
                number: Some(number),
            } => write!(f, "{component:?} has no version {number} to go back to"),
            Self::NoVersion { component, .. } => {
                write!(f, "{component:?} has no earlier version to go back to")
            }
            Self::Overtaken(component) => write!(
                f,
                "{component:?} was changed while an earlier version of it was started; look at \
                 `ostler list`, and roll back again"
            ),
            Self::Store(error) => error.fmt(f),
            Self::Outline => f.write_str(
                "its services are not those it was deployed with; the store was changed by hand, or by another version of this host: deploy it again",
            ),
            Self::Panicked(text) => write!(f, "loading it failed in the host: {text}"),
            Self::Leaving => f.write_str("the host is shutting down"),
        }
    }
}

impl std::error::Error for DeployError {}

impl From<LoadError> for DeployError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}
