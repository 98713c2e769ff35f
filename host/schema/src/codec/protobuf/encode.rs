//! [`Value`] → bytes.

use super::reader::Wire;
use super::writer::{chunk, delimited, tag};
use super::{scalar, structs};
use crate::codec::EncodeError;
use crate::codec::proto::{Content, Source, any, mismatch, opaque, url_of, walk, well_known};
use crate::proto::{FieldLayout, Kind, Label, MessageId};
use crate::{Plan, TypeId, Value, WellKnown};

type Result = std::result::Result<(), EncodeError>;

/// Appends the fields of a message.
#[inline(never)]
pub(super) fn message(plan: &Plan, id: MessageId, source: Source<'_>, out: &mut Vec<u8>) -> Result {
    let message = plan.proto().message(id);
    match (well_known(plan, message.shape), source) {
        (Some(WellKnown::Struct), Source::Value(Value::Record(fields))) => match &fields[..] {
            [Value::String(json)] => structs::encode(json, out),
            _ => Err(mismatch(plan, None)),
        },
        (Some(WellKnown::Any), Source::Value(value)) => match any(value) {
            Some((name, bytes)) => {
                write_any(name, bytes, out);
                Ok(())
            }
            None => Err(mismatch(plan, None)),
        },
        _ => walk(plan, message, source, |field, content| {
            self::field(plan, field, content, out)
        }),
    }
}

fn write_any(name: &str, bytes: &[u8], out: &mut Vec<u8>) {
    for (number, bytes) in [(1, url_of(name).as_bytes()), (2, bytes)] {
        if !bytes.is_empty() {
            tag(number, Wire::Chunk, out);
            chunk(bytes, out);
        }
    }
}

fn field(plan: &Plan, field: &FieldLayout, content: Content<'_>, out: &mut Vec<u8>) -> Result {
    let FieldLayout {
        number, kind, ty, ..
    } = *field;
    match content {
        Content::One(value) => occurrence(plan, number, kind, ty, value, out),
        Content::Bare => {
            // An empty message, or the zero of whatever a lock says.
            tag(number, scalar::wire(kind), out);
            let zeros = match scalar::wire(kind) {
                Wire::Fixed32 => 4,
                Wire::Fixed64 => 8,
                _ => 1,
            };
            out.resize(out.len() + zeros, 0);
            Ok(())
        }
        Content::Many(items) => list(plan, field, items, out),
        Content::Flags(bits) => flags(plan, field, bits, out),
        Content::Entries(entries) => map(plan, field, entries, out),
    }
}

/// A tag and one value.
fn occurrence(
    plan: &Plan,
    number: u32,
    kind: Kind,
    ty: Option<TypeId>,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result {
    tag(number, scalar::wire(kind), out);
    match kind {
        Kind::Message(id) => delimited(out, |out| message(plan, id, Source::Value(value), out)),
        Kind::Opaque(id) => {
            chunk(opaque(plan.proto().message(id), value)?, out);
            Ok(())
        }
        kind => scalar::encode(plan, kind, ty, value, out),
    }
}

#[inline(never)]
fn list(plan: &Plan, field: &FieldLayout, items: &[Value], out: &mut Vec<u8>) -> Result {
    let FieldLayout {
        number,
        kind,
        ty,
        label,
        ..
    } = *field;
    if is_packed(label, kind) {
        tag(number, Wire::Chunk, out);
        return delimited(out, |out| {
            let mut items = items.iter();
            items.try_for_each(|item| scalar::encode(plan, kind, ty, item, out))
        });
    }
    for (i, item) in items.iter().enumerate() {
        occurrence(plan, number, kind, ty, item, out).map_err(|error| error.at(i))?;
    }
    Ok(())
}

fn is_packed(label: Label, kind: Kind) -> bool {
    label == Label::Repeated { packed: true } && scalar::wire(kind) != Wire::Chunk
}

/// Flags are a list of the values of an enum.
#[inline(never)]
fn flags(plan: &Plan, field: &FieldLayout, bits: u32, out: &mut Vec<u8>) -> Result {
    let set = (0..u32::BITS).filter(|bit| bits >> bit & 1 == 1);
    let Kind::Enum(id) = field.kind else {
        return Err(mismatch(plan, field.ty));
    };
    let known = set.filter(|bit| plan.proto().enumeration(id).value_of(*bit).is_some());
    let items: Vec<Value> = known.map(Value::Enum).collect();
    if items.is_empty() {
        return Ok(());
    }
    list(plan, field, &items, out)
}

#[inline(never)]
fn map(plan: &Plan, field: &FieldLayout, entries: &[(Value, Value)], out: &mut Vec<u8>) -> Result {
    for (i, (key, value)) in entries.iter().enumerate() {
        tag(field.number, Wire::Chunk, out);
        delimited(out, |out| entry(plan, field, key, value, out)).map_err(|error| error.at(i))?;
    }
    Ok(())
}

fn entry(
    plan: &Plan,
    field: &FieldLayout,
    key: &Value,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result {
    match (field.label, field.kind) {
        (Label::Map { key: kind, key_ty }, _) => {
            occurrence(plan, 1, kind, Some(key_ty), key, out)?;
            occurrence(plan, 2, field.kind, field.ty, value, out)
        }
        (_, Kind::Message(id)) => message(plan, id, Source::Pair(key, value), out),
        _ => Err(mismatch(plan, field.ty)),
    }
}
