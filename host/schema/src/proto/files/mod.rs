//! A contract as descriptors: what `protoc` would make of its `.proto` files.

mod google;
mod layers;
mod message;

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{
    EnumDescriptorProto, FileDescriptorProto, MethodDescriptorProto, MethodOptions,
    ServiceDescriptorProto, method_options::IdempotencyLevel,
};

use self::layers::layers;
use super::Layout;
use crate::{Contract, Method, Service};

/// The files of a contract, one a protobuf package, each after those that it
/// imports. Files of `google.protobuf` are among them as far as they are used.
pub fn files(contract: &Contract) -> Vec<FileDescriptorProto> {
    let layout = contract.plan.proto();
    let mut symbols = Symbols::default();
    for message in layout.messages() {
        if !google::is_bundled(&message.full_name) && !symbols.has(&message.full_name) {
            let proto = message::descriptor(layout, message);
            symbols.add(layout, &message.full_name, Symbol::Message(proto));
        }
    }
    for of in layout.enums() {
        if !google::is_bundled(&of.full_name) && !symbols.has(&of.full_name) {
            let about = layout.about.types.get(&of.full_name);
            let proto = message::enumeration(of, about);
            symbols.add(layout, &of.full_name, Symbol::Enum(proto));
        }
    }
    for service in &contract.services {
        let package = layout.about.services.get(&*service.proto);
        let package = package.cloned().unwrap_or_default();
        let proto = descriptor(layout, service, &package);
        symbols.package(&package).services.push(proto);
    }
    symbols.into_files()
}

/// One message or enum, to be put where its name says.
enum Symbol {
    Message(prost_types::DescriptorProto),
    Enum(EnumDescriptorProto),
}

/// What stands in a file by itself.
#[derive(Clone, Debug)]
pub(super) enum Top {
    Message(prost_types::DescriptorProto),
    Enum(EnumDescriptorProto),
    Service(ServiceDescriptorProto),
}

/// What stands in the files of a package, nested as names say.
#[derive(Default)]
struct Package {
    messages: Vec<prost_types::DescriptorProto>,
    enums: Vec<EnumDescriptorProto>,
    services: Vec<ServiceDescriptorProto>,
}

impl Package {
    fn into_tops(self) -> Vec<Top> {
        let services = self.services.into_iter().map(Top::Service);
        let messages = self.messages.into_iter().map(Top::Message);
        let enums = self.enums.into_iter().map(Top::Enum);
        services.chain(messages).chain(enums).collect()
    }
}

/// Everything by package.
#[derive(Default)]
struct Symbols {
    packages: BTreeMap<String, Package>,
    known: BTreeSet<String>,
}

impl Symbols {
    fn has(&self, full_name: &str) -> bool {
        self.known.contains(full_name)
    }

    fn package(&mut self, package: &str) -> &mut Package {
        self.packages.entry(package.to_owned()).or_default()
    }

    fn add(&mut self, layout: &Layout, full_name: &str, symbol: Symbol) {
        self.known.insert(full_name.to_owned());
        let about = layout.about.types.get(full_name);
        let name = about.map_or("", |about| &*about.package);
        let local = full_name.strip_prefix(name).unwrap_or(full_name);
        let mut outer: Vec<&str> = local.trim_start_matches('.').split('.').collect();
        outer.pop();
        let Package {
            messages, enums, ..
        } = self.package(name);
        let (mut messages, mut enums) = (messages, enums);
        for step in outer {
            let parent = message::child(messages, step);
            (messages, enums) = (&mut parent.nested_type, &mut parent.enum_type);
        }
        match symbol {
            Symbol::Message(new) => message::put(messages, new),
            Symbol::Enum(new) => enums.push(new),
        }
    }

    fn into_files(self) -> Vec<FileDescriptorProto> {
        let tops = self.packages.into_iter();
        let layers = layers(tops.map(|(name, of)| (name, of.into_tops())).collect());
        let mut owners = BTreeMap::new();
        for ((package, layer), tops) in &layers {
            for name in tops.iter().filter_map(Top::full_name) {
                let name = join(package, name);
                owners.insert(name, file_name(package, *layer));
            }
        }
        let mut files = Vec::new();
        let mut google = BTreeSet::new();
        for ((package, layer), tops) in layers {
            let mut file = FileDescriptorProto {
                name: Some(file_name(&package, layer)),
                package: (!package.is_empty()).then(|| package.clone()),
                syntax: Some("proto3".into()),
                ..FileDescriptorProto::default()
            };
            let mut uses = BTreeSet::new();
            for top in tops {
                for name in top.uses() {
                    match google::file_of(&name) {
                        Some(of) => {
                            google.insert(of);
                            uses.insert(of.to_owned());
                        }
                        None => uses.extend(owner(&owners, &name).cloned()),
                    }
                }
                match top {
                    Top::Message(of) => file.message_type.push(of),
                    Top::Enum(of) => file.enum_type.push(of),
                    Top::Service(of) => file.service.push(of),
                }
            }
            uses.remove(file.name());
            file.dependency = uses.into_iter().collect();
            files.push(file);
        }
        let google = google.into_iter().map(google::file);
        in_order(google.chain(files).collect())
    }
}

impl Top {
    /// Its name in its package; services are not used by anything.
    pub(super) fn full_name(&self) -> Option<&str> {
        match self {
            Self::Message(of) => Some(of.name()),
            Self::Enum(of) => Some(of.name()),
            Self::Service(_) => None,
        }
    }

    /// The full names of what it mentions.
    pub(super) fn uses(&self) -> Vec<String> {
        match self {
            Self::Message(of) => {
                let mut names = Vec::new();
                message::uses(of, &mut names);
                names
            }
            Self::Enum(_) => Vec::new(),
            Self::Service(of) => {
                let types = |method: &MethodDescriptorProto| {
                    [
                        method.input_type().to_owned(),
                        method.output_type().to_owned(),
                    ]
                };
                let names = of.method.iter().flat_map(types);
                names
                    .map(|name| name.trim_start_matches('.').to_owned())
                    .collect()
            }
        }
    }
}

/// What defines a name: itself, or the outermost message it is nested in.
pub(super) fn owner<'a, T>(owners: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    let mut name = name;
    loop {
        if let Some(found) = owners.get(name) {
            return Some(found);
        }
        (name, _) = name.rsplit_once('.')?;
    }
}

pub(super) fn join(package: &str, name: &str) -> String {
    match package.is_empty() {
        true => name.to_owned(),
        false => format!("{package}.{name}"),
    }
}

/// `demo/users/v1/users.proto` for `demo.users.v1`.
fn file_name(package: &str, layer: usize) -> String {
    let is_version = |word: &&str| {
        let digits = word.strip_prefix('v').unwrap_or("x");
        !digits.starts_with(|c: char| c.is_ascii_digit())
    };
    let stem = package.split('.').rev().find(is_version);
    let stem = stem.filter(|stem| !stem.is_empty()).unwrap_or("contract");
    let folder = package.replace('.', "/");
    let slash = if folder.is_empty() { "" } else { "/" };
    match layer {
        0 => format!("{folder}{slash}{stem}.proto"),
        layer => format!("{folder}{slash}{stem}_{layer}.proto"),
    }
}

/// Each after what it imports.
fn in_order(files: Vec<FileDescriptorProto>) -> Vec<FileDescriptorProto> {
    let mut ordered: Vec<FileDescriptorProto> = Vec::new();
    let mut left = files;
    while !left.is_empty() {
        let names: BTreeSet<String> = left.iter().map(|file| file.name().to_owned()).collect();
        let waits =
            |file: &FileDescriptorProto| file.dependency.iter().any(|name| names.contains(name));
        let (waiting, ready): (Vec<_>, Vec<_>) = left.into_iter().partition(waits);
        if ready.is_empty() {
            ordered.extend(waiting);
            break;
        }
        ordered.extend(ready);
        left = waiting;
    }
    ordered
}

fn descriptor(layout: &Layout, service: &Service, package: &str) -> ServiceDescriptorProto {
    let local = service
        .proto
        .strip_prefix(package)
        .unwrap_or(&service.proto);
    let methods = service.methods.iter().map(|of| method(layout, of));
    ServiceDescriptorProto {
        name: Some(local.trim_start_matches('.').to_owned()),
        method: methods.collect(),
        options: None,
    }
}

fn method(layout: &Layout, method: &Method) -> MethodDescriptorProto {
    let options = MethodOptions {
        deprecated: method.deprecated.then_some(true),
        idempotency_level: (method.idempotent).then_some(IdempotencyLevel::NoSideEffects as i32),
        ..MethodOptions::default()
    };
    let name = |id| Some(format!(".{}", layout.message(id).full_name));
    let streams = |does: bool| does.then_some(true);
    MethodDescriptorProto {
        name: Some(method.proto.clone()),
        input_type: name(method.request.proto),
        output_type: name(method.response.proto),
        options: (options != MethodOptions::default()).then_some(options),
        client_streaming: streams(method.pattern.streams_in()),
        server_streaming: streams(method.pattern.streams_out()),
    }
}
