//! What a component's WIT says: services, methods, types.

use std::collections::BTreeMap;

use crate::{ContractError, Plan, Service, StreamResource, extract};

/// The contract of one component, ready for calls.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Exported interfaces other than those of `ostler:*` and `wasi:*`, in
    /// order of export.
    pub services: Vec<Service>,
    /// Every type they use.
    pub plan: Plan,
    /// Every stream resource the component imports.
    pub streams: Vec<StreamResource>,
    /// The author's WIT by path, from the section `ostler:contract`; else
    /// what the component itself says, as one file.
    pub wit: BTreeMap<String, String>,
    /// The author's `ostler.lock`, if embedded.
    pub lock: Option<String>,
}

impl Contract {
    /// Reads the contract of a component.
    ///
    /// # Errors
    /// [`ContractError`] when the bytes are no component, it exports no
    /// service, a rule of the contract is violated, or it uses native streams.
    pub fn from_component(bytes: &[u8]) -> Result<Self, ContractError> {
        extract::from_component(bytes)
    }

    /// What a component's contract is read from, without the rest of it: a few
    /// kilobytes of a component of megabytes.
    ///
    /// # Errors
    /// [`ContractError`] as [`from_component`](Self::from_component), and should
    /// the contract not be the same that way.
    pub fn extract(component: &[u8]) -> Result<Vec<u8>, ContractError> {
        extract::extract(component)
    }

    /// The contract of a component of which [`extract`](Self::extract) gave
    /// these bytes.
    ///
    /// # Errors
    /// [`ContractError`] for other bytes.
    pub fn from_extract(bytes: &[u8]) -> Result<Self, ContractError> {
        extract::from_extract(bytes)
    }

    /// Whether a component of so many bytes may be read at all, to be asked
    /// before it is.
    ///
    /// # Errors
    /// [`ContractError`] when it is too large.
    pub fn check_size(bytes: u64) -> Result<(), ContractError> {
        extract::check_size(bytes)
    }

    /// The contract of WIT: an author's, or what [`wit`](Self::wit) holds. Its
    /// streams are those that a component built from it would import.
    ///
    /// # Errors
    /// [`ContractError`] when it is no WIT, or a rule of the contract is
    /// violated.
    pub fn from_wit(
        files: BTreeMap<String, String>,
        lock: Option<String>,
    ) -> Result<Self, ContractError> {
        extract::from_wit(files, lock)
    }
}
