//! Messages field by field, out of their values.

use bytes::Bytes;

use super::super::EncodeError;
use super::super::text::expected;
use crate::proto::{FieldLayout, Kind, Label, MessageLayout, Shape, Slot};
use crate::{Plan, TypeId, Value};

type Result<T = ()> = std::result::Result<T, EncodeError>;

/// The value of a message.
#[derive(Clone, Copy)]
pub(in crate::codec) enum Source<'v> {
    Value(&'v Value),
    /// An entry of a map.
    Pair(&'v Value, &'v Value),
}

/// What a message has of one field; never a zero that need not be written.
pub(in crate::codec) enum Content<'v> {
    One(&'v Value),
    /// A case without payload.
    Bare,
    Many(&'v [Value]),
    Flags(u32),
    Entries(&'v [(Value, Value)]),
}

/// Calls `each` for the fields to be written, by rising number.
pub(in crate::codec) fn walk<'a, 'v>(
    plan: &'a Plan,
    message: &'a MessageLayout,
    source: Source<'v>,
    mut each: impl FnMut(&'a FieldLayout, Content<'v>) -> Result,
) -> Result {
    let mut field = |field: &'a FieldLayout, content: Option<Content<'v>>| match content {
        Some(content) => each(field, content).map_err(|error| error.within(&field.name)),
        None => Ok(()),
    };
    match (message.shape, source) {
        (Shape::Record(ty), Source::Value(Value::Record(values))) => {
            if values.len() != message.places() {
                return Err(mismatch(plan, Some(ty)));
            }
            for layout in &message.fields {
                field(
                    layout,
                    at_place(plan, layout, &values[layout.slot.place()])?,
                )?;
            }
            Ok(())
        }
        (Shape::Entry(_), Source::Pair(key, value)) => {
            for layout in &message.fields {
                let value = [key, value][layout.slot.place().min(1)];
                field(layout, at_place(plan, layout, value)?)?;
            }
            Ok(())
        }
        (Shape::Wrapper(_), Source::Value(value)) => match &*message.fields {
            [only] => field(only, at_place(plan, only, value)?),
            _ => Err(EncodeError::new("a wrapper has one field")),
        },
        (Shape::Variant(ty) | Shape::Result(ty), Source::Value(value)) => {
            let (case, payload) = case(value).ok_or_else(|| mismatch(plan, Some(ty)))?;
            let member = member(message, case).ok_or_else(|| mismatch(plan, Some(ty)))?;
            field(member, Some(content(plan, member, payload)?))
        }
        (Shape::Empty(_), _) => Ok(()),
        (Shape::Record(ty) | Shape::Entry(ty), _) => Err(mismatch(plan, Some(ty))),
        (_, Source::Pair(..)) => Err(EncodeError::new("only an entry is a pair")),
    }
}

/// The case and payload of a variant or result.
fn case(value: &Value) -> Option<(u32, Option<&Value>)> {
    match value {
        Value::Variant(case, payload) => Some((*case, payload.as_deref())),
        Value::Result(Ok(payload)) => Some((0, payload.as_deref())),
        Value::Result(Err(payload)) => Some((1, payload.as_deref())),
        _ => None,
    }
}

/// The field of a case; most are in the order of declaration.
fn member(message: &MessageLayout, case: u32) -> Option<&FieldLayout> {
    let is_case = |field: &&FieldLayout| field.slot == Slot::Case(case);
    let guess = message.fields.get(case as usize).filter(is_case);
    guess.or_else(|| message.fields.iter().find(is_case))
}

fn content<'v>(
    plan: &Plan,
    field: &FieldLayout,
    payload: Option<&'v Value>,
) -> Result<Content<'v>> {
    match (field.ty, payload) {
        (Some(_), Some(payload)) => Ok(Content::One(payload)),
        (None, None) => Ok(Content::Bare),
        (ty, _) => Err(mismatch(plan, ty).within(&field.name)),
    }
}

fn at_place<'v>(plan: &Plan, field: &FieldLayout, value: &'v Value) -> Result<Option<Content<'v>>> {
    let content = match (field.slot, value) {
        (Slot::Oneof { optional: true, .. }, Value::Option(None)) => None,
        (Slot::Oneof { case, optional, .. }, value) => {
            let variant = match value {
                Value::Option(Some(value)) if optional => value,
                value => value,
            };
            match variant {
                Value::Variant(of, payload) if *of == case => {
                    Some(self::content(plan, field, payload.as_deref())?)
                }
                Value::Variant(..) => None,
                _ => return Err(mismatch(plan, field.ty).within(&field.name)),
            }
        }
        _ => labelled(plan, field, value)?,
    };
    Ok(content)
}

fn labelled<'v>(plan: &Plan, field: &FieldLayout, value: &'v Value) -> Result<Option<Content<'v>>> {
    Ok(match (field.label, value) {
        (Label::Repeated { .. }, Value::List(items)) => {
            (!items.is_empty()).then_some(Content::Many(items))
        }
        (Label::Repeated { .. }, Value::Flags(bits)) => {
            (*bits != 0).then_some(Content::Flags(*bits))
        }
        (Label::Repeated { .. } | Label::Map { .. }, Value::Map(entries)) => {
            (!entries.is_empty()).then_some(Content::Entries(entries))
        }
        (Label::Optional | Label::Defaulted, Value::Option(value)) => {
            value.as_deref().map(Content::One)
        }
        (Label::Implicit, value) => {
            (!is_zero(plan, field.kind, value)).then_some(Content::One(value))
        }
        (Label::Defaulted | Label::Oneof, value) => Some(Content::One(value)),
        _ => return Err(mismatch(plan, field.ty).within(&field.name)),
    })
}

/// Whether a value is what the absence of a field means. A message never is.
fn is_zero(plan: &Plan, kind: Kind, value: &Value) -> bool {
    match value {
        Value::Bool(on) => !on,
        Value::Uint(number) => *number == 0,
        Value::Int(number) => *number == 0,
        // -0.0 is another number.
        Value::Float(number) => number.to_bits() == 0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Enum(case) => match kind {
            Kind::Enum(id) => {
                let of = plan.proto().enumeration(id);
                of.value_of(*case).is_some_and(|value| value.number == 0)
            }
            _ => false,
        },
        _ => false,
    }
}

/// The name and bytes of an `any`.
pub(in crate::codec) fn any(value: &Value) -> Option<(&str, &Bytes)> {
    match value {
        Value::Record(fields) => match &fields[..] {
            [Value::String(name), Value::Bytes(bytes)] => Some((name, bytes)),
            _ => None,
        },
        _ => None,
    }
}

/// The bytes of an `any` that holds a message of that one type.
pub(in crate::codec) fn opaque<'v>(message: &MessageLayout, value: &'v Value) -> Result<&'v Bytes> {
    match any(value) {
        Some((name, bytes)) if *name == *message.full_name => Ok(bytes),
        Some((name, _)) => Err(EncodeError::new(format!(
            "an any of type {name:?} where only {:?} may be",
            message.full_name
        ))),
        None => Err(EncodeError::new("the value is no any")),
    }
}

#[cold]
pub(in crate::codec) fn mismatch(plan: &Plan, ty: Option<TypeId>) -> EncodeError {
    let expected = ty.map_or("nothing".into(), |ty| expected(plan, ty));
    EncodeError::new(format!(
        "the value is not of its declared type ({expected})"
    ))
}
