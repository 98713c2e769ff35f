//! Every rule of a contract and every refusal, as files: a folder for each
//! case below `golden/accepted` (`wit/` and `lowered.wit`) and
//! `golden/refused` (`wit/` and `error.txt`). `BLESS=1` writes what is expected.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use ostler_wit::{Lowered, Package};
use wit_component::WitPrinter;

#[test]
fn accepted_contracts_lower_as_expected() {
    let cases = cases("accepted");
    for case in &cases {
        let package = Package::from_dir(&case.join("wit"))
            .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        let lowered = package
            .lower()
            .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        expect(&case.join("lowered.wit"), &without_rpc(&lowered));
    }
    println!("{} rules", cases.len());
    assert!(cases.len() >= 30);
}

#[test]
fn refused_contracts_name_place_and_remedy() {
    let cases = cases("refused");
    for case in &cases {
        let outcome = Package::from_dir(&case.join("wit")).and_then(|package| package.lower());
        let Err(error) = outcome else {
            panic!("{} is accepted", case.display());
        };
        expect(&case.join("error.txt"), &format!("{error}\n"));
    }
    println!("{} refusals", cases.len());
    assert!(cases.len() >= 100);
}

#[test]
fn lowering_is_deterministic() {
    for case in cases("accepted") {
        let lower = || {
            let package = Package::from_dir(&case.join("wit")).unwrap();
            package.lower().unwrap().to_wit()
        };
        assert_eq!(lower(), lower(), "{}", case.display());
    }
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(kind);
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn expect(path: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == found,
        "{} differs (BLESS=1 rewrites it)\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}

/// `ostler:rpc` is the same in every lowered package.
fn without_rpc(lowered: &Lowered) -> String {
    let resolve = &lowered.resolve;
    let root = resolve.worlds[lowered.world].package.unwrap();
    let mut nested = resolve.topological_packages();
    nested.retain(|id| *id != root && resolve.packages[*id].name.namespace != "ostler");
    let mut printer = WitPrinter::default();
    printer.print(resolve, root, &nested).unwrap();
    printer.output.to_string()
}
