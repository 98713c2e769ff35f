//! Scalars: whether every value of one type is read as the same value of
//! another.

use super::Wire;
use super::reason::Reason;
use crate::Type;
use crate::proto::Kind;

/// What becomes of a scalar that is read as another type; `None` when nothing
/// does.
pub(super) fn types(written: &Type, read: &Type) -> Option<Reason> {
    if std::mem::discriminant(written) == std::mem::discriminant(read) {
        return None;
    }
    if let (Some(from), Some(to)) = (range(written), range(read)) {
        return Some(match to.0 <= from.0 && from.1 <= to.1 {
            true => Reason::Wider,
            false => Reason::Narrower,
        });
    }
    Some(match (written, read) {
        (Type::F32, Type::F64) | (Type::Char, Type::String) => Reason::Wider,
        (Type::F64, Type::F32) | (Type::String, Type::Char) => Reason::Narrower,
        _ => Reason::OtherType,
    })
}

fn range(ty: &Type) -> Option<(i128, i128)> {
    Some(match ty {
        Type::U8 => (0, u8::MAX.into()),
        Type::U16 => (0, u16::MAX.into()),
        Type::U32 => (0, u32::MAX.into()),
        Type::U64 => (0, u64::MAX.into()),
        Type::S8 => (i8::MIN.into(), i8::MAX.into()),
        Type::S16 => (i16::MIN.into(), i16::MAX.into()),
        Type::S32 => (i32::MIN.into(), i32::MAX.into()),
        Type::S64 => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}

/// Whether one kind reads the bytes of another as the number that was written.
pub(super) fn is_same_encoding(wire: Wire, written: Kind, read: Kind) -> bool {
    wire != Wire::Protobuf || encoding(written) == encoding(read)
}

/// Kinds of one encoding differ in range alone, which is that of their types.
fn encoding(kind: Kind) -> u8 {
    match kind {
        Kind::Uint32 | Kind::Uint64 | Kind::Int32 | Kind::Int64 => 0,
        Kind::Sint32 | Kind::Sint64 => 1,
        Kind::Fixed32 | Kind::Sfixed32 => 2,
        Kind::Fixed64 | Kind::Sfixed64 => 3,
        Kind::Float => 4,
        Kind::Double => 5,
        Kind::String => 6,
        Kind::Bytes => 7,
        Kind::Bool => 8,
        Kind::Enum(_) => 9,
        Kind::Message(_) | Kind::Opaque(_) => 10,
    }
}

/// As `.proto` files call it.
pub(super) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::Int32 => "int32",
        Kind::Sint32 => "sint32",
        Kind::Sfixed32 => "sfixed32",
        Kind::Uint32 => "uint32",
        Kind::Fixed32 => "fixed32",
        Kind::Int64 => "int64",
        Kind::Sint64 => "sint64",
        Kind::Sfixed64 => "sfixed64",
        Kind::Uint64 => "uint64",
        Kind::Fixed64 => "fixed64",
        Kind::Float => "float",
        Kind::Double => "double",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Enum(_) => "enum",
        Kind::Message(_) => "message",
        Kind::Opaque(_) => "any",
    }
}
