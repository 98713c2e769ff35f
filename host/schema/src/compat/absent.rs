//! What the codecs of the proto profile make of a field that nobody sent; the
//! same as `Builder::absent` does there.

use std::collections::HashMap;

use super::reason::Reason;
use crate::proto::{Kind, Label, MessageId, MessageLayout, Shape, Slot};
use crate::{Plan, Type, TypeId, Value};

/// Which messages may be empty, looked at once. They are those of one plan.
#[derive(Debug, Default)]
pub(super) struct Zeros(HashMap<MessageId, bool>);

impl Zeros {
    /// What becomes of the value at a place.
    pub(super) fn absent(&mut self, plan: &Plan, message: &MessageLayout, place: usize) -> Reason {
        if default(plan, message.shape, place).is_some() {
            return Reason::MissingIsDefault;
        }
        let Some(field) = message.field_at(place) else {
            return Reason::MissingIsRefused;
        };
        match (field.slot, field.label) {
            (Slot::Oneof { optional: true, .. }, _) | (_, Label::Optional) => Reason::MissingIsNone,
            (Slot::Oneof { .. } | Slot::Case(_), _) => Reason::MissingIsRefused,
            (_, Label::Map { .. } | Label::Repeated { .. }) => Reason::MissingIsZero,
            (_, Label::Implicit | Label::Defaulted | Label::Oneof) => {
                match self.has_zero(plan, field.kind, field.ty) {
                    true => Reason::MissingIsZero,
                    false => Reason::MissingIsRefused,
                }
            }
        }
    }

    fn has_zero(&mut self, plan: &Plan, kind: Kind, ty: Option<TypeId>) -> bool {
        match kind {
            Kind::String => !ty.is_some_and(|ty| matches!(plan[ty], Type::Char)),
            Kind::Enum(id) => {
                let zero = plan.proto().enumeration(id).find(0);
                zero.is_some_and(|zero| zero.case.is_some())
            }
            Kind::Message(id) => self.may_be_empty(plan, id),
            _ => true,
        }
    }

    fn may_be_empty(&mut self, plan: &Plan, id: MessageId) -> bool {
        if let Some(&known) = self.0.get(&id) {
            return known;
        }
        let message = plan.proto().message(id);
        let may = (0..message.places())
            .all(|place| self.absent(plan, message, place) != Reason::MissingIsRefused);
        self.0.insert(id, may);
        may
    }
}

/// What `@default` says of a field in this use of its record.
fn default(plan: &Plan, shape: Shape, place: usize) -> Option<&Value> {
    match shape {
        Shape::Record(ty) => match &plan[ty] {
            Type::Record(of) => of.fields.get(place)?.default.as_ref(),
            _ => None,
        },
        _ => None,
    }
}
