//! Messages of an imported contract: what another library writes is read, and
//! written again so that it reads the same.

use std::collections::{BTreeMap, HashMap};

use ostler_codegen::import;
use ostler_schema::codec::protobuf;
use ostler_schema::{Contract, MessageType};
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value,
};

use crate::golden;

/// A message with every field set, oneofs to their `choice`th member.
fn sample(of: &MessageDescriptor, depth: usize, choice: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        let chosen = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic());
        let is_chosen = chosen.is_none_or(|oneof| {
            let members: Vec<_> = oneof.fields().collect();
            members[choice % members.len()] == field
        });
        let is_leaf = !matches!(field.kind(), Kind::Message(_));
        if is_chosen && (is_leaf || depth > 0) {
            message.set_field(&field, whole(&field, depth, choice));
        }
    }
    message
}

fn whole(field: &FieldDescriptor, depth: usize, choice: usize) -> Value {
    let kind = field.kind();
    match kind.as_message().filter(|_| field.is_map()) {
        Some(entry) => {
            let key = match entry.map_entry_key_field().kind() {
                Kind::Bool => MapKey::Bool(true),
                Kind::String => MapKey::String("key".into()),
                Kind::Int32 => MapKey::I32(-1),
                Kind::Sint64 => MapKey::I64(-1),
                Kind::Fixed32 => MapKey::U32(7),
                Kind::Uint64 => MapKey::U64(1 << 60),
                other => panic!("no sample of {other:?}"),
            };
            let value = one(&entry.map_entry_value_field(), depth, choice);
            Value::Map(HashMap::from([(key, value)]))
        }
        None if field.is_list() => {
            Value::List(vec![one(field, depth, choice), one(field, depth, choice)])
        }
        None => one(field, depth, choice),
    }
}

fn one(field: &FieldDescriptor, depth: usize, choice: usize) -> Value {
    match field.kind() {
        Kind::Double => Value::F64(-1.5),
        Kind::Float => Value::F32(0.25),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(-12),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(-(1 << 40)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::MAX),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::MAX),
        Kind::Bool => Value::Bool(true),
        Kind::String => Value::String("text".into()),
        Kind::Bytes => Value::Bytes(vec![0, 255].into()),
        Kind::Enum(of) => Value::EnumNumber(of.values().last().unwrap().number()),
        Kind::Message(of) => Value::Message(message(&of, depth - 1, choice)),
    }
}

fn message(of: &MessageDescriptor, depth: usize, choice: usize) -> DynamicMessage {
    let mut made = match of.full_name() {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => DynamicMessage::new(of.clone()),
        // A value of JSON has exactly one kind.
        "google.protobuf.Value" => sample(of, 0, 1),
        _ => sample(of, depth, choice),
    };
    match of.full_name() {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            made.set_field_by_name("seconds", Value::I64(90));
            made.set_field_by_name("nanos", Value::I32(5));
        }
        "google.protobuf.Any" => {
            let url = "type.googleapis.com/acme.shop.v2.Status".to_owned();
            made.set_field_by_name("type_url", Value::String(url));
        }
        _ => {}
    }
    made
}

fn read_and_written(contract: &Contract, of: MessageType, original: &DynamicMessage) {
    let bytes = original.encode_to_vec().into();
    let value = protobuf::decode(&contract.plan, of.proto, &bytes, 100)
        .unwrap_or_else(|error| panic!("{error}\n{original}"));
    let mut out = Vec::new();
    protobuf::encode(&contract.plan, of.proto, &value, &mut out).unwrap();
    let back = DynamicMessage::decode(original.descriptor(), &out[..]).unwrap();
    assert_eq!(&back, original, "{value:?}");
}

#[test]
fn messages_of_an_imported_contract_are_those_of_the_file() {
    let folder = golden("import").join("everything");
    let file = folder.join("shop.proto");
    let imported = import(std::slice::from_ref(&file), &[]).unwrap();
    let wit = BTreeMap::from([(imported.file, imported.wit)]);
    let contract = Contract::from_wit(wit, Some(imported.lock)).unwrap();
    let mut compiler = protox::Compiler::new([&folder]).unwrap();
    let pool = compiler
        .include_imports(true)
        .open_file(&file)
        .unwrap()
        .descriptor_pool();
    let service = pool
        .get_service_by_name("acme.shop.v2.ShopService")
        .unwrap();
    let mut count = 0;
    for method in &contract.services[0].methods {
        let original = service
            .methods()
            .find(|of| of.name() == method.proto)
            .unwrap();
        let sides = [
            (Some(method.request.codec()), original.input()),
            (method.response.codec(), original.output()),
        ];
        for (ours, theirs) in sides {
            let Some(ours) = ours else { continue };
            read_and_written(&contract, ours, &DynamicMessage::new(theirs.clone()));
            for choice in 0..8 {
                read_and_written(&contract, ours, &message(&theirs, 4, choice));
                count += 1;
            }
        }
    }
    assert!(count >= 100, "{count}");
}
