//! Which identifier of WIT stands for which message, enum, oneof and service.

use std::collections::BTreeMap;

use protox::prost_reflect::{
    FileDescriptor, MessageDescriptor, OneofDescriptor, ServiceDescriptor,
};

use super::graph::{Graph, Special, special};
use super::words::{Taken, kebab};

/// Records of `ostler:rpc/types` that an import may use.
const RPC: [&str; 6] = [
    "status",
    "timestamp",
    "duration",
    "any",
    "field-mask",
    "struct",
];

/// Names by full name of protobuf.
#[derive(Debug)]
pub(super) struct Names {
    /// The WIT package without version.
    pub(super) package: String,
    pub(super) version: Option<String>,
    /// The interface of types.
    pub(super) types: String,
    pub(super) world: String,
    interfaces: BTreeMap<String, String>,
    defined: BTreeMap<String, String>,
    methods: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn new(services: &[ServiceDescriptor], graph: &Graph) -> Self {
        let (package, version) = package(&services[0].parent_file());
        let mut interfaces = Taken::default();
        let of_services: BTreeMap<String, String> = (services.iter())
            .map(|service| {
                (
                    service.full_name().to_owned(),
                    interfaces.take([kebab(service.name())]),
                )
            })
            .collect();
        let types = match services {
            [only] => of_services[only.full_name()].clone(),
            _ => interfaces.take(["types".to_owned(), "messages".to_owned()]),
        };
        let mut taken = Taken::default();
        for name in RPC {
            taken.take([name.to_owned()]);
        }
        let methods = methods(services, &mut taken);
        for name in streamed(services) {
            taken.take([format!("{name}-stream")]);
            taken.take([format!("{name}-sink")]);
        }
        Self {
            world: interfaces.take(["service".to_owned(), "host".to_owned()]),
            defined: defined(graph, &mut taken),
            interfaces: of_services,
            package,
            version,
            types,
            methods,
        }
    }

    /// The interface of a service.
    pub(super) fn interface(&self, service: &ServiceDescriptor) -> &str {
        &self.interfaces[service.full_name()]
    }

    /// The name of a message, an enum or the variant of a oneof.
    pub(super) fn ty(&self, full_name: &str) -> &str {
        self.defined
            .get(full_name)
            .map_or("unknown", String::as_str)
    }

    /// The name of a method's function.
    pub(super) fn method(&self, full_name: &str) -> &str {
        &self.methods[full_name]
    }

    /// The key of a type in the lock.
    pub(super) fn key(&self, full_name: &str) -> String {
        format!("{}/{}.{}", self.package, self.types, self.ty(full_name))
    }
}

/// `demo:users` and `1.0.0` of `demo.users.v1`.
fn package(file: &FileDescriptor) -> (String, Option<String>) {
    let mut words: Vec<&str> = file
        .package_name()
        .split('.')
        .filter(|w| !w.is_empty())
        .collect();
    let major = words
        .last()
        .and_then(|last| last.strip_prefix('v')?.parse::<u32>().ok());
    if words.len() > 1 && major.is_some() {
        words.pop();
    }
    let version = major.map(|major| match major {
        0 => "0.1.0".to_owned(),
        major => format!("{major}.0.0"),
    });
    let names: Vec<String> = words.iter().map(|word| kebab(word)).collect();
    let (namespace, name) = match &names[..] {
        [] => ("imported".to_owned(), "service".to_owned()),
        [only] => (only.clone(), only.clone()),
        [first, rest @ ..] => (first.clone(), rest.join("-")),
    };
    // Exports of these are no services.
    let namespace = match &*namespace {
        "ostler" | "wasi" => format!("{namespace}-proto"),
        _ => namespace,
    };
    (format!("{namespace}:{name}"), version)
}

/// Functions, which share a scope with the types of their interface.
fn methods(services: &[ServiceDescriptor], taken: &mut Taken) -> BTreeMap<String, String> {
    let mut methods = BTreeMap::new();
    let mut all = Taken::default();
    for service in services {
        let mut own = Taken::default();
        for method in service.methods() {
            let name = own.take([kebab(method.name())]);
            all.take([name.clone()]);
            methods.insert(method.full_name().to_owned(), name);
        }
    }
    for name in methods
        .values()
        .cloned()
        .collect::<std::collections::BTreeSet<_>>()
    {
        taken.take([name]);
    }
    methods
}

/// What the lowering makes pairs of resources for.
fn streamed(services: &[ServiceDescriptor]) -> std::collections::BTreeSet<String> {
    let methods = services.iter().flat_map(ServiceDescriptor::methods);
    let items = methods.flat_map(|method| {
        let input = method.is_client_streaming().then(|| method.input());
        let output = method.is_server_streaming().then(|| method.output());
        input.into_iter().chain(output)
    });
    items.map(|item| kebab(&local(&item))).collect()
}

fn defined(graph: &Graph, taken: &mut Taken) -> BTreeMap<String, String> {
    let mut defined = BTreeMap::new();
    for message in &graph.messages {
        if special(message).is_none_or(|special| special == Special::Empty) {
            let name = candidates(&local(message), message.package_name());
            defined.insert(message.full_name().to_owned(), taken.take(name));
        }
    }
    for of in &graph.enums {
        let local = in_package(of.full_name(), of.package_name());
        let name = candidates(&local, of.package_name());
        defined.insert(of.full_name().to_owned(), taken.take(name));
    }
    for oneof in graph.messages.iter().flat_map(oneofs) {
        let message = oneof.parent_message();
        let name = format!("{}.{}", defined[message.full_name()], oneof.name());
        let name = taken.take(candidates(&name, message.package_name()));
        defined.insert(oneof.full_name().to_owned(), name);
    }
    defined
}

/// The name, then the same with the end of the package in front, then with
/// `message` behind.
fn candidates(local: &str, package: &str) -> [String; 3] {
    let of_package = package
        .rsplit('.')
        .find(|word| !is_version(word))
        .unwrap_or("other");
    let name = kebab(local);
    [
        name.clone(),
        format!("{}-{name}", kebab(of_package)),
        format!("{name}-message"),
    ]
}

fn is_version(word: &str) -> bool {
    word.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn local(message: &MessageDescriptor) -> String {
    in_package(message.full_name(), message.package_name())
}

fn in_package(full_name: &str, package: &str) -> String {
    let local = full_name.strip_prefix(package).unwrap_or(full_name);
    local.trim_start_matches('.').to_owned()
}

/// The oneofs that an author wrote.
pub(super) fn oneofs(message: &MessageDescriptor) -> Vec<OneofDescriptor> {
    message
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic())
        .collect()
}
