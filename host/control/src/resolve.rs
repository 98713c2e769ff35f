//! From an address to the deployment and method it means.

use std::sync::Arc;
use std::time::Instant;

use ostler_call::{Address, Head, Status};
use ostler_schema::Method;

use crate::admit::{NotEntered, Permit};
use crate::registry::{DEFAULT_TENANT, Deployed, Registry, Version};

/// How often a call looks anew when the version it found has just closed.
const LOOKS: usize = 100;

/// A method of a deployment that stays live as long as this does.
#[derive(Clone, Debug)]
pub(crate) struct Pinned {
    pub(crate) deployed: Arc<Deployed>,
    pub(crate) service: usize,
    pub(crate) method: usize,
}

impl Pinned {
    pub(crate) fn method(&self) -> &Method {
        &self.deployed.contract.services[self.service].methods[self.method]
    }
}

/// What a call found.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// The version and method it means, what `check` said, and a permit that
    /// keeps both live.
    Pinned(Pinned, T, Permit),
    /// The version it means, which is not loaded.
    Asleep(Arc<Version>),
}

/// Looks for what a call means. `check` may refuse the call before it takes a
/// permit.
///
/// # Errors
/// `NOT_FOUND` naming the service or the method, what `check` says, and
/// `RESOURCE_EXHAUSTED` when as many calls run as may.
pub(crate) fn pin<T>(
    registry: &Registry,
    head: &Head,
    now: Instant,
    check: impl Fn(&Pinned) -> Result<T, Status>,
) -> Result<Found<T>, Status> {
    for _ in 0..LOOKS {
        let pinned = match resolve(registry, head, now)? {
            Ok(pinned) => pinned,
            Err(asleep) => return Ok(Found::Asleep(asleep)),
        };
        let checked = check(&pinned)?;
        match pinned.deployed.calls.enter() {
            Ok(permit) => return Ok(Found::Pinned(pinned, checked, permit)),
            Err(NotEntered::Full(status)) => return Err(status),
            // It was replaced, or put to sleep, since it was found.
            Err(NotEntered::Closed) => {}
        }
    }
    Err(Status::unavailable(
        "the service is being replaced faster than calls can enter it",
    ))
}

/// Finds in one read of the snapshot; `Err` is a version that is not loaded.
fn resolve(
    registry: &Registry,
    head: &Head,
    now: Instant,
) -> Result<Result<Pinned, Arc<Version>>, Status> {
    let Address { service, method } = &head.address;
    let pinned = |profile, (version, service): (&Arc<Version>, usize)| {
        let Some(deployed) = version.loaded() else {
            return Some(Err(version.clone()));
        };
        version.touch(registry.millis(now));
        let method = deployed.method(service, profile, method)?;
        Some(Ok(Pinned {
            deployed,
            service,
            method,
        }))
    };
    registry
        .read(DEFAULT_TENANT, |services| {
            let target = services.get(service)?;
            let picked = pinned(target.profile, target.pick(&head.metadata));
            // A method that the version on trial does not have is not tried.
            Some(picked.or_else(|| pinned(target.profile, target.current())))
        })
        .flatten()
        .ok_or_else(|| Status::not_found(format!("Service '{service}' not found")))?
        .ok_or_else(|| {
            Status::not_found(format!(
                "Method '{method}' not found in service '{service}'"
            ))
        })
}
