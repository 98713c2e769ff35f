//! Components made on the spot: all imports, empty functions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ostler_wit::Lowered;
use ostler_wit::section::{self, Section};
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi};

/// The component that a toolchain would make of lowered WIT, without the
/// embedded contract; none when the format has no room for it.
pub(crate) fn encode(lowered: &Lowered) -> Option<Vec<u8>> {
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&lowered.resolve, lowered.world, abi);
    let (resolve, world) = (&lowered.resolve, lowered.world);
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).ok()?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).ok()?.encode().ok()
}

/// The same with the author's WIT in it.
pub(crate) fn with_contract(mut component: Vec<u8>, wit: BTreeMap<String, String>) -> Vec<u8> {
    let data = section::encode(&Section { wit, lock: None });
    let section = CustomSection {
        name: section::NAME.into(),
        data: Cow::Owned(data),
    };
    section.append_to_component(&mut component);
    component
}
