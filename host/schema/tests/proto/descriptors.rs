//! What [`files`] gives is what a protobuf library takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ostler_schema::Contract;
use ostler_schema::proto::files;
use ostler_wit::Package;
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorSet;

/// Every folder of WIT in the repository that is a contract.
fn all_wit() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = Vec::new();
    for group in ["wit/tests/golden/accepted", "examples/rust", "tests/guests"] {
        let entries = std::fs::read_dir(root.join(group)).unwrap();
        let wit = entries.map(|entry| entry.unwrap().path().join("wit"));
        folders.extend(wit.filter(|wit| wit.is_dir()));
    }
    assert!(folders.len() > 40, "{}", folders.len());
    folders
}

fn pool(contract: &Contract) -> DescriptorPool {
    let set = FileDescriptorSet {
        file: files(contract),
    };
    DescriptorPool::from_file_descriptor_set(set).unwrap_or_else(|error| panic!("{error}"))
}

fn contract(wit: &str, lock: Option<&str>) -> Contract {
    let files = BTreeMap::from([("a.wit".to_owned(), wit.to_owned())]);
    Contract::from_wit(files, lock.map(str::to_owned)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_contract_loads() {
    for folder in all_wit() {
        // Guests of hand-written bindings have WIT in the lowered form.
        let Ok(package) = Package::from_dir(&folder) else {
            assert!(
                folder.to_str().unwrap().contains("tests/guests"),
                "{folder:?}"
            );
            continue;
        };
        let contract = Contract::from_wit(package.files().clone(), None).unwrap();
        let pool = pool(&contract);
        for service in &contract.services {
            let found = pool.get_service_by_name(&service.proto);
            let found = found.unwrap_or_else(|| panic!("{folder:?}: {}", service.proto));
            for (method, of) in service.methods.iter().zip(found.methods()) {
                let layout = contract.plan.proto();
                assert_eq!(method.proto, of.name());
                let request = &layout.message(method.request.proto).full_name;
                assert_eq!(of.input().full_name(), &**request);
                let response = &layout.message(method.response.proto).full_name;
                assert_eq!(of.output().full_name(), &**response);
                assert_eq!(method.pattern.streams_in(), of.is_client_streaming());
                assert_eq!(method.pattern.streams_out(), of.is_server_streaming());
            }
        }
    }
}

/// The files of protobuf's own, as the library has them.
#[test]
fn the_files_of_google_are_those_that_protobuf_ships() {
    let contract = contract(
        "package a:b; interface i {
           use ostler:rpc/types@0.1.0.{timestamp, duration, any, field-mask, struct};
           f: func(a: timestamp, b: duration, c: any, d: field-mask, e: struct);
         } world w { export i; }",
        None,
    );
    let ours = pool(&contract);
    let theirs = DescriptorPool::global();
    let of_google = |file: &&prost_reflect::FileDescriptor| file.name().starts_with("google/");
    let mut checked = 0;
    for file in ours.files().collect::<Vec<_>>().iter().filter(of_google) {
        let mut want = theirs
            .get_file_by_name(file.name())
            .unwrap()
            .file_descriptor_proto()
            .clone();
        want.options = None;
        want.source_code_info = None;
        let mut have = file.file_descriptor_proto().clone();
        have.source_code_info = None;
        assert_eq!(have, want);
        checked += 1;
    }
    assert_eq!(checked, 6);
}
