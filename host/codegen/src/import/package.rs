//! The whole WIT file and its lock.

use std::collections::{BTreeMap, BTreeSet};

use ostler_schema::proto::lock::{FieldLock, Lock, MessageLock, Pinned, ServiceLock};
use ostler_schema::proto::names::upper_camel;
use protox::prost_reflect::prost_types::method_options::IdempotencyLevel;
use protox::prost_reflect::{MessageDescriptor, MethodDescriptor, ServiceDescriptor};

use super::comments::{comment, write as write_docs};
use super::fields::Fields;
use super::graph::{Graph, Special, special};
use super::names::Names;
use super::types::Types;
use super::words::escaped;
use super::{ImportError, Imported};

/// Writes the package of these services.
pub(super) fn write(services: &[ServiceDescriptor]) -> Result<Imported, ImportError> {
    let graph = Graph::of(services)?;
    let names = Names::new(services, &graph);
    let fields = Fields {
        names: &names,
        graph: &graph,
    };
    let mut types = Types {
        fields,
        out: String::new(),
        lock: Lock {
            packages: packages(services, &graph),
            ..Lock::default()
        },
        notes: Vec::new(),
    };
    types.all();
    let mut writer = Writer {
        names: &names,
        fields,
        lock: types.lock,
    };
    let interfaces: Vec<(String, String)> = (services.iter())
        .map(|service| (names.interface(service).to_owned(), writer.service(service)))
        .collect();
    let lock = writer.lock;
    let mut wit = match &names.version {
        Some(version) => format!("package {}@{version};\n", escape_package(&names.package)),
        None => format!("package {};\n", escape_package(&names.package)),
    };
    let is_alone = services.len() == 1;
    if !is_alone && !types.out.is_empty() {
        wit += &interface(&names.types, "", &[], &types.out);
    }
    for (service, (name, functions)) in services.iter().zip(&interfaces) {
        let docs = comment(
            service.parent_file().file_descriptor_proto(),
            service.path(),
        );
        let mut docs_text = String::new();
        write_docs(&mut docs_text, "", &docs);
        let text = match is_alone {
            true => interface(name, &docs_text, &[], &format!("{}{functions}", types.out)),
            false => {
                let used = used_types(service, &graph, fields);
                interface(name, &docs_text, &uses(&names, &used), functions)
            }
        };
        wit += &text;
    }
    wit += &world(&names, &interfaces);
    let file = names.package.rsplit(':').next().unwrap_or("service");
    Ok(Imported {
        file: format!("{file}.wit"),
        wit,
        lock: lock.write(),
        notes: types.notes,
    })
}

/// An interface, with the records of `ostler:rpc/types` that its body names.
fn interface(name: &str, docs: &str, uses: &[String], body: &str) -> String {
    let words: BTreeSet<&str> = body
        .lines()
        .filter(|line| !line.trim_start().starts_with("///"))
        .flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '%')))
        .collect();
    let rpc = [
        "status",
        "timestamp",
        "duration",
        "any",
        "field-mask",
        "struct",
    ];
    let rpc: Vec<&str> = rpc
        .into_iter()
        .filter(|name| words.contains(name))
        .collect();
    let mut text = format!("\n{docs}interface {} {{\n", escaped(name));
    if !rpc.is_empty() {
        text += &format!("  use ostler:rpc/types@0.1.0.{{{}}};\n", rpc.join(", "));
    }
    for line in uses {
        text += &format!("  {line}\n");
    }
    if !rpc.is_empty() || !uses.is_empty() {
        text.push('\n');
    }
    text + body.trim_end() + "\n}\n"
}

fn uses(names: &Names, used: &BTreeSet<String>) -> Vec<String> {
    if used.is_empty() {
        return Vec::new();
    }
    let used: Vec<&str> = used.iter().map(String::as_str).collect();
    vec![format!(
        "use {}.{{{}}};",
        escaped(&names.types),
        used.join(", ")
    )]
}

fn used_types(service: &ServiceDescriptor, graph: &Graph, fields: Fields<'_>) -> BTreeSet<String> {
    let methods = service.methods();
    let sides = methods.flat_map(|method| {
        [
            (method.input(), method.is_client_streaming()),
            (method.output(), method.is_server_streaming()),
        ]
    });
    let named = sides.filter(|(message, streams)| {
        let is_value = *streams || message.fields().len() > 0;
        let is_own = special(message).is_none_or(|special| special == Special::Empty);
        is_value && is_own && graph.messages.contains(message)
    });
    named.map(|(message, _)| fields.message(&message)).collect()
}

fn world(names: &Names, interfaces: &[(String, String)]) -> String {
    let mut text = format!("\nworld {} {{\n", escaped(&names.world));
    for (name, _) in interfaces {
        text += &format!("  export {};\n", escaped(name));
    }
    text + "}\n"
}

fn escape_package(package: &str) -> String {
    let parts: Vec<String> = package.split(':').map(escaped).collect();
    parts.join(":")
}

/// Every protobuf package that names are of.
fn packages(services: &[ServiceDescriptor], graph: &Graph) -> Vec<String> {
    let of_services = services.iter().map(|of| of.package_name().to_owned());
    let of_messages = graph.messages.iter().map(|of| of.package_name().to_owned());
    let of_enums = graph.enums.iter().map(|of| of.package_name().to_owned());
    let methods = services.iter().flat_map(ServiceDescriptor::methods);
    let of_methods = methods.flat_map(|method| {
        [method.input(), method.output()].map(|message| message.package_name().to_owned())
    });
    let all = of_services
        .chain(of_messages)
        .chain(of_enums)
        .chain(of_methods);
    let all: BTreeSet<String> = all.filter(|name| !name.is_empty()).collect();
    all.into_iter().collect()
}

/// Writes functions and what the lock says of them.
struct Writer<'a> {
    names: &'a Names,
    fields: Fields<'a>,
    lock: Lock,
}

impl Writer<'_> {
    fn service(&mut self, service: &ServiceDescriptor) -> String {
        let mut out = String::new();
        let mut methods = BTreeMap::new();
        for method in service.methods() {
            let wit = self.names.method(method.full_name()).to_owned();
            if upper_camel(&wit) != method.name() {
                methods.insert(wit.clone(), method.name().to_owned());
            }
            self.method(service, &method, &wit, &mut out);
        }
        let key = format!("{}/{}", self.names.package, self.names.interface(service));
        let full_name = Some(service.full_name().to_owned());
        self.lock
            .services
            .insert(key, ServiceLock { full_name, methods });
        out
    }

    fn method(
        &mut self,
        service: &ServiceDescriptor,
        method: &MethodDescriptor,
        wit: &str,
        out: &mut String,
    ) {
        let docs = comment(service.parent_file().file_descriptor_proto(), method.path());
        write_docs(out, "  ", &docs);
        let proto = method.method_descriptor_proto();
        let options = proto.options.as_ref();
        let level = options.map(|options| options.idempotency_level());
        if level == Some(IdempotencyLevel::NoSideEffects) {
            *out += "  /// @idempotent\n";
        }
        let deprecated = options.is_some_and(|options| options.deprecated());
        if let Some(version) = self.names.version.as_ref().filter(|_| deprecated) {
            *out += &format!("  @since(version = {version})\n  @deprecated(version = {version})\n");
        }
        let key = format!(
            "{}/{}.{wit}",
            self.names.package,
            self.names.interface(service)
        );
        let params = self.params(method, &key);
        let result = self.result(method, &key);
        *out += &format!("  {}: func({params}) -> {result};\n\n", escaped(wit));
    }

    fn params(&mut self, method: &MethodDescriptor, key: &str) -> String {
        let message = method.input();
        let pin = format!("{key}.request");
        if method.is_client_streaming() {
            self.pin_made(&message, pin);
            return format!("requests: stream<{}>", self.fields.message(&message));
        }
        match special(&message) {
            Some(Special::Empty) => String::new(),
            Some(Special::Wrapper(scalar)) => {
                self.pin(&message, pin.clone());
                // Its parameter is a field, which is as the original's.
                let value = FieldLock {
                    number: Some(1),
                    ..FieldLock::default()
                };
                let lock = self.lock.messages.entry(pin).or_default();
                lock.fields.insert("value".to_owned(), value);
                format!("value: {scalar}")
            }
            _ if message.fields().len() == 0 => {
                self.pin(&message, pin);
                String::new()
            }
            _ => format!("request: {}", self.fields.message(&message)),
        }
    }

    fn result(&mut self, method: &MethodDescriptor, key: &str) -> String {
        let message = method.output();
        let pin = format!("{key}.response");
        if method.is_server_streaming() {
            self.pin_made(&message, pin);
            return format!("stream<{}>", self.fields.message(&message));
        }
        match special(&message) {
            Some(Special::Empty) => "result<_, status>".to_owned(),
            None if message.fields().len() == 0 => {
                self.pin(&message, pin);
                "result<_, status>".to_owned()
            }
            _ => {
                self.pin_made(&message, pin);
                format!("result<{}, status>", self.fields.message(&message))
            }
        }
    }

    /// A scalar's message is made for the method, and called as the original.
    fn pin_made(&mut self, message: &MessageDescriptor, key: String) {
        if matches!(special(message), Some(Special::Wrapper(_))) {
            self.pin(message, key);
        }
    }

    fn pin(&mut self, message: &MessageDescriptor, key: String) {
        let name = Some(Pinned::Full(message.full_name().to_owned()));
        let reserved = super::types::reserved(message);
        self.lock.messages.insert(
            key,
            MessageLock {
                name,
                reserved,
                ..MessageLock::default()
            },
        );
    }
}
