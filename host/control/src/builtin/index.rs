//! Every protobuf file of what is live, and where each symbol is.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use ostler_schema::{Contract, proto};
use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// Files by place.
#[derive(Debug, Default)]
pub(crate) struct Index {
    files: Vec<File>,
    by_name: HashMap<String, usize>,
    by_symbol: HashMap<String, usize>,
    /// Full names, sorted.
    services: Vec<String>,
}

#[derive(Debug)]
struct File {
    bytes: Bytes,
    imports: Vec<String>,
}

impl Index {
    /// An index of these contracts. Of two files, or symbols, of one name the
    /// first counts; services never share a name.
    pub(crate) fn new<'a>(contracts: impl IntoIterator<Item = &'a Contract>) -> Self {
        let mut index = Self::default();
        for contract in contracts {
            let mut renamed = HashMap::new();
            let mut files = proto::files(contract);
            for file in &mut files {
                index.make_unique(file, &mut renamed);
            }
            for mut file in files {
                for import in &mut file.dependency {
                    if let Some(name) = renamed.get(import) {
                        import.clone_from(name);
                    }
                }
                index.add(&file);
            }
        }
        index.services.sort();
        index
    }

    /// Two components may each have a part of one package, and so a file of
    /// its name.
    fn make_unique(&self, file: &mut FileDescriptorProto, renamed: &mut HashMap<String, String>) {
        let name = file.name().to_owned();
        let Some(&place) = self.by_name.get(&name) else {
            return;
        };
        if self.files[place].bytes == file.encode_to_vec() {
            return;
        }
        let stem = name.strip_suffix(".proto").unwrap_or(&name);
        let free = (2..)
            .map(|n| format!("{stem}.{n}.proto"))
            .find(|name| !self.by_name.contains_key(name));
        if let Some(free) = free {
            file.name = Some(free.clone());
            renamed.insert(name, free);
        }
    }

    fn add(&mut self, file: &FileDescriptorProto) {
        let place = self.files.len();
        if self.by_name.contains_key(file.name()) {
            return;
        }
        self.by_name.insert(file.name().to_owned(), place);
        self.files.push(File {
            bytes: file.encode_to_vec().into(),
            imports: file.dependency.clone(),
        });
        let package = file.package().to_owned();
        for message in &file.message_type {
            self.message(place, &package, message);
        }
        for of in &file.enum_type {
            self.enumeration(place, &package, of);
        }
        for service in &file.service {
            let name = joined(&package, service.name());
            for method in &service.method {
                self.symbol_at(place, joined(&name, method.name()));
            }
            self.services.push(name.clone());
            self.symbol_at(place, name);
        }
    }

    fn message(&mut self, place: usize, scope: &str, message: &DescriptorProto) {
        let name = joined(scope, message.name());
        for field in &message.field {
            self.symbol_at(place, joined(&name, field.name()));
        }
        for oneof in &message.oneof_decl {
            self.symbol_at(place, joined(&name, oneof.name()));
        }
        for nested in &message.nested_type {
            self.message(place, &name, nested);
        }
        for of in &message.enum_type {
            self.enumeration(place, &name, of);
        }
        self.symbol_at(place, name);
    }

    /// The values of an enum are symbols of what is around it.
    fn enumeration(&mut self, place: usize, scope: &str, of: &EnumDescriptorProto) {
        for value in &of.value {
            self.symbol_at(place, joined(scope, value.name()));
        }
        self.symbol_at(place, joined(scope, of.name()));
    }

    fn symbol_at(&mut self, place: usize, name: String) {
        self.by_symbol.entry(name).or_insert(place);
    }

    /// Full names of all services, sorted.
    pub(crate) fn services(&self) -> &[String] {
        &self.services
    }

    /// The file of that name.
    pub(super) fn file(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The file of a service, method, message, field, oneof, enum or value.
    pub(super) fn symbol(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix('.').unwrap_or(name);
        self.by_symbol.get(name).copied()
    }

    /// What a file imports, and what that imports, each once.
    pub(super) fn imports(&self, file: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([file]);
        let mut open = vec![file];
        while let Some(place) = open.pop() {
            for name in &self.files[place].imports {
                if let Some(import) = self.file(name)
                    && seen.insert(import)
                {
                    found.push(import);
                    open.push(import);
                }
            }
        }
        found
    }

    /// A serialized `FileDescriptorProto`.
    pub(super) fn bytes(&self, file: usize) -> Bytes {
        self.files[file].bytes.clone()
    }
}

fn joined(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        return name.to_owned();
    }
    format!("{scope}.{name}")
}
