//! The contracts of what is live at one moment, read when somebody asks for
//! them: most of it may be asleep.

use std::sync::Arc;

use bytes::Bytes;
use ostler_schema::{Contract, write_contracts};
use tokio::sync::OnceCell;

use super::Version;
use crate::deploy::blocking;

/// What is live, by version.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    versions: Vec<Arc<Version>>,
    text: OnceCell<Bytes>,
}

impl Catalogue {
    pub(super) fn new(versions: Vec<Arc<Version>>) -> Self {
        Self {
            versions,
            text: OnceCell::new(),
        }
    }

    /// Full names of all services, in the order of their components.
    pub(crate) fn services(&self) -> impl Iterator<Item = &str> {
        let services = self.versions.iter().flat_map(|v| &v.services);
        services.map(|service| &*service.proto)
    }

    /// Every contract; one that cannot be read is left out, and logged.
    pub(crate) async fn contracts(&self) -> Vec<Arc<Contract>> {
        let versions = self.versions.clone();
        let read = move || versions.iter().filter_map(|v| read(v)).collect();
        blocking(read).await.unwrap_or_default()
    }

    /// The text of `/.well-known/ostler/contract`.
    pub(crate) async fn text(&self) -> Bytes {
        let write = async || {
            let contracts = self.contracts().await;
            write_contracts(contracts.iter().map(|contract| &**contract))
        };
        self.text.get_or_init(write).await.clone()
    }
}

fn read(version: &Version) -> Option<Arc<Contract>> {
    let contract = version.contract();
    contract
        .inspect_err(
            |error| tracing::error!(label = version.label, %error, "a contract cannot be read"),
        )
        .ok()
}
