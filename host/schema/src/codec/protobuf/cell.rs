//! The value at one place of a message while its fields are read.

use super::reader::Range;
use crate::Value;
use crate::proto::FieldLayout;

/// As large as a [`Value`], so that the values of a record take the room of its
/// cells.
pub(super) enum Cell<'a> {
    Absent,
    Done(Value),
    /// A message of that field, to be read when all its parts are known.
    Open(&'a FieldLayout, Parts),
}

/// The occurrences of a message that are one value; most have one.
pub(super) enum Parts {
    One(Range),
    Many(Vec<Range>),
}

impl<'a> Cell<'a> {
    /// Adds an occurrence of a message: merged with those of the same field,
    /// instead of any other member of a oneof.
    pub(super) fn add(&mut self, field: &'a FieldLayout, part: Range) {
        match self {
            Self::Open(open, parts) if std::ptr::eq(*open, field) => parts.push(part),
            _ => *self = Self::Open(field, Parts::One(part)),
        }
    }

    /// The value so far of what can have many items.
    pub(super) fn get_or_insert_with(&mut self, value: impl FnOnce() -> Value) -> &mut Value {
        if !matches!(self, Self::Done(_)) {
            *self = Self::Done(value());
        }
        match self {
            Self::Done(value) => value,
            _ => unreachable!("it was just set"),
        }
    }
}

impl Parts {
    fn push(&mut self, part: Range) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, part]),
            Self::Many(parts) => parts.push(part),
        }
    }

    /// These and one more.
    pub(super) fn and(mut self, part: Range) -> Self {
        self.push(part);
        self
    }

    pub(super) fn as_slice(&self) -> &[Range] {
        match self {
            Self::One(part) => std::slice::from_ref(part),
            Self::Many(parts) => parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_large_as_a_value() {
        assert_eq!(size_of::<Cell<'_>>(), size_of::<Value>());
    }
}
