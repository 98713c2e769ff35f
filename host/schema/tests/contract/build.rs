//! Components made on the spot from WIT: all imports, empty functions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ostler_wit::section::{self, Section};
use ostler_wit::{Package, rpc_files};
use wasm_encoder::{ComponentSection, CustomSection, Encode};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, SourceMap, WorldId};

/// An author's WIT as the files of a package.
pub(crate) fn files(wit: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("service.wit".to_owned(), wit.to_owned())])
}

/// The component that the tooling would make of an author's WIT, without the
/// embedded contract.
pub(crate) fn lowered(wit: &str) -> Vec<u8> {
    let lowered = Package::from_files(files(wit)).unwrap().lower().unwrap();
    encode(&lowered.resolve, lowered.world, &[], ABI)
}

/// The lowered WIT of an author's, as text.
pub(crate) fn lowered_text(wit: &str) -> String {
    Package::from_files(files(wit))
        .unwrap()
        .lower()
        .unwrap()
        .to_wit()
}

/// A component of WIT taken as it is; `ostler:rpc` is there unless the text
/// brings it.
pub(crate) fn plain(wit: &str) -> Vec<u8> {
    let (resolve, world) = parse(wit);
    encode(&resolve, world, &[], ABI)
}

/// The same, of functions lifted in the native form.
pub(crate) fn native(wit: &str) -> Vec<u8> {
    let (resolve, world) = parse(wit);
    encode(&resolve, world, &[], LiftLowerAbi::AsyncCallback)
}

/// A component with custom sections `ostler:contract` inside its core module.
pub(crate) fn with_nested(wit: &str, sections: &[Vec<u8>]) -> Vec<u8> {
    let lowered = Package::from_files(files(wit)).unwrap().lower().unwrap();
    encode(&lowered.resolve, lowered.world, sections, ABI)
}

/// Appends a section `ostler:contract` at the level of the component.
pub(crate) fn with_outer(mut component: Vec<u8>, data: &[u8]) -> Vec<u8> {
    custom(data).append_to_component(&mut component);
    component
}

/// The bytes of a section that holds an author's WIT.
pub(crate) fn contract(wit: &str, lock: Option<&str>) -> Vec<u8> {
    section::encode(&Section {
        wit: files(wit),
        lock: lock.map(str::to_owned),
    })
}

const ABI: LiftLowerAbi = LiftLowerAbi::Sync;

fn custom(data: &[u8]) -> CustomSection<'_> {
    CustomSection {
        name: section::NAME.into(),
        data: Cow::Borrowed(data),
    }
}

fn parse(wit: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    if !wit.contains("package ostler:rpc") {
        let mut rpc = SourceMap::default();
        for (name, text) in rpc_files() {
            rpc.push_str(name, *text);
        }
        resolve
            .push_group(rpc.parse().map_err(|(_, error)| error).unwrap())
            .unwrap();
    }
    let package = resolve.push_str("service.wit", wit).unwrap();
    let world = *resolve.packages[package].worlds.values().next().unwrap();
    (resolve, world)
}

fn encode(resolve: &Resolve, world: WorldId, sections: &[Vec<u8>], abi: LiftLowerAbi) -> Vec<u8> {
    let mut module = dummy_module(resolve, world, ManglingAndAbi::Legacy(abi));
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    for data in sections {
        let section = custom(data);
        module.push(wasm_encoder::Section::id(&section));
        section.encode(&mut module);
    }
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}
