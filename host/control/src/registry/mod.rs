//! What is live: immutable snapshots, replaced whole and read without locks.
//! The first level maps a tenant's name to the tenant, the second, one per
//! tenant, a service's name to the versions that answer for it.

mod catalogue;
mod deployed;
mod services;
mod share;
mod version;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;

pub(crate) use self::catalogue::Catalogue;
pub use self::deployed::{CallLimits, Deployed};
pub use self::services::RegistryError;
pub(crate) use self::services::{Canary, Live, Profile, Services, short_names};
pub use self::share::Share;
pub(crate) use self::version::{Outline, Version};

use crate::clock;

/// The tenant of a host that has no other.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// First level: every tenant of the host.
#[derive(Debug)]
pub(crate) struct Registry {
    born: Instant,
    tenants: ArcSwap<HashMap<Box<str>, Arc<Tenant>>>,
}

/// One tenant: its services, swapped whole.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    services: ArcSwap<Services>,
}

impl Registry {
    /// One tenant, `default`, that has nothing yet.
    pub(crate) fn new() -> Self {
        let tenant = Arc::<Tenant>::default();
        Self {
            born: clock::now(),
            tenants: ArcSwap::from_pointee(HashMap::from([(DEFAULT_TENANT.into(), tenant)])),
        }
    }

    /// How long it has been there, milliseconds.
    pub(crate) fn millis(&self, now: Instant) -> u64 {
        let age = now.saturating_duration_since(self.born);
        age.as_secs() * 1_000 + u64::from(age.subsec_millis())
    }

    /// Reads the services of a tenant as they are now; `read` must not block.
    pub(crate) fn read<T>(&self, tenant: &str, read: impl FnOnce(&Services) -> T) -> Option<T> {
        let tenants = self.tenants.load();
        let services = tenants.get(tenant)?.services.load();
        Some(read(&services))
    }

    /// Every call from now on reads these services of a tenant.
    pub(crate) fn publish(&self, tenant: &str, services: Services) {
        if let Some(tenant) = self.tenants.load().get(tenant) {
            tenant.services.store(Arc::new(services));
        }
    }
}
