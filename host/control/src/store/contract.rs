//! Contracts, kept beside their components: kilobytes that are read instead of
//! megabytes when a component sleeps.
//!
//! A line, and the component's [`extract`](Contract::extract). The line says the
//! format and has the digests of both, so that what is damaged, of another
//! component or of another host's format is as good as absent: the component is
//! read, and its contract written anew.

use std::fs;

use ostler_schema::Contract;

use super::Kept;
use super::files::Digest;
use crate::deploy::DeployError;

/// Changes with what an extract has or means.
const FORMAT: u32 = 1;

impl Kept {
    /// The contract of the component. Blocking.
    ///
    /// # Errors
    /// [`DeployError::Store`] when the component has to be read and is not what
    /// was written.
    pub(crate) fn contract(&self) -> Result<Contract, DeployError> {
        if let Some(contract) = self.kept_contract() {
            return Ok(contract);
        }
        let component = self.read().map_err(DeployError::Store)?;
        let contract = Contract::from_component(&component).map_err(DeployError::Contract)?;
        self.keep_contract(&component);
        Ok(contract)
    }

    fn kept_contract(&self) -> Option<Contract> {
        let path = self.contract_path();
        let kept = fs::read(&path).ok()?;
        let contract = self.parse(&kept);
        if contract.is_none() {
            let path = path.display();
            tracing::warn!(%path, "a kept contract cannot be used; reading its component");
        }
        contract
    }

    fn parse(&self, kept: &[u8]) -> Option<Contract> {
        let end = kept.iter().position(|byte| *byte == b'\n')? + 1;
        let (line, extract) = kept.split_at(end);
        let whole = line == self.line(extract).as_bytes();
        whole.then(|| Contract::from_extract(extract).ok())?
    }

    /// Keeps the contract of the component, which has these bytes. Blocking.
    pub(crate) fn keep_contract(&self, component: &[u8]) {
        let kept = match Contract::extract(component) {
            Ok(extract) => [self.line(&extract).as_bytes(), &extract].concat(),
            Err(error) => {
                tracing::warn!(%error, "a contract cannot be kept apart from its component");
                return;
            }
        };
        if let Err(error) = self.write_contract(&kept) {
            tracing::warn!(%error, "a contract was not kept");
        }
    }

    fn line(&self, extract: &[u8]) -> String {
        let (component, digest) = (self.digest(), Digest::of(extract));
        format!("ostler contract {FORMAT} {component} {digest}\n")
    }
}
