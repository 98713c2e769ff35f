//! What the lowering prints is what toolchains take: components can be encoded
//! from it, and Rust bindings generated.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use ostler_wit::wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, TypeDefKind, WorldId};
use ostler_wit::{Lowered, Package};
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_component::{
    ComponentEncoder, DecodedWasm, StringEncoding, dummy_module, embed_component_metadata,
};

#[test]
fn every_lowered_world_encodes_as_a_component() {
    for case in cases() {
        let lowered = lower(&case);
        let component = encode(&lowered.resolve, lowered.world)
            .unwrap_or_else(|error| panic!("{}: {error:#}", case.display()));
        let DecodedWasm::Component(found, world) = wit_component::decode(&component).unwrap()
        else {
            panic!("{}: no component", case.display());
        };
        let exports = |resolve: &Resolve, world: WorldId| -> Vec<String> {
            let keys = resolve.worlds[world].exports.keys();
            keys.map(|key| resolve.name_world_key(key)).collect()
        };
        let expected = exports(&lowered.resolve, lowered.world);
        assert_eq!(exports(&found, world), expected, "{}", case.display());
    }
}

#[test]
fn rust_bindings_are_generated_from_every_lowered_world() {
    for case in cases() {
        let Lowered {
            mut resolve, world, ..
        } = lower(&case);
        let options = wit_bindgen_rust::Opts {
            generate_all: true,
            ..Default::default()
        };
        let mut files = Files::default();
        (options.build().generate(&mut resolve, world, &mut files))
            .unwrap_or_else(|error| panic!("{}: {error:#}", case.display()));
        for (name, contents) in files.iter() {
            let text = std::str::from_utf8(contents).unwrap();
            let tokens: Result<proc_macro2::TokenStream, _> = text.parse();
            assert!(tokens.is_ok(), "{}: {name}", case.display());
        }
    }
}

#[test]
fn no_native_stream_is_left() {
    for case in cases() {
        let lowered = lower(&case);
        let native = |(_, def): (_, &ostler_wit::wit_parser::TypeDef)| {
            matches!(def.kind, TypeDefKind::Stream(_) | TypeDefKind::Future(_))
        };
        assert!(
            !lowered.resolve.types.iter().any(native),
            "{}",
            case.display()
        );
    }
}

#[test]
fn pairs_name_resources_of_the_lowered_resolve() {
    let mut seen = 0;
    for case in cases() {
        let lowered = lower(&case);
        for pair in &lowered.streams {
            for id in [pair.stream.unwrap(), pair.sink.unwrap()] {
                let def = &lowered.resolve.types[id];
                assert!(matches!(def.kind, TypeDefKind::Resource));
                let name = def.name.as_deref().unwrap();
                let types = &lowered.resolve.interfaces[pair.interface].types;
                assert_eq!(types.get(name), Some(&id));
                seen += 1;
            }
        }
    }
    assert!(seen > 40);
}

#[test]
fn the_printed_package_stands_alone() {
    for case in cases() {
        let text = lower(&case).to_wit();
        let mut resolve = Resolve::default();
        let package = resolve.push_source("lowered.wit", &text).unwrap();
        let worlds = &resolve.packages[package].worlds;
        assert_eq!(worlds.len(), 1, "{}", case.display());
    }
}

fn encode(resolve: &Resolve, world: WorldId) -> anyhow::Result<Vec<u8>> {
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(resolve, world, abi);
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()
}

fn lower(case: &Path) -> Lowered {
    let package = Package::from_dir(&case.join("wit")).unwrap();
    package.lower().unwrap()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/accepted");
    let cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!cases.is_empty());
    cases
}
