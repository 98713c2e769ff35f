//! The bytes of a component: what is refused at sight, the contracts embedded
//! in it, and the WIT that its types make.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ostler_wit::section::{self, Section};
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{Parser, Payload};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId};

use super::ContractError;

/// The largest component read, bytes. The largest real ones are interpreters of
/// some 20 MiB.
const MAX_BYTES: u64 = 256 << 20;

/// Components and modules in each other; composition needs a few levels.
const MAX_NESTING: usize = 32;

/// Embedded contracts read; each composed component may bring one.
const MAX_RECORDS: usize = 64;

/// The contracts embedded in a component.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    /// By the tools, at the level of the component itself.
    pub(super) outer: Vec<Section>,
    /// By a compiler, inside a nested module or component.
    pub(super) nested: Vec<Section>,
}

/// Refuses what is no component and collects the embedded contracts.
pub(super) fn records(bytes: &[u8]) -> Result<Records, ContractError> {
    refuse_other_files(bytes)?;
    let mut records = Records::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(damaged)? {
            Payload::Version { .. } => {
                depth += 1;
                if depth > MAX_NESTING {
                    return Err(ContractError::new(
                        format!("components nest deeper than {MAX_NESTING}"),
                        "compose fewer levels",
                    ));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(custom) if custom.name() == section::NAME => {
                let level = if depth == 1 {
                    &mut records.outer
                } else {
                    &mut records.nested
                };
                read_section(custom.data(), level)?;
            }
            _ => {}
        }
    }
    Ok(records)
}

fn refuse_other_files(bytes: &[u8]) -> Result<(), ContractError> {
    check_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
    if Parser::is_core_wasm(bytes) {
        return Err(ContractError::new(
            "this is a core WebAssembly module, not a component",
            "make it a component with `wasm-tools component new`, or build with `ostler build`",
        ));
    }
    if !Parser::is_component(bytes) {
        return Err(ContractError::new(
            "this is not a WebAssembly component",
            "give the .wasm file that your toolchain's component step writes",
        ));
    }
    Ok(())
}

/// Refuses a component of too many bytes, which need not be read for that.
pub(crate) fn check_size(bytes: u64) -> Result<(), ContractError> {
    if bytes > MAX_BYTES {
        return Err(ContractError::new(
            format!("the component has {bytes} bytes, more than {MAX_BYTES}"),
            "strip it, or split it into several components",
        ));
    }
    Ok(())
}

fn read_section(data: &[u8], into: &mut Vec<Section>) -> Result<(), ContractError> {
    into.extend(section::decode(data).map_err(|error| ContractError::new(error.to_string(), ""))?);
    if into.len() > MAX_RECORDS {
        return Err(ContractError::new(
            format!("more than {MAX_RECORDS} contracts are embedded in the component"),
            "compose fewer components",
        ));
    }
    Ok(())
}

/// The WIT of a component's imports and exports.
pub(super) fn decode(bytes: &[u8]) -> Result<(Resolve, WorldId), ContractError> {
    match decoded(bytes)? {
        DecodedWasm::Component(resolve, world) => Ok((resolve, world)),
        DecodedWasm::WitPackage(..) => Err(ContractError::new(
            "this is a WIT package in binary form, not a component",
            "give the .wasm file of a built service",
        )),
    }
}

/// The bytes of that WIT, and of what its author says.
pub(super) fn encode(
    resolve: &Resolve,
    world: WorldId,
    author: Option<&Section>,
) -> Result<Vec<u8>, ContractError> {
    let package = resolve.worlds[world].package;
    let package = package.ok_or_else(|| damaged("its world is in no package"))?;
    let encoded = wit_component::encode(resolve, package);
    let mut bytes = encoded.map_err(|error| damaged(format!("{error:#}")))?;
    if let Some(author) = author {
        let section = CustomSection {
            name: section::NAME.into(),
            data: section::encode(author).into(),
        };
        section.append_to_component(&mut bytes);
    }
    Ok(bytes)
}

/// The WIT that [`encode`] wrote.
pub(super) fn decode_wit(bytes: &[u8]) -> Result<(Resolve, WorldId), ContractError> {
    let DecodedWasm::WitPackage(resolve, package) = decoded(bytes)? else {
        return Err(damaged("it is no WIT package"));
    };
    let world = resolve.packages[package].worlds.values().next().copied();
    let world = world.ok_or_else(|| damaged("it has no world"))?;
    Ok((resolve, world))
}

fn decoded(bytes: &[u8]) -> Result<DecodedWasm, ContractError> {
    // The decoder validates the bytes, but states some of what it then relies
    // on as assertions; a component that breaks one is refused like any other.
    match catch_unwind(AssertUnwindSafe(|| wit_component::decode(bytes))) {
        Ok(Ok(decoded)) => Ok(decoded),
        Ok(Err(error)) => Err(damaged(format!("{error:#}"))),
        Err(_) => Err(damaged("its types contradict each other")),
    }
}

fn damaged(error: impl std::fmt::Display) -> ContractError {
    ContractError::new(
        format!("the component cannot be read: {error}"),
        "build it again",
    )
}
