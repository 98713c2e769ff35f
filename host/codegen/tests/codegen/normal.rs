//! Descriptors as text that is the same when clients would not see a
//! difference: without files, order, comments and options of languages.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ServiceDescriptor,
};

/// What of a service its clients use: its methods, and every message and enum
/// they reach, each by its full name.
pub(crate) fn service(pool: &DescriptorPool, name: &str) -> BTreeMap<String, String> {
    let service = pool
        .get_service_by_name(name)
        .unwrap_or_else(|| panic!("no {name}"));
    let mut all = BTreeMap::from([(name.to_owned(), methods(&service))]);
    let mut open: Vec<MessageDescriptor> = service
        .methods()
        .flat_map(|method| [method.input(), method.output()])
        .collect();
    while let Some(message) = open.pop() {
        if all.contains_key(message.full_name()) {
            continue;
        }
        all.insert(message.full_name().to_owned(), self::message(&message));
        for field in message.fields() {
            match field.kind() {
                Kind::Message(of) => open.push(of),
                Kind::Enum(of) => {
                    all.insert(of.full_name().to_owned(), enumeration(&of));
                }
                _ => {}
            }
        }
    }
    all
}

fn methods(service: &ServiceDescriptor) -> String {
    let methods = service.methods().map(|method| {
        let proto = method.method_descriptor_proto();
        let options = proto.options.clone().unwrap_or_default();
        format!(
            "{}({} {}) {} {} {:?} {}",
            method.name(),
            method.is_client_streaming(),
            method.input().full_name(),
            method.is_server_streaming(),
            method.output().full_name(),
            options.idempotency_level(),
            options.deprecated(),
        )
    });
    methods
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("\n")
}

fn message(message: &MessageDescriptor) -> String {
    let fields = message
        .fields()
        .map(|field| (field.number(), self::field(&field)));
    let fields: BTreeMap<u32, String> = fields.collect();
    let mut lines: Vec<String> = fields.into_values().collect();
    let ranges: BTreeSet<u32> = (message.reserved_ranges())
        .flat_map(|range| [range.start, range.end])
        .collect();
    let names: BTreeSet<&str> = message.reserved_names().collect();
    lines.push(format!(
        "reserved {ranges:?} {names:?} map {}",
        message.is_map_entry()
    ));
    lines.join("\n")
}

fn field(field: &FieldDescriptor) -> String {
    let oneof = field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    // Not `is_packed`, which is computed before the options of a file are read.
    let options = field.field_descriptor_proto().options.as_ref();
    let packed = options.and_then(|options| options.packed);
    format!(
        "{} {} {} {:?} list={} map={} packed={packed:?} presence={} oneof={:?}",
        field.number(),
        field.name(),
        field.json_name(),
        field.kind(),
        field.is_list(),
        field.is_map(),
        field.supports_presence(),
        oneof.map(|oneof| oneof.name().to_owned()),
    )
}

fn enumeration(of: &EnumDescriptor) -> String {
    let mut values: Vec<(i32, String)> = of
        .values()
        .map(|value| (value.number(), value.name().to_owned()))
        .collect();
    values.sort();
    let ranges: Vec<_> = of.reserved_ranges().collect();
    let names: BTreeSet<&str> = of.reserved_names().collect();
    format!("{values:?} {ranges:?} {names:?}")
}
