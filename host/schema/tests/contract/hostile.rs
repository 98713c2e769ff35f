//! Components made to hurt: refused or read, never a panic, never for long.

use std::fmt::Write as _;
use std::sync::LazyLock;

use ostler_schema::Contract;
use proptest::prelude::*;

use crate::USERS;
use crate::build::{contract, lowered, plain, with_outer};
use crate::refused;

static COMPONENT: LazyLock<Vec<u8>> =
    LazyLock::new(|| with_outer(lowered(USERS), &contract(USERS, None)));

fn survives(bytes: &[u8]) {
    if let Err(error) = Contract::from_component(bytes) {
        assert!(!error.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn damaged_bytes_are_refused_or_read(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = COMPONENT.clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        survives(&bytes);
    }
}

#[test]
fn every_cut_is_refused_or_read() {
    for end in (0..COMPONENT.len()).step_by(13) {
        survives(&COMPONENT[..end]);
    }
}

#[test]
fn many_types_are_refused() {
    let mut wit = "package a:b; interface i {".to_owned();
    for i in 0..11_000 {
        write!(wit, "record r{i} {{ x{i}: u8 }}").unwrap();
    }
    for i in 0..11 {
        write!(wit, "f{i}: func() -> tuple<").unwrap();
        for j in 0..1000 {
            write!(wit, "r{},", i * 1000 + j).unwrap();
        }
        wit.push_str(">;");
    }
    wit.push_str("} world w { export i; }");
    let error = refused(&plain(&wit));
    assert!(error.contains("more than 10000 types"), "{error}");
}

#[test]
fn types_that_grow_when_written_out_are_refused() {
    // Each is two of the one before, none has a name of its own.
    let mut ty = "u8".to_owned();
    for _ in 0..13 {
        ty = format!("tuple<{ty}, {ty}>");
    }
    let functions: String = (0..16).map(|i| format!("f{i}: func(x: {ty});")).collect();
    let error = refused(&plain(&format!(
        "package a:b; interface i {{ {functions} }} world w {{ export i; }}"
    )));
    assert!(error.contains("too large to be written out"), "{error}");
}

#[test]
fn wit_from_a_stranger_is_bounded() {
    let root = |text: &str| {
        let text = format!("package root:component;\n{text}");
        Contract::from_wit([("component.wit".to_owned(), text)].into(), None)
            .unwrap_err()
            .to_string()
    };
    let deep = format!(
        "interface i {{ type t = {}u8{}; }}",
        "list<".repeat(5000),
        ">".repeat(5000)
    );
    assert!(root(&deep).contains("nests too deep"));
    let long = format!("// {}", "x".repeat(1 << 20));
    assert!(root(&long).contains("more than 1048576 bytes"));
    let many: String = (0..600).map(|i| format!("interface i{i} {{}}\n")).collect();
    assert!(root(&many).contains("too many interfaces"));
    assert!(root("interface i {}").contains("has no world"));
    assert!(root("nonsense").contains("component.wit"));
}
