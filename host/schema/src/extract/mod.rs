//! A contract from the bytes of a component, or from WIT alone.

mod agree;
mod assemble;
mod binary;
mod component;
mod error;
mod native;
mod request;
mod resources;
mod text;

use std::collections::BTreeMap;

use ostler_wit::Package;
use ostler_wit::section::Section;
use wit_parser::{Resolve, WorldId};

use self::assemble::Author;
pub(crate) use self::binary::check_size;
pub use self::error::ContractError;
use crate::Contract;

pub(crate) fn from_component(bytes: &[u8]) -> Result<Contract, ContractError> {
    let records = binary::records(bytes)?;
    let (resolve, world) = binary::decode(bytes)?;
    contract(&resolve, world, records)
}

/// The component's WIT in binary form, and the author's as in a component.
pub(crate) fn extract(bytes: &[u8]) -> Result<Vec<u8>, ContractError> {
    let records = binary::records(bytes)?;
    let (resolve, world) = binary::decode(bytes)?;
    let whole = contract(&resolve, world, records.clone())?;
    let section = author(&resolve, world, records)?.map(|Author { package, lock }| Section {
        wit: package.files().clone(),
        lock,
    });
    let extract = binary::encode(&resolve, world, section.as_ref())?;
    // Whatever the encoder made of it: what is said is the same, or is not kept.
    let kept = from_extract(&extract)?;
    if format!("{whole:?}") != format!("{kept:?}") {
        let text = "the contract cannot be told from its types alone";
        return Err(ContractError::new(text, "keep the component"));
    }
    Ok(extract)
}

pub(crate) fn from_extract(bytes: &[u8]) -> Result<Contract, ContractError> {
    let records = binary::records(bytes)?;
    let (resolve, world) = binary::decode_wit(bytes)?;
    contract(&resolve, world, records)
}

fn contract(
    resolve: &Resolve,
    world: WorldId,
    records: binary::Records,
) -> Result<Contract, ContractError> {
    native::refuse(resolve, world)?;
    let author = author(resolve, world, records)?;
    assemble::contract(resolve, world, author)
}

pub(crate) fn from_wit(
    files: BTreeMap<String, String>,
    lock: Option<String>,
) -> Result<Contract, ContractError> {
    if let Some(printed) = text::printed(&files) {
        let (resolve, world) = text::parse(printed)?;
        native::refuse(&resolve, world)?;
        return assemble::contract(&resolve, world, None);
    }
    let package = package(files)?;
    let lowered = package
        .lower()
        .map_err(|error| ContractError::new(error.to_string(), ""))?;
    let author = Author { package, lock };
    assemble::contract(&lowered.resolve, lowered.world, Some(author))
}

/// The embedded contract that is about this component. The tools' own wins;
/// what a nested module says counts only when it is about an export, since a
/// composed component may bring contracts of parts that are not.
fn author(
    resolve: &Resolve,
    world: WorldId,
    records: binary::Records,
) -> Result<Option<Author>, ContractError> {
    let exports = component::exports(resolve, world)?;
    let is_about = |package: &Package| {
        let mut services = package.services().iter();
        services.any(|service| exports.iter().any(|export| export.name == service.export))
    };
    let outer = !records.outer.is_empty();
    for Section { wit, lock } in records.outer.into_iter().chain(records.nested) {
        let package = package(wit).map_err(|error| error.within("section ostler:contract"))?;
        if is_about(&package) {
            return Ok(Some(Author { package, lock }));
        }
    }
    if outer {
        return Err(ContractError::new(
            format!(
                "the embedded WIT is about none of the exports ({})",
                exports
                    .iter()
                    .map(|e| &*e.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            "build the component again from the WIT it embeds",
        )
        .within("section ostler:contract"));
    }
    Ok(None)
}

fn package(files: BTreeMap<String, String>) -> Result<Package, ContractError> {
    Package::from_files(files).map_err(|error| ContractError::new(error.to_string(), ""))
}
