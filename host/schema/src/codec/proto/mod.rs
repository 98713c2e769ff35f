//! What both codecs of the proto profile do alike: values of messages out of
//! the values of their fields, and back.

mod build;
#[cfg(test)]
pub(super) mod testing;
mod walk;

use std::borrow::Cow;

use super::{DecodeError, text};
use crate::proto::{EnumId, FieldLayout, MessageId, MessageLayout, Shape};
use crate::{Plan, Type, TypeId, Value, WellKnown};

pub(super) use self::build::{Builder, case_of, finish, last_entries, wrap};
pub(super) use self::walk::{Content, Source, any, mismatch, opaque, walk};

/// What precedes the name of a type in `google.protobuf.Any`.
const URL: &str = "type.googleapis.com/";

/// The type name of an `any` from its URL: without the usual host, else as it
/// is, so that [`url_of`] gives it back.
pub(super) fn name_of(url: &str) -> &str {
    match url.strip_prefix(URL) {
        Some(name) if !name.contains('/') => name,
        _ => url,
    }
}

/// The URL of an `any`; a name that is one already stays as it is.
pub(super) fn url_of(name: &str) -> Cow<'_, str> {
    if name.is_empty() || name.contains('/') {
        name.into()
    } else {
        format!("{URL}{name}").into()
    }
}

/// The record of `ostler:rpc/types` that a message of that shape stands for.
pub(super) fn well_known(plan: &Plan, shape: Shape) -> Option<WellKnown> {
    let Shape::Record(ty) = shape else {
        return None;
    };
    match &plan[ty] {
        Type::Record(record) => record.well_known,
        _ => None,
    }
}

/// Whether a repeated field of that type stands for flags.
pub(super) fn is_flags(plan: &Plan, ty: Option<TypeId>) -> bool {
    ty.is_some_and(|ty| matches!(plan[ty], Type::Flags(_)))
}

/// Whether the items of a repeated message are the entries of a map.
pub(super) fn is_entry(plan: &Plan, id: MessageId) -> bool {
    matches!(plan.proto().message(id).shape, Shape::Entry(_))
}

/// The case that a number stands for.
pub(super) fn case_of_number(
    plan: &Plan,
    id: EnumId,
    number: i32,
) -> std::result::Result<u32, DecodeError> {
    let of = plan.proto().enumeration(id);
    match of.find(number) {
        Some(value) => value.case.ok_or_else(|| unset_enum(plan, id)),
        None => Err(DecodeError::new(format!(
            "unknown value {number}, expected one of {}",
            text::listed(allowed(plan, id))
        ))),
    }
}

/// The case that a name stands for.
pub(super) fn case_of_name(
    plan: &Plan,
    id: EnumId,
    name: &str,
) -> std::result::Result<u32, DecodeError> {
    match plan.proto().enumeration(id).find_name(name) {
        Some(value) => value.case.ok_or_else(|| unset_enum(plan, id)),
        None => Err(text::unknown_name("value", name, allowed(plan, id))),
    }
}

/// An enum left at the zero that no case has.
#[cold]
fn unset_enum(plan: &Plan, id: EnumId) -> DecodeError {
    DecodeError::new(format!(
        "must be set to one of {}",
        text::listed(allowed(plan, id))
    ))
}

fn allowed(plan: &Plan, id: EnumId) -> impl ExactSizeIterator<Item = &str> {
    let values = plan.proto().enumeration(id).values.iter();
    let named: Vec<&str> = values
        .filter(|value| value.case.is_some())
        .map(|value| &*value.name)
        .collect();
    named.into_iter()
}

/// A oneof without a member.
#[cold]
fn unset_oneof(
    message: &MessageLayout,
    place: usize,
    name: fn(&FieldLayout) -> &str,
) -> DecodeError {
    let members: Vec<&str> = message.members(place).map(name).collect();
    let members = text::listed(members.into_iter());
    DecodeError::new(format!("one of {members} must be set"))
}

/// `ostler:rpc/types.any` as a value.
pub(super) fn any_value(name: &str, value: bytes::Bytes) -> Value {
    Value::Record(vec![Value::String(name.to_owned()), Value::Bytes(value)])
}

#[cfg(test)]
mod tests;
