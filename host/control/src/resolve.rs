//! From an address to the deployment and method it means.

use std::sync::Arc;

use ostler_call::{Address, Status};
use ostler_schema::Method;

use crate::registry::{DEFAULT_TENANT, Deployed, Registry};

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

/// Finds and pins in one read of the snapshot.
///
/// # Errors
/// `NOT_FOUND` naming the service or the method.
pub(crate) fn resolve(registry: &Registry, address: &Address) -> Result<Pinned, Status> {
    let Address { service, method } = address;
    registry
        .read(DEFAULT_TENANT, |services| {
            let target = services.get(service)?;
            let found = target
                .deployed
                .method(target.service, target.profile, method);
            Some(found.map(|method| Pinned {
                deployed: target.deployed.clone(),
                service: target.service,
                method,
            }))
        })
        .flatten()
        .ok_or_else(|| Status::not_found(format!("Service '{service}' not found")))?
        .ok_or_else(|| {
            Status::not_found(format!(
                "Method '{method}' not found in service '{service}'"
            ))
        })
}
