//! Contract → `.proto`: as expected, and what a compiler makes of it is what
//! the contract says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ostler_codegen::proto;
use ostler_schema::Contract;
use ostler_schema::proto::files;
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorSet;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use crate::{expect, golden, normal};

fn contract(folder: &Path) -> Contract {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "wit"));
    let wit = files.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    });
    let lock = fs::read_to_string(folder.join("ostler.lock")).ok();
    Contract::from_wit(wit.collect(), lock).unwrap_or_else(|error| panic!("{folder:?}: {error}"))
}

struct InMemory(BTreeMap<String, String>);

impl FileResolver for InMemory {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = self
            .0
            .get(name)
            .ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}

fn compile(files: &BTreeMap<String, String>) -> DescriptorPool {
    let mut resolver = ChainFileResolver::new();
    resolver.add(InMemory(files.clone()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    let shown = || files.values().cloned().collect::<String>();
    for name in files.keys() {
        compiler
            .open_file(name)
            .unwrap_or_else(|error| panic!("{error:?}\n{}", shown()));
    }
    compiler.descriptor_pool()
}

/// Compiles the text and compares it with the descriptors.
fn compiles_to_the_same(contract: &Contract) -> BTreeMap<String, String> {
    let text = proto(contract);
    let compiled = compile(&text);
    let set = FileDescriptorSet {
        file: files(contract),
    };
    let described = DescriptorPool::from_file_descriptor_set(set).unwrap();
    for service in &contract.services {
        let compiled = normal::service(&compiled, &service.proto);
        assert_eq!(compiled, normal::service(&described, &service.proto));
    }
    text
}

#[test]
fn text_is_as_expected() {
    for case in ["docs", "shapes", "names"] {
        let folder = golden("proto").join(case);
        let files = compiles_to_the_same(&contract(&folder.join("wit")));
        let text: String = (files.iter())
            .map(|(name, text)| format!("==== {name}\n{text}"))
            .collect();
        expect(&folder.join("want.txt"), &text);
    }
}

#[test]
fn what_was_imported_is_written_again() {
    let folder = golden("import");
    for case in ["everything", "several-services", "alias"] {
        compiles_to_the_same(&contract(&folder.join(case)));
    }
}

#[test]
fn every_contract_of_the_repository_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut count = 0;
    for group in ["wit/tests/golden/accepted", "examples/rust", "tests/guests"] {
        for entry in fs::read_dir(root.join(group)).unwrap() {
            let folder = entry.unwrap().path().join("wit");
            // Some guests have WIT in the lowered form, which no author writes.
            let Ok(package) = ostler_wit::Package::from_dir(&folder) else {
                continue;
            };
            compiles_to_the_same(&Contract::from_wit(package.files().clone(), None).unwrap());
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}
