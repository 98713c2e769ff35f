//! One message or enum as a descriptor.

use prost_types::enum_descriptor_proto::EnumReservedRange;
use prost_types::field_descriptor_proto::{Label as Occurs, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto,
    FieldDescriptorProto, FieldOptions, MessageOptions, OneofDescriptorProto,
    descriptor_proto::ReservedRange,
};

use crate::proto::names::map_entry;
use crate::proto::{AboutType, EnumLayout, FieldLayout, Kind, Label, Layout, MessageLayout, Slot};

/// A message, without what is nested in it beside the entries of its maps.
pub(super) fn descriptor(layout: &Layout, message: &MessageLayout) -> DescriptorProto {
    let about = layout.about.types.get(&message.full_name);
    let mut proto = DescriptorProto {
        name: Some(short(&message.full_name)),
        ..DescriptorProto::default()
    };
    let oneofs = about.map_or(&[][..], |about| &about.oneofs);
    let mut places: Vec<Option<u32>> = Vec::new();
    for field in in_oneof_order(message) {
        let mut of = describe(layout, message, field);
        if let Some(place) = oneof(field) {
            let index = places
                .iter()
                .position(|known| *known == place)
                .unwrap_or_else(|| {
                    let name = oneofs.iter().find(|(known, _)| *known == place);
                    proto
                        .oneof_decl
                        .push(named(name.map_or("kind", |(_, name)| name)));
                    places.push(place);
                    places.len() - 1
                });
            of.oneof_index = i32::try_from(index).ok();
        }
        if let Label::Map { key, .. } = field.label {
            proto.nested_type.push(entry(layout, field, key));
        }
        proto.field.push(of);
    }
    synthetic_oneofs(&mut proto);
    let Some(about) = about else { return proto };
    proto.reserved_range = (about.reserved.iter())
        .map(|(first, last)| ReservedRange {
            start: Some(*first),
            end: Some(last.saturating_add(1)),
        })
        .collect();
    proto.reserved_name = about.reserved_names.clone();
    proto.options = about.deprecated.then(|| MessageOptions {
        deprecated: Some(true),
        ..MessageOptions::default()
    });
    proto
}

/// By number, but the members of a oneof together.
fn in_oneof_order(message: &MessageLayout) -> Vec<&FieldLayout> {
    let mut ordered: Vec<&FieldLayout> = Vec::new();
    for field in &*message.fields {
        let of = oneof(field);
        let together = of.and_then(|_| ordered.iter().rposition(|other| oneof(other) == of));
        match together {
            Some(place) => ordered.insert(place + 1, field),
            None => ordered.push(field),
        }
    }
    ordered
}

/// The oneof that a field is of: the message's own, or that of a place.
fn oneof(field: &FieldLayout) -> Option<Option<u32>> {
    match field.slot {
        Slot::Case(_) => Some(None),
        Slot::Oneof { place, .. } => Some(Some(place)),
        _ => None,
    }
}

fn named(name: &str) -> OneofDescriptorProto {
    OneofDescriptorProto {
        name: Some(name.to_owned()),
        options: None,
    }
}

/// Presence of scalars is a oneof of one field, after all others, named as
/// `protoc` names it.
fn synthetic_oneofs(proto: &mut DescriptorProto) {
    let mut taken: Vec<String> = (proto.field.iter().map(|field| field.name().to_owned()))
        .chain(proto.oneof_decl.iter().map(|oneof| oneof.name().to_owned()))
        .collect();
    for field in proto
        .field
        .iter_mut()
        .filter(|field| field.proto3_optional())
    {
        let mut name = format!("_{}", field.name());
        while taken.contains(&name) {
            name.insert(0, 'X');
        }
        field.oneof_index = i32::try_from(proto.oneof_decl.len()).ok();
        proto.oneof_decl.push(named(&name));
        taken.push(name);
    }
}

fn describe(layout: &Layout, message: &MessageLayout, field: &FieldLayout) -> FieldDescriptorProto {
    let is_message = matches!(field.kind, Kind::Message(_) | Kind::Opaque(_));
    let mut proto = of_kind(layout, &field.name, field.number, field.kind);
    proto.json_name = Some(field.json_name.to_string());
    match field.label {
        Label::Implicit | Label::Oneof => {}
        Label::Optional | Label::Defaulted => proto.proto3_optional = (!is_message).then_some(true),
        Label::Repeated { packed } => {
            proto.label = Some(Occurs::Repeated as i32);
            let unpacked = !packed && super::super::kinds::is_packable(field.kind);
            proto.options = unpacked.then(|| FieldOptions {
                packed: Some(false),
                ..FieldOptions::default()
            });
        }
        Label::Map { .. } => {
            proto.label = Some(Occurs::Repeated as i32);
            proto.r#type = Some(Type::Message as i32);
            let entry = map_entry(&field.name);
            proto.type_name = Some(format!(".{}.{entry}", message.full_name));
        }
    }
    proto
}

fn of_kind(layout: &Layout, name: &str, number: u32, kind: Kind) -> FieldDescriptorProto {
    let (ty, type_name) = match kind {
        Kind::Bool => (Type::Bool, None),
        Kind::Int32 => (Type::Int32, None),
        Kind::Sint32 => (Type::Sint32, None),
        Kind::Sfixed32 => (Type::Sfixed32, None),
        Kind::Uint32 => (Type::Uint32, None),
        Kind::Fixed32 => (Type::Fixed32, None),
        Kind::Int64 => (Type::Int64, None),
        Kind::Sint64 => (Type::Sint64, None),
        Kind::Sfixed64 => (Type::Sfixed64, None),
        Kind::Uint64 => (Type::Uint64, None),
        Kind::Fixed64 => (Type::Fixed64, None),
        Kind::Float => (Type::Float, None),
        Kind::Double => (Type::Double, None),
        Kind::String => (Type::String, None),
        Kind::Bytes => (Type::Bytes, None),
        Kind::Enum(id) => (Type::Enum, Some(&layout.enumeration(id).full_name)),
        Kind::Message(id) | Kind::Opaque(id) => {
            (Type::Message, Some(&layout.message(id).full_name))
        }
    };
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: i32::try_from(number).ok(),
        label: Some(Occurs::Optional as i32),
        r#type: Some(ty as i32),
        type_name: type_name.map(|name| format!(".{name}")),
        ..FieldDescriptorProto::default()
    }
}

fn entry(layout: &Layout, field: &FieldLayout, key: Kind) -> DescriptorProto {
    let part = |name: &str, number, kind| FieldDescriptorProto {
        json_name: Some(name.to_owned()),
        ..of_kind(layout, name, number, kind)
    };
    DescriptorProto {
        name: Some(map_entry(&field.name)),
        field: vec![part("key", 1, key), part("value", 2, field.kind)],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    }
}

/// An enum; its zero comes first, as proto3 wants it.
pub(super) fn enumeration(of: &EnumLayout, about: Option<&AboutType>) -> EnumDescriptorProto {
    let mut values: Vec<_> = of.values.iter().collect();
    values.sort_by_key(|value| value.number != 0);
    let mut numbers: Vec<i32> = values.iter().map(|value| value.number).collect();
    numbers.dedup();
    let options = EnumOptions {
        allow_alias: (numbers.len() < values.len()).then_some(true),
        deprecated: about.is_some_and(|about| about.deprecated).then_some(true),
        ..EnumOptions::default()
    };
    let values = values.into_iter().map(|value| EnumValueDescriptorProto {
        name: Some(value.name.to_string()),
        number: Some(value.number),
        options: None,
    });
    let reserved = about.map_or(&[][..], |about| &about.reserved);
    let reserved = reserved.iter().map(|(first, last)| EnumReservedRange {
        start: Some(*first),
        end: Some(*last),
    });
    EnumDescriptorProto {
        name: Some(short(&of.full_name)),
        value: values.collect(),
        options: (options != EnumOptions::default()).then_some(options),
        reserved_range: reserved.collect(),
        reserved_name: about
            .map(|about| about.reserved_names.clone())
            .unwrap_or_default(),
    }
}

fn short(full_name: &str) -> String {
    full_name.rsplit('.').next().unwrap_or(full_name).to_owned()
}

/// Puts a message among its siblings: maybe what is nested in it came first.
pub(super) fn put(siblings: &mut Vec<DescriptorProto>, mut new: DescriptorProto) {
    match siblings.iter_mut().find(|known| known.name == new.name) {
        Some(known) => {
            new.nested_type.append(&mut known.nested_type);
            new.enum_type.append(&mut known.enum_type);
            *known = new;
        }
        None => siblings.push(new),
    }
}

/// The message of that name, made if it is not there: nothing uses it, but
/// something is nested in it.
pub(super) fn child<'a>(
    siblings: &'a mut Vec<DescriptorProto>,
    name: &str,
) -> &'a mut DescriptorProto {
    let place = siblings.iter().position(|known| known.name() == name);
    let place = place.unwrap_or_else(|| {
        siblings.push(DescriptorProto {
            name: Some(name.to_owned()),
            ..DescriptorProto::default()
        });
        siblings.len() - 1
    });
    &mut siblings[place]
}

/// The full names of the types of its fields.
pub(super) fn uses(proto: &DescriptorProto, names: &mut Vec<String>) {
    for field in &proto.field {
        names.extend((field.type_name.iter()).map(|n| n.trim_start_matches('.').to_owned()));
    }
    for nested in &proto.nested_type {
        uses(nested, names);
    }
}
