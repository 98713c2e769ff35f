//! The records of `ostler:rpc/types` that are messages of `google.protobuf`.

use super::{FieldLayout, Kind, Label, MessageLayout, Shape, Slot, kinds};
use crate::{Plan, Type, TypeId, WellKnown};

/// The message that such a record is. That of a struct has no fields: its JSON
/// text is its value, and codecs know it.
pub(super) fn layout(known: WellKnown, ty: TypeId, plan: &Plan) -> MessageLayout {
    let (name, fields): (&str, &[&str]) = match known {
        WellKnown::Timestamp => ("Timestamp", &["seconds", "nanos"]),
        WellKnown::Duration => ("Duration", &["seconds", "nanos"]),
        WellKnown::Any => ("Any", &["type_url", "value"]),
        WellKnown::FieldMask => ("FieldMask", &["paths"]),
        WellKnown::Struct => ("Struct", &[]),
    };
    let Type::Record(record) = &plan[ty] else {
        return MessageLayout::new(name, Shape::Record(ty), Vec::new());
    };
    let fields = (0_u32..)
        .zip(fields)
        .zip(&*record.fields)
        .map(|((place, name), field)| {
            let (label, ty) = match plan[field.ty] {
                Type::List(item) => (Label::Repeated { packed: false }, item),
                _ => (Label::Implicit, field.ty),
            };
            let kind = kinds::scalar(&plan[ty], None).ok().flatten();
            FieldLayout {
                number: place + 1,
                name: (*name).into(),
                json_name: super::names::json_name(name).into(),
                slot: Slot::Place(place),
                label,
                kind: kind.unwrap_or(Kind::String),
                ty: Some(ty),
            }
        });
    let name = format!("google.protobuf.{name}");
    MessageLayout::new(name, Shape::Record(ty), fields.collect())
}
