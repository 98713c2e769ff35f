//! The files of `google.protobuf` that contracts use, as protobuf ships them.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, OneofDescriptorProto,
};

use crate::proto::names::json_name;

/// A file without `google/protobuf/` and `.proto`, and its messages.
type File = (&'static str, &'static [(&'static str, &'static [Field])]);

/// A field in order of its number: name, type, and the message or enum.
type Field = (&'static str, Type, &'static str);

const FILES: &[File] = &[
    (
        "any",
        &[(
            "Any",
            &[("type_url", Type::String, ""), ("value", Type::Bytes, "")],
        )],
    ),
    ("duration", &[("Duration", SECONDS)]),
    ("empty", &[("Empty", &[])]),
    (
        "field_mask",
        &[("FieldMask", &[("paths", Type::String, REPEATED)])],
    ),
    (
        "struct",
        &[
            ("Struct", &[("fields", Type::Message, "Struct.FieldsEntry")]),
            (
                "Value",
                &[
                    ("null_value", Type::Enum, "NullValue"),
                    ("number_value", Type::Double, ""),
                    ("string_value", Type::String, ""),
                    ("bool_value", Type::Bool, ""),
                    ("struct_value", Type::Message, "Struct"),
                    ("list_value", Type::Message, "ListValue"),
                ],
            ),
            ("ListValue", &[("values", Type::Message, "Value")]),
        ],
    ),
    ("timestamp", &[("Timestamp", SECONDS)]),
    (
        "wrappers",
        &[
            ("DoubleValue", &[("value", Type::Double, "")]),
            ("FloatValue", &[("value", Type::Float, "")]),
            ("Int64Value", &[("value", Type::Int64, "")]),
            ("UInt64Value", &[("value", Type::Uint64, "")]),
            ("Int32Value", &[("value", Type::Int32, "")]),
            ("UInt32Value", &[("value", Type::Uint32, "")]),
            ("BoolValue", &[("value", Type::Bool, "")]),
            ("StringValue", &[("value", Type::String, "")]),
            ("BytesValue", &[("value", Type::Bytes, "")]),
        ],
    ),
];

const SECONDS: &[Field] = &[("seconds", Type::Int64, ""), ("nanos", Type::Int32, "")];

/// Instead of a type's name: the one scalar that is repeated.
const REPEATED: &str = "*";

const PACKAGE: &str = "google.protobuf";

/// The file that defines a message or enum, such as
/// `google/protobuf/any.proto`.
pub(super) fn file_of(full_name: &str) -> Option<&'static str> {
    let name = full_name.strip_prefix(PACKAGE)?.strip_prefix('.')?;
    let (stem, _) = FILES.iter().find(|(stem, messages)| {
        let is_enum = *stem == "struct" && name == "NullValue";
        is_enum || messages.iter().any(|(message, _)| *message == name)
    })?;
    Some(path(stem))
}

/// Whether it is one of those.
pub(super) fn is_bundled(full_name: &str) -> bool {
    file_of(full_name).is_some()
}

fn path(stem: &str) -> &'static str {
    match stem {
        "any" => "google/protobuf/any.proto",
        "duration" => "google/protobuf/duration.proto",
        "empty" => "google/protobuf/empty.proto",
        "field_mask" => "google/protobuf/field_mask.proto",
        "struct" => "google/protobuf/struct.proto",
        "timestamp" => "google/protobuf/timestamp.proto",
        _ => "google/protobuf/wrappers.proto",
    }
}

/// The file of that path.
pub(super) fn file(name: &str) -> FileDescriptorProto {
    let found = FILES.iter().find(|(stem, _)| path(stem) == name);
    let (stem, messages) = found.copied().unwrap_or(("", &[]));
    FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some(PACKAGE.into()),
        syntax: Some("proto3".into()),
        message_type: messages
            .iter()
            .map(|(name, fields)| message(name, fields))
            .collect(),
        enum_type: if stem == "struct" {
            vec![null()]
        } else {
            Vec::new()
        },
        ..FileDescriptorProto::default()
    }
}

fn message(name: &str, fields: &[Field]) -> DescriptorProto {
    let fields = (1..).zip(fields).map(|(number, of)| field(number, of));
    let mut proto = DescriptorProto {
        name: Some(name.to_owned()),
        field: fields.collect(),
        ..DescriptorProto::default()
    };
    match name {
        "Value" => {
            proto.oneof_decl.push(OneofDescriptorProto {
                name: Some("kind".into()),
                options: None,
            });
            proto
                .field
                .iter_mut()
                .for_each(|field| field.oneof_index = Some(0));
        }
        "Struct" => {
            let parts: &[Field] = &[("key", Type::String, ""), ("value", Type::Message, "Value")];
            let mut entry = message("FieldsEntry", parts);
            entry.options = Some(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            });
            proto.nested_type.push(entry);
        }
        _ => {}
    }
    proto
}

fn field(number: i32, (name, ty, of): &Field) -> FieldDescriptorProto {
    let is_repeated = *of == REPEATED || matches!(*name, "fields" | "values");
    let label = if is_repeated {
        Label::Repeated
    } else {
        Label::Optional
    };
    let is_named = matches!(ty, Type::Message | Type::Enum);
    FieldDescriptorProto {
        name: Some((*name).to_owned()),
        number: Some(number),
        label: Some(label as i32),
        r#type: Some(*ty as i32),
        type_name: is_named.then(|| format!(".{PACKAGE}.{of}")),
        json_name: Some(json_name(name)),
        ..FieldDescriptorProto::default()
    }
}

fn null() -> EnumDescriptorProto {
    EnumDescriptorProto {
        name: Some("NullValue".into()),
        value: vec![EnumValueDescriptorProto {
            name: Some("NULL_VALUE".into()),
            number: Some(0),
            options: None,
        }],
        ..EnumDescriptorProto::default()
    }
}
