//! Which messages and enums services use, and which fields would make a
//! message contain itself.

use std::collections::BTreeSet;

use protox::prost_reflect::{
    EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ServiceDescriptor, Syntax,
};

use super::ImportError;

/// Messages that have a place of their own in WIT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Special {
    /// A record of `ostler:rpc/types`.
    Rpc(&'static str),
    /// A scalar in a message.
    Wrapper(&'static str),
    /// `google.protobuf.Empty`.
    Empty,
}

/// What protobuf's own messages are in WIT.
pub(super) fn special(message: &MessageDescriptor) -> Option<Special> {
    Some(
        match message.full_name().strip_prefix("google.protobuf.")? {
            "Timestamp" => Special::Rpc("timestamp"),
            "Duration" => Special::Rpc("duration"),
            "Any" => Special::Rpc("any"),
            "FieldMask" => Special::Rpc("field-mask"),
            "Struct" => Special::Rpc("struct"),
            "BoolValue" => Special::Wrapper("bool"),
            "Int32Value" => Special::Wrapper("s32"),
            "UInt32Value" => Special::Wrapper("u32"),
            "Int64Value" => Special::Wrapper("s64"),
            "UInt64Value" => Special::Wrapper("u64"),
            "FloatValue" => Special::Wrapper("f32"),
            "DoubleValue" => Special::Wrapper("f64"),
            "StringValue" => Special::Wrapper("string"),
            "BytesValue" => Special::Wrapper("list<u8>"),
            "Empty" => Special::Empty,
            _ => return None,
        },
    )
}

/// What services use.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// In order of first use.
    pub(super) messages: Vec<MessageDescriptor>,
    pub(super) enums: Vec<EnumDescriptor>,
    /// Fields that are kept as `any`, by full name.
    pub(super) opaque: BTreeSet<String>,
    open: Vec<String>,
}

impl Graph {
    pub(super) fn of(services: &[ServiceDescriptor]) -> Result<Self, ImportError> {
        let mut graph = Self::default();
        for method in services.iter().flat_map(ServiceDescriptor::methods) {
            for (message, streams) in [
                (method.input(), method.is_client_streaming()),
                (method.output(), method.is_server_streaming()),
            ] {
                // A message without fields is no value of its own there.
                if streams || message.fields().len() > 0 {
                    graph.message(&message, streams)?;
                }
            }
        }
        Ok(graph)
    }

    /// Adds a message; `Empty` counts only where it is a value.
    fn message(&mut self, message: &MessageDescriptor, value: bool) -> Result<(), ImportError> {
        let is_leaf = match special(message) {
            Some(Special::Empty) => !value,
            Some(_) => true,
            None => false,
        };
        if is_leaf || self.messages.contains(message) {
            return Ok(());
        }
        refuse(message)?;
        self.messages.push(message.clone());
        self.open.push(message.full_name().to_owned());
        for field in declared(message) {
            self.field(&field)?;
        }
        self.open.pop();
        Ok(())
    }

    fn field(&mut self, field: &FieldDescriptor) -> Result<(), ImportError> {
        let in_oneof = field.containing_oneof().is_some();
        match value_kind(field) {
            Kind::Message(message) if self.open.iter().any(|open| open == message.full_name()) => {
                self.opaque.insert(field.full_name().to_owned());
            }
            Kind::Message(message) => self.message(&message, !in_oneof)?,
            Kind::Enum(of) if !self.enums.contains(&of) => self.enums.push(of),
            _ => {}
        }
        Ok(())
    }
}

/// The fields of a message in order of declaration.
pub(super) fn declared(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let fields = message.descriptor_proto().field.iter();
    let number = |number: i32| u32::try_from(number).ok();
    fields
        .filter_map(|field| message.get_field(number(field.number())?))
        .collect()
}

/// The kind of one occurrence: of the value of a map.
pub(super) fn value_kind(field: &FieldDescriptor) -> Kind {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    }
}

fn refuse(message: &MessageDescriptor) -> Result<(), ImportError> {
    let file = message.parent_file();
    if file.syntax() != Syntax::Proto3 {
        return Err(ImportError::new(format!(
            "{}: message {} is no proto3, whose defaults and groups WIT has no words for; \
             move what the service uses to a proto3 file",
            file.name(),
            message.full_name()
        )));
    }
    Ok(())
}
