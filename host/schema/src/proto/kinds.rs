//! Scalar kinds: those of the types of WIT, and those a lock may name instead.

use super::Kind;
use crate::Type;

/// The kinds of a scalar type, its own first, with their names; empty for what
/// is no scalar.
fn kinds(ty: &Type) -> &'static [(&'static str, Kind)] {
    match ty {
        Type::Bool => &[("bool", Kind::Bool)],
        Type::U8 | Type::U16 | Type::U32 => &[("uint32", Kind::Uint32), ("fixed32", Kind::Fixed32)],
        Type::S8 | Type::S16 | Type::S32 => &[
            ("int32", Kind::Int32),
            ("sint32", Kind::Sint32),
            ("sfixed32", Kind::Sfixed32),
        ],
        Type::U64 => &[("uint64", Kind::Uint64), ("fixed64", Kind::Fixed64)],
        Type::S64 => &[
            ("int64", Kind::Int64),
            ("sint64", Kind::Sint64),
            ("sfixed64", Kind::Sfixed64),
        ],
        Type::F32 => &[("float", Kind::Float)],
        Type::F64 => &[("double", Kind::Double)],
        Type::Char | Type::String => &[("string", Kind::String)],
        Type::Bytes => &[("bytes", Kind::Bytes)],
        _ => &[],
    }
}

/// The kind of a scalar type, the lock's or its own; `None` for another type.
pub(super) fn scalar(ty: &Type, pinned: Option<&str>) -> Result<Option<Kind>, String> {
    let kinds = kinds(ty);
    match pinned {
        None => Ok(kinds.first().map(|(_, kind)| *kind)),
        Some(name) => match kinds.iter().find(|(kind, _)| *kind == name) {
            Some((_, kind)) => Ok(Some(*kind)),
            None => {
                let all: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
                Err(match all.is_empty() {
                    true => format!("kind {name}, and it is no scalar"),
                    false => format!("kind {name}, which is none of {}", all.join(", ")),
                })
            }
        },
    }
}

/// The kind in the wrapper `google.protobuf.<name>`, if it is one for `ty`.
pub(super) fn wrapped(ty: &Type, name: &str) -> Result<Kind, String> {
    let fits = match ty {
        Type::Bool => "BoolValue",
        Type::U32 => "UInt32Value",
        Type::S32 => "Int32Value",
        Type::U64 => "UInt64Value",
        Type::S64 => "Int64Value",
        Type::F32 => "FloatValue",
        Type::F64 => "DoubleValue",
        Type::String => "StringValue",
        Type::Bytes => "BytesValue",
        _ => "",
    };
    match kinds(ty).first() {
        Some((_, kind)) if fits == name => Ok(*kind),
        _ => Err(format!(
            "google.protobuf.{name}, which does not hold its type"
        )),
    }
}

/// Whether protobuf allows such keys of a map.
pub(super) fn is_map_key(ty: &Type) -> bool {
    !matches!(ty, Type::F32 | Type::F64 | Type::Bytes) && !kinds(ty).is_empty()
}

/// Whether a repeated field of that kind can be packed.
pub(super) fn is_packable(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Opaque(_)
    )
}
