//! Where fields and values are, by what a codec has in hand.

use super::FieldLayout;

/// The places of a message's fields.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    /// By number less 1, for small numbers; others by binary search.
    numbers: Box<[Option<u16>]>,
    /// By either name.
    names: Names,
    /// By the place of the value: the first of a oneof's members.
    places: Box<[u32]>,
    form: Form,
}

/// The highest number that has a row of its own.
const DENSE: u32 = 256;

/// How a message is written in JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// As an object of its fields.
    Object,
    /// As the value of its one field: `google.protobuf.Int64Value` and its like.
    Scalar,
    /// As `{}`: `google.protobuf.Empty`.
    Empty,
}

impl Form {
    fn of(full_name: &str) -> Self {
        match full_name.strip_prefix("google.protobuf.") {
            Some(
                "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
                | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue",
            ) => Self::Scalar,
            Some("Empty") => Self::Empty,
            _ => Self::Object,
        }
    }
}

impl Lookup {
    pub(super) fn new(full_name: &str, fields: &[FieldLayout]) -> Self {
        let both = |(i, field): (u32, &FieldLayout)| {
            let names = [field.name.clone(), field.json_name.clone()];
            names.map(|name| (name, i))
        };
        let names = (0..).zip(fields).flat_map(both).collect();
        Self {
            numbers: numbers(fields),
            names: Names::new(names),
            places: places(fields),
            form: Form::of(full_name),
        }
    }

    #[inline]
    pub(super) fn by_number(&self, fields: &[FieldLayout], number: u32) -> Option<usize> {
        match self.numbers.get((number as usize).wrapping_sub(1)) {
            Some(place) => place.map(usize::from),
            None => fields
                .binary_search_by_key(&number, |field| field.number)
                .ok(),
        }
    }

    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }

    pub(super) fn by_place(&self, place: usize) -> Option<usize> {
        self.places.get(place).map(|field| *field as usize)
    }

    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }
}

fn numbers(fields: &[FieldLayout]) -> Box<[Option<u16>]> {
    let small = fields.partition_point(|field| field.number <= DENSE);
    let last = fields[..small].last().map_or(0, |field| field.number);
    let mut numbers = vec![None; last as usize];
    for (place, field) in (0_u16..).zip(&fields[..small]) {
        numbers[field.number as usize - 1] = Some(place);
    }
    numbers.into()
}

fn places(fields: &[FieldLayout]) -> Box<[u32]> {
    let count = fields.iter().map(|field| field.slot.place() + 1).max();
    let mut places = vec![u32::MAX; count.unwrap_or(0)];
    for (i, field) in (0..).zip(fields) {
        let place = &mut places[field.slot.place()];
        *place = i.min(*place);
    }
    places.into()
}

/// Places by name, sorted.
#[derive(Clone, Debug)]
pub(super) struct Names(Box<[(Box<str>, u32)]>);

impl Names {
    /// Of one name, the first place counts.
    pub(super) fn new(mut names: Vec<(Box<str>, u32)>) -> Self {
        names.sort_unstable();
        names.dedup_by(|a, b| a.0 == b.0);
        Self(names.into())
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let found = self.0.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
        Some(self.0[found].1 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EnumLayout, EnumValue, Kind, Label, MessageLayout, Shape, Slot};
    use super::*;

    fn field(number: u32, name: &str, slot: Slot) -> FieldLayout {
        FieldLayout {
            number,
            name: name.into(),
            json_name: name.to_uppercase().into(),
            slot,
            label: Label::Implicit,
            kind: Kind::Bool,
            ty: None,
        }
    }

    fn message(fields: Vec<FieldLayout>) -> MessageLayout {
        MessageLayout::new("a.B", Shape::Empty(None), fields)
    }

    #[test]
    fn fields_by_number() {
        for numbers in [vec![], vec![1, 2, 3], vec![536_870_911, 9, 256, 257, 4]] {
            let fields = numbers.iter().map(|&n| field(n, "x", Slot::Place(0)));
            let message = message(fields.collect());
            for &number in &numbers {
                let place = message.find(number).unwrap();
                assert_eq!(message.fields[place].number, number);
            }
            for absent in [0, 5, 255, 258, u32::MAX] {
                assert_eq!(message.find(absent), None, "{absent}");
            }
        }
    }

    #[test]
    fn fields_by_name_and_place() {
        let oneof = |case| Slot::Oneof {
            place: 1,
            case,
            optional: false,
        };
        let message = message(vec![
            field(9, "d", oneof(1)),
            field(1, "c", Slot::Place(2)),
            field(7, "a", oneof(0)),
            field(4, "b", Slot::Place(0)),
        ]);
        for (name, place) in [("c", 0), ("B", 1), ("b", 1), ("A", 2), ("d", 3)] {
            for guess in 0..5 {
                assert_eq!(message.find_name(name, guess), Some(place));
            }
        }
        assert_eq!(message.find_name("e", 0), None);
        let at = |place| message.field_at(place).map(|field| &*field.name);
        assert_eq!(message.places(), 3);
        assert_eq!([at(0), at(1), at(2)], ["b", "a", "c"].map(Some));
        let members: Vec<_> = message.members(1).map(|field| &*field.name).collect();
        assert_eq!(members, ["a", "d"]);
    }

    #[test]
    fn values_of_an_enum() {
        let value = |number, name: &str, case| EnumValue {
            number,
            name: name.into(),
            case,
        };
        let of = EnumLayout::new(
            "a.E",
            vec![
                value(7, "B", Some(0)),
                value(0, "NONE", None),
                value(-1, "A", Some(1)),
                value(7, "ALIAS", Some(2)),
            ],
        );
        let name = |found: Option<&EnumValue>| found.map(|value| value.name.to_string());
        assert_eq!(name(of.find(7)).unwrap(), "B");
        assert_eq!(name(of.find(-1)).unwrap(), "A");
        assert_eq!(name(of.find(1)), None);
        assert_eq!(name(of.find_name("ALIAS")).unwrap(), "ALIAS");
        assert_eq!(name(of.find_name("C")), None);
        for (case, want) in [
            (0, Some("B")),
            (1, Some("A")),
            (2, Some("ALIAS")),
            (3, None),
        ] {
            assert_eq!(name(of.value_of(case)).as_deref(), want);
        }
    }
}
