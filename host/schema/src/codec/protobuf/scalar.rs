//! Scalars: one value of a kind, checked against its plan type.

use bytes::Bytes;

use super::reader::{Reader, Wire};
use super::writer;
use crate::codec::proto::{case_of_number, mismatch};
use crate::codec::{DecodeError, EncodeError, text};
use crate::proto::Kind;
use crate::{Plan, Type, TypeId, Value};

type Result<T> = std::result::Result<T, DecodeError>;

/// How one value of a kind is framed.
#[inline]
pub(super) fn wire(kind: Kind) -> Wire {
    match kind {
        Kind::Bool | Kind::Int32 | Kind::Sint32 | Kind::Uint32 | Kind::Enum(_) => Wire::Varint,
        Kind::Int64 | Kind::Sint64 | Kind::Uint64 => Wire::Varint,
        Kind::Sfixed32 | Kind::Fixed32 | Kind::Float => Wire::Fixed32,
        Kind::Sfixed64 | Kind::Fixed64 | Kind::Double => Wire::Fixed64,
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Opaque(_) => Wire::Chunk,
    }
}

/// Reads one scalar of a message's `bytes`.
#[inline]
pub(super) fn decode(
    plan: &Plan,
    bytes: &Bytes,
    kind: Kind,
    ty: Option<TypeId>,
    reader: &mut Reader<'_>,
) -> Result<Value> {
    // Of longer varints the 32-bit kinds take the low bits, as protobuf asks.
    #[expect(clippy::cast_possible_truncation, reason = "protobuf truncates")]
    match kind {
        Kind::Bool => Ok(Value::Bool(reader.varint()? != 0)),
        Kind::Uint32 => unsigned(plan, ty, u64::from(reader.varint()? as u32)),
        Kind::Uint64 => unsigned(plan, ty, reader.varint()?),
        Kind::Fixed32 => unsigned(plan, ty, u32::from_le_bytes(reader.fixed()?).into()),
        Kind::Fixed64 => unsigned(plan, ty, u64::from_le_bytes(reader.fixed()?)),
        Kind::Int32 => signed(plan, ty, i64::from(reader.varint()? as i32)),
        Kind::Int64 => signed(plan, ty, reader.varint()? as i64),
        Kind::Sint32 => signed(plan, ty, unzigzag(u64::from(reader.varint()? as u32))),
        Kind::Sint64 => signed(plan, ty, unzigzag(reader.varint()?)),
        Kind::Sfixed32 => signed(plan, ty, i32::from_le_bytes(reader.fixed()?).into()),
        Kind::Sfixed64 => signed(plan, ty, i64::from_le_bytes(reader.fixed()?)),
        Kind::Float => Ok(Value::Float(f32::from_le_bytes(reader.fixed()?).into())),
        Kind::Double => Ok(Value::Float(f64::from_le_bytes(reader.fixed()?))),
        Kind::String => {
            let range = reader.chunk()?;
            string(plan, ty, &bytes[range.start..range.end])
        }
        Kind::Bytes => {
            let range = reader.chunk()?;
            Ok(Value::Bytes(bytes.slice(range.start..range.end)))
        }
        Kind::Enum(id) => case_of_number(plan, id, enum_number(reader)?).map(Value::Enum),
        Kind::Message(_) | Kind::Opaque(_) => Err(DecodeError::new("a message is no scalar")),
    }
}

/// Open enums have 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "protobuf truncates")]
pub(super) fn enum_number(reader: &mut Reader<'_>) -> Result<i32> {
    reader.varint().map(|number| number as i32)
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

#[inline]
fn unsigned(plan: &Plan, ty: Option<TypeId>, number: u64) -> Result<Value> {
    let max = match ty.map(|ty| &plan[ty]) {
        Some(Type::U8) => u8::MAX.into(),
        Some(Type::U16) => u16::MAX.into(),
        Some(Type::U32) => u32::MAX.into(),
        _ => u64::MAX,
    };
    match ty {
        Some(ty) if number > max => Err(text::mismatch(plan, ty, &number.to_string())),
        _ => Ok(Value::Uint(number)),
    }
}

#[inline]
fn signed(plan: &Plan, ty: Option<TypeId>, number: i64) -> Result<Value> {
    let (min, max) = match ty.map(|ty| &plan[ty]) {
        Some(Type::S8) => (i8::MIN.into(), i8::MAX.into()),
        Some(Type::S16) => (i16::MIN.into(), i16::MAX.into()),
        Some(Type::S32) => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    };
    match ty {
        Some(ty) if !(min..=max).contains(&number) => {
            Err(text::mismatch(plan, ty, &number.to_string()))
        }
        _ => Ok(Value::Int(number)),
    }
}

fn string(plan: &Plan, ty: Option<TypeId>, bytes: &[u8]) -> Result<Value> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(DecodeError::new("expected string, found invalid UTF-8"));
    };
    match ty.map(|ty| &plan[ty]) {
        Some(Type::Char) => text::one_char(text),
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// Writes one scalar, without a tag.
#[inline]
pub(super) fn encode(
    plan: &Plan,
    kind: Kind,
    ty: Option<TypeId>,
    value: &Value,
    out: &mut Vec<u8>,
) -> std::result::Result<(), EncodeError> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "values are of their plan types, which are no wider than the kinds"
    )]
    match (kind, value) {
        (Kind::Bool, Value::Bool(on)) => out.push((*on).into()),
        (Kind::Uint32 | Kind::Uint64, Value::Uint(number)) => writer::varint(*number, out),
        (Kind::Int32 | Kind::Int64, Value::Int(number)) => writer::varint(*number as u64, out),
        (Kind::Sint32 | Kind::Sint64, Value::Int(number)) => writer::varint(zigzag(*number), out),
        (Kind::Fixed32, Value::Uint(number)) => out.extend((*number as u32).to_le_bytes()),
        (Kind::Fixed64, Value::Uint(number)) => out.extend(number.to_le_bytes()),
        (Kind::Sfixed32, Value::Int(number)) => out.extend((*number as i32).to_le_bytes()),
        (Kind::Sfixed64, Value::Int(number)) => out.extend(number.to_le_bytes()),
        (Kind::Float, Value::Float(number)) => out.extend((*number as f32).to_le_bytes()),
        (Kind::Double, Value::Float(number)) => out.extend(number.to_le_bytes()),
        (Kind::String, Value::String(text)) => writer::chunk(text.as_bytes(), out),
        (Kind::String, Value::Char(c)) => {
            writer::chunk(c.encode_utf8(&mut [0; 4]).as_bytes(), out);
        }
        (Kind::Bytes, Value::Bytes(bytes)) => writer::chunk(bytes, out),
        (Kind::Enum(id), Value::Enum(case)) => match plan.proto().enumeration(id).value_of(*case) {
            Some(value) => writer::varint(i64::from(value.number) as u64, out),
            None => return Err(mismatch(plan, ty)),
        },
        _ => return Err(mismatch(plan, ty)),
    }
    Ok(())
}
