//! Values of messages out of the values of their fields.

use bytes::Bytes;

use super::{any_value, is_entry, is_flags, unset_enum, unset_oneof, well_known};
use crate::codec::DecodeError;
use crate::codec::budget::Budget;
use crate::proto::{
    EnumId, FieldLayout, Kind, Label, Layout, MessageId, MessageLayout, Shape, Slot,
};
use crate::{Plan, Type, TypeId, Value, WellKnown};

type Result<T> = std::result::Result<T, DecodeError>;

/// Makes what the wire left out, and bounds the number of values.
pub(in crate::codec) struct Builder<'a> {
    pub(in crate::codec) plan: &'a Plan,
    /// How errors name a field.
    pub(in crate::codec) name: fn(&FieldLayout) -> &str,
    budget: Budget,
}

impl<'a> Builder<'a> {
    pub(in crate::codec) fn new(plan: &'a Plan, name: fn(&FieldLayout) -> &str) -> Self {
        Self {
            plan,
            name,
            budget: Budget::default(),
        }
    }

    pub(in crate::codec) fn layout(&self) -> &'a Layout {
        self.plan.proto()
    }

    /// Accounts for values about to be made.
    #[inline]
    pub(in crate::codec) fn count(&mut self, values: usize) -> Result<()> {
        self.budget.take(values)
    }

    /// The value at a place of a message of which the wire says nothing.
    pub(in crate::codec) fn absent(
        &mut self,
        message: &'a MessageLayout,
        place: usize,
    ) -> Result<Value> {
        if let Some(default) = self.default(message.shape, place) {
            return Ok(default.clone());
        }
        let Some(field) = message.field_at(place) else {
            return Err(DecodeError::new("a value without a field"));
        };
        match (field.slot, field.label) {
            (Slot::Oneof { optional: true, .. }, _) | (_, Label::Optional) => {
                Ok(Value::Option(None))
            }
            (Slot::Oneof { .. } | Slot::Case(_), _) => {
                let error = unset_oneof(message, place, self.name);
                Err(match self.place_name(message.shape, place) {
                    Some(name) => error.within(name),
                    None => error,
                })
            }
            (_, Label::Map { .. }) => Ok(Value::Map(Vec::new())),
            (_, Label::Repeated { .. }) => Ok(self.no_items(field)),
            (_, Label::Implicit | Label::Defaulted | Label::Oneof) => self
                .zero(field.kind, field.ty)
                .map_err(|error| error.within((self.name)(field))),
        }
    }

    /// What `@default` says of a field of this use of the record.
    fn default(&self, shape: Shape, place: usize) -> Option<&'a Value> {
        match shape {
            Shape::Record(ty) => match &self.plan[ty] {
                Type::Record(record) => record.fields.get(place)?.default.as_ref(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name of the record's field that a oneof is.
    fn place_name(&self, shape: Shape, place: usize) -> Option<&'a str> {
        match shape {
            Shape::Record(ty) => match &self.plan[ty] {
                Type::Record(record) => Some(&record.fields.get(place)?.name.plain),
                _ => None,
            },
            _ => None,
        }
    }

    /// A repeated field without items.
    pub(in crate::codec) fn no_items(&self, field: &FieldLayout) -> Value {
        match field.kind {
            Kind::Enum(_) if is_flags(self.plan, field.ty) => Value::Flags(0),
            Kind::Message(id) if is_entry(self.plan, id) => Value::Map(Vec::new()),
            _ => Value::List(Vec::new()),
        }
    }

    /// The zero of a kind, as a value of a plan type.
    pub(in crate::codec) fn zero(&mut self, kind: Kind, ty: Option<TypeId>) -> Result<Value> {
        Ok(match kind {
            Kind::Bool => Value::Bool(false),
            Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => Value::Uint(0),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::Int(0),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::Int(0),
            Kind::Float | Kind::Double => Value::Float(0.0),
            Kind::String if ty.is_some_and(|ty| matches!(self.plan[ty], Type::Char)) => {
                return Err(DecodeError::new("must be set to one character"));
            }
            Kind::String => Value::String(String::new()),
            Kind::Bytes => Value::Bytes(Bytes::new()),
            Kind::Enum(id) => Value::Enum(self.zero_case(id)?),
            Kind::Message(id) => return self.empty(id),
            Kind::Opaque(id) => any_value(&self.layout().message(id).full_name, Bytes::new()),
        })
    }

    fn zero_case(&self, id: EnumId) -> Result<u32> {
        let zero = self.layout().enumeration(id).find(0);
        let case = zero.and_then(|value| value.case);
        case.ok_or_else(|| unset_enum(self.plan, id))
    }

    /// A message without any field.
    pub(in crate::codec) fn empty(&mut self, id: MessageId) -> Result<Value> {
        let message = self.layout().message(id);
        if well_known(self.plan, message.shape) == Some(WellKnown::Struct) {
            return Ok(Value::Record(vec![Value::String("{}".to_owned())]));
        }
        self.count(message.places())?;
        let values = (0..message.places()).map(|place| self.absent(message, place));
        let values = values.collect::<Result<Vec<_>>>()?;
        Ok(finish(message.shape, values))
    }
}

/// The value of a message, of those at its places.
pub(in crate::codec) fn finish(shape: Shape, mut values: Vec<Value>) -> Value {
    match shape {
        Shape::Record(_) | Shape::Entry(_) | Shape::Empty(None) => Value::Record(values),
        Shape::Empty(Some(_)) => Value::Enum(0),
        Shape::Variant(_) | Shape::Result(_) | Shape::Wrapper(_) => {
            values.pop().unwrap_or(Value::Record(Vec::new()))
        }
    }
}

/// One occurrence of a field as the value at its place.
#[inline]
pub(in crate::codec) fn wrap(shape: Shape, field: &FieldLayout, value: Value) -> Value {
    let (case, optional) = match field.slot {
        Slot::Place(_) | Slot::Whole(_) => {
            return match field.label {
                Label::Optional => Value::Option(Some(Box::new(value))),
                _ => value,
            };
        }
        Slot::Case(case) => (case, false),
        Slot::Oneof { case, optional, .. } => (case, optional),
    };
    let payload = field.ty.is_some().then(|| Box::new(value));
    match (shape, optional) {
        (Shape::Result(_), _) if case == 0 => Value::Result(Ok(payload)),
        (Shape::Result(_), _) => Value::Result(Err(payload)),
        (_, false) => Value::Variant(case, payload),
        (_, true) => Value::Option(Some(Box::new(Value::Variant(case, payload)))),
    }
}

/// The case of what [`wrap`] made of a member of a oneof.
pub(in crate::codec) fn case_of(value: &Value) -> Option<u32> {
    match value {
        Value::Variant(case, _) => Some(*case),
        Value::Result(result) => Some(u32::from(result.is_err())),
        Value::Option(Some(value)) => case_of(value),
        _ => None,
    }
}

/// Of entries with one key keeps the last, in the first one's place.
pub(in crate::codec) fn last_entries(entries: &mut Vec<(Value, Value)>) {
    if entries.len() < 2 {
        return;
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| compare_keys(&entries[a].0, &entries[b].0));
    let is_same = |a: &usize, b: &usize| compare_keys(&entries[*a].0, &entries[*b].0).is_eq();
    let mut keep = vec![true; entries.len()];
    let mut swaps = Vec::new();
    for same in order.chunk_by(is_same) {
        if let [first, .., last] = *same {
            swaps.push((first, last));
            same[1..].iter().for_each(|&place| keep[place] = false);
        }
    }
    if !swaps.is_empty() {
        swaps.into_iter().for_each(|(a, b)| entries.swap(a, b));
        let mut keep = keep.into_iter();
        entries.retain(|_| keep.next().unwrap_or(true));
    }
}

/// The order of keys of one kind that protobuf allows.
fn compare_keys(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Char(a), Value::Char(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    }
}
