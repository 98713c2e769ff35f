//! `.proto` → WIT and lock → descriptors: what comes back is what went in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ostler_codegen::{Imported, import};
use ostler_schema::Contract;
use ostler_schema::proto::{extend_lock, files};
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorSet;

use crate::{expect, golden, normal};

fn contract(wit: BTreeMap<String, String>, lock: &str) -> Contract {
    let shown = wit.values().cloned().collect::<String>();
    Contract::from_wit(wit, Some(lock.to_owned()))
        .unwrap_or_else(|error| panic!("{error}\n{shown}\n{lock}"))
}

fn pool(contract: &Contract) -> DescriptorPool {
    let file = files(contract);
    DescriptorPool::from_file_descriptor_set(FileDescriptorSet { file }).unwrap()
}

fn original(protos: &[PathBuf], includes: &[PathBuf]) -> DescriptorPool {
    let mut compiler = protox::Compiler::new(includes).unwrap();
    compiler.include_imports(true).open_files(protos).unwrap();
    compiler.descriptor_pool()
}

/// Imports files and compares every service with what its contract says.
fn comes_back(protos: &[PathBuf], includes: &[PathBuf]) -> Imported {
    let imported = import(protos, includes).unwrap_or_else(|error| panic!("{error}"));
    let wit = BTreeMap::from([(imported.file.clone(), imported.wit.clone())]);
    let contract = contract(wit, &imported.lock);
    let want = original(protos, includes);
    // The lock has everything.
    assert_eq!(extend_lock(&contract).unwrap(), imported.lock);
    let ours = pool(&contract);
    for service in &contract.services {
        let have = normal::service(&ours, &service.proto);
        let want = normal::service(&want, &service.proto);
        for (name, want) in &want {
            assert_eq!(have.get(name), Some(want), "{name}\n{}", imported.wit);
        }
        assert_eq!(have.len(), want.len());
    }
    assert_eq!(contract.services.len(), want_services(protos, includes));
    imported
}

fn want_services(protos: &[PathBuf], includes: &[PathBuf]) -> usize {
    original(protos, includes).services().len()
}

fn golden_import(case: &str, file: &str) -> Imported {
    let folder = golden("import").join(case);
    let imported = comes_back(&[folder.join(file)], std::slice::from_ref(&folder));
    expect(&folder.join("want.wit"), &imported.wit);
    expect(&folder.join("ostler.lock"), &imported.lock);
    imported
}

#[test]
fn every_feature_comes_back() {
    assert!(golden_import("everything", "shop.proto").notes.is_empty());
}

#[test]
fn several_services_share_their_types() {
    assert!(
        golden_import("several-services", "api.proto")
            .notes
            .is_empty()
    );
}

/// Each uses the other, if by other files.
#[test]
fn packages_may_use_each_other() {
    let imported = golden_import("crossing-packages", "a/top.proto");
    let wit = BTreeMap::from([(imported.file, imported.wit)]);
    let files = files(&contract(wit, &imported.lock));
    let names: Vec<&str> = files.iter().map(|file| file.name()).collect();
    assert_eq!(names, ["a/a.proto", "b/b_1.proto", "a/a_2.proto"]);
}

#[test]
fn what_is_left_out_is_said() {
    let folder = golden("import").join("alias");
    let imported = import(&[folder.join("alias.proto")], &[]).unwrap();
    let note = "GRAY is left out: it is another name of a number, and WIT has one name for each";
    assert_eq!(imported.notes, [note]);
    expect(&folder.join("want.wit"), &imported.wit);
    expect(&folder.join("ostler.lock"), &imported.lock);
    contract(
        BTreeMap::from([(imported.file, imported.wit)]),
        &imported.lock,
    );
}

#[test]
fn what_is_refused() {
    let folder = std::env::temp_dir().join(format!("ostler-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let service = "service S { rpc F(M) returns (M); }";
    for (name, text, want) in [
        (
            "none",
            "syntax = \"proto3\"; message M {}".to_owned(),
            "the files have no `service`; name the file that has it, and its folders with -I",
        ),
        (
            "two",
            format!("syntax = \"proto2\"; {service} message M {{ optional int32 x = 1; }}"),
            "two.proto: message M is no proto3, whose defaults and groups WIT has no words for; \
             move what the service uses to a proto3 file",
        ),
        (
            "broken",
            "syntax = \"proto3\"; message {".to_owned(),
            "broken.proto",
        ),
        (
            "unknown",
            format!("syntax = \"proto3\"; import \"gone.proto\"; {service} message M {{}}"),
            "gone.proto",
        ),
    ] {
        let file = folder.join(format!("{name}.proto"));
        std::fs::write(&file, text).unwrap();
        let error = import(&[file], &[]).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    let missing = import(&[Path::new("/nowhere/x.proto").to_owned()], &[]).unwrap_err();
    assert_eq!(missing.to_string(), "/nowhere/x.proto: no such file");
    std::fs::remove_dir_all(&folder).unwrap();
}
