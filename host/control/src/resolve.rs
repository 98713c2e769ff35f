//! From an address to the deployment and method it means.

use std::sync::Arc;

use ostler_call::{Address, Head, Metadata, Status};
use ostler_schema::Method;

use crate::admit::{NotEntered, Permit};
use crate::registry::{DEFAULT_TENANT, Deployed, Registry};

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

/// The version and method a call means, and a permit that keeps both live.
/// `check` may refuse the call before it takes a permit.
///
/// # Errors
/// `NOT_FOUND` naming the service or the method, what `check` says, and
/// `RESOURCE_EXHAUSTED` when as many calls run as may.
pub(crate) fn pin<T>(
    registry: &Registry,
    head: &Head,
    check: impl Fn(&Pinned) -> Result<T, Status>,
) -> Result<(Pinned, T, Permit), Status> {
    for _ in 0..LOOKS {
        let pinned = resolve(registry, &head.address, &head.metadata)?;
        let checked = check(&pinned)?;
        match pinned.deployed.calls.enter() {
            Ok(permit) => return Ok((pinned, checked, permit)),
            Err(NotEntered::Full(status)) => return Err(status),
            // It was replaced since it was found: its successor is live.
            Err(NotEntered::Closed) => {}
        }
    }
    Err(Status::unavailable(
        "the service is being replaced faster than calls can enter it",
    ))
}

/// Finds in one read of the snapshot.
fn resolve(registry: &Registry, address: &Address, metadata: &Metadata) -> Result<Pinned, Status> {
    let Address { service, method } = address;
    registry
        .read(DEFAULT_TENANT, |services| {
            let target = services.get(service)?;
            let pinned = |(deployed, service): (&Arc<Deployed>, usize)| {
                let method = deployed.method(service, target.profile, method)?;
                Some(Pinned {
                    deployed: Arc::clone(deployed),
                    service,
                    method,
                })
            };
            // A method that the version on trial does not have is not tried.
            Some(pinned(target.pick(metadata)).or_else(|| pinned(target.current())))
        })
        .flatten()
        .ok_or_else(|| Status::not_found(format!("Service '{service}' not found")))?
        .ok_or_else(|| {
            Status::not_found(format!(
                "Method '{method}' not found in service '{service}'"
            ))
        })
}
