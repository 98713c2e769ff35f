//! The WIT type of a field, and what the lock has to say of it.

use ostler_schema::proto::lock::FieldLock;
use ostler_schema::proto::names::json_name;
use protox::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::graph::{Graph, Special, special};
use super::names::Names;
use super::words::escaped;

/// Writes the types of fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    pub(super) names: &'a Names,
    pub(super) graph: &'a Graph,
}

/// One value of a kind: its type, and the kind the lock has to name.
struct One {
    ty: String,
    kind: Option<&'static str>,
    /// A message around a scalar, which is absent when the message is.
    wrapper: Option<String>,
}

impl Fields<'_> {
    /// The type of a field of a record, and its entry in the lock as `wit`.
    pub(super) fn field(self, field: &FieldDescriptor, wit: &str) -> (String, FieldLock) {
        let mut lock = named(field, wit);
        if field.is_map() {
            return (self.map(field, &mut lock), lock);
        }
        let one = self.one(field, &field.kind(), &mut lock);
        let ty = match () {
            () if field.is_list() => {
                lock.packed = is_unpacked(field).then_some(false);
                format!("list<{}>", one.ty)
            }
            () if field.supports_presence() => format!("option<{}>", one.ty),
            () => one.ty,
        };
        (ty, lock)
    }

    /// The payload of a case, if it has one, and its entry in the lock.
    pub(super) fn case(self, field: &FieldDescriptor, wit: &str) -> (Option<String>, FieldLock) {
        let mut lock = named(field, wit);
        let kind = field.kind();
        if kind.as_message().and_then(special) == Some(Special::Empty) {
            return (None, lock);
        }
        let one = self.one(field, &kind, &mut lock);
        (Some(one.ty), lock)
    }

    /// The type of a message where it is a value.
    pub(super) fn message(self, message: &MessageDescriptor) -> String {
        match special(message) {
            Some(Special::Rpc(name)) => name.to_owned(),
            Some(Special::Wrapper(scalar)) => scalar.to_owned(),
            _ => escaped(self.names.ty(message.full_name())),
        }
    }

    fn map(self, field: &FieldDescriptor, lock: &mut FieldLock) -> String {
        let kind = field.kind();
        let Some(entry) = kind.as_message() else {
            return String::new();
        };
        let key = self.scalar(&entry.map_entry_key_field().kind());
        lock.key_kind = key.kind.map(str::to_owned);
        let value = self.one(field, &entry.map_entry_value_field().kind(), lock);
        format!("map<{}, {}>", key.ty, value.ty)
    }

    fn one(self, field: &FieldDescriptor, kind: &Kind, lock: &mut FieldLock) -> One {
        if let Kind::Message(message) = kind
            && self.graph.opaque.contains(field.full_name())
        {
            lock.any = Some(self.names.key(message.full_name()));
            return One {
                ty: "any".into(),
                kind: None,
                wrapper: None,
            };
        }
        let one = self.scalar(kind);
        lock.kind = one.wrapper.clone().or_else(|| one.kind.map(str::to_owned));
        one
    }

    fn scalar(self, kind: &Kind) -> One {
        let (ty, kind, wrapper) = match kind {
            Kind::Bool => ("bool", None, None),
            Kind::Double => ("f64", None, None),
            Kind::Float => ("f32", None, None),
            Kind::Int32 => ("s32", None, None),
            Kind::Sint32 => ("s32", Some("sint32"), None),
            Kind::Sfixed32 => ("s32", Some("sfixed32"), None),
            Kind::Uint32 => ("u32", None, None),
            Kind::Fixed32 => ("u32", Some("fixed32"), None),
            Kind::Int64 => ("s64", None, None),
            Kind::Sint64 => ("s64", Some("sint64"), None),
            Kind::Sfixed64 => ("s64", Some("sfixed64"), None),
            Kind::Uint64 => ("u64", None, None),
            Kind::Fixed64 => ("u64", Some("fixed64"), None),
            Kind::String => ("string", None, None),
            Kind::Bytes => ("list<u8>", None, None),
            Kind::Enum(of) => {
                return One {
                    ty: escaped(self.names.ty(of.full_name())),
                    kind: None,
                    wrapper: None,
                };
            }
            Kind::Message(message) => {
                let wraps = matches!(special(message), Some(Special::Wrapper(_)));
                return One {
                    ty: self.message(message),
                    kind: None,
                    wrapper: wraps.then(|| message.full_name().to_owned()),
                };
            }
        };
        One {
            ty: ty.into(),
            kind,
            wrapper,
        }
    }
}

/// Number and names, as far as they are not made of the identifier.
fn named(field: &FieldDescriptor, wit: &str) -> FieldLock {
    let is_same = field.name() == wit.replace('-', "_");
    let is_derived = field.json_name() == json_name(field.name());
    FieldLock {
        number: Some(field.number()),
        name: (!is_same).then(|| field.name().to_owned()),
        json_name: (!is_derived).then(|| field.json_name().to_owned()),
        ..FieldLock::default()
    }
}

/// Whether the file says `packed = false` where that makes a difference.
/// `FieldDescriptor::is_packed` is of no use: it is computed before the
/// options that stand in the file are read.
fn is_unpacked(field: &FieldDescriptor) -> bool {
    let options = field.field_descriptor_proto().options.as_ref();
    is_packable(&field.kind()) && options.is_some_and(|options| options.packed == Some(false))
}

fn is_packable(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}
