//! Messages, fields and enums by index, beside the types of a plan.
//!
//! | WIT | protobuf |
//! |---|---|
//! | u8, u16, u32; s8, s16, s32 | `uint32`; `int32`, checked when read |
//! | char | `string` of one character |
//! | `list<u8>` | `bytes` |
//! | list | `repeated`; a list in a list, an option or a case: a message around it |
//! | option | `optional`; of a list, map or option: a message around it |
//! | record, tuple (`f0`, `f1`, …) | message |
//! | variant, result (`ok`, `err`) | message with a oneof; a case without payload is `google.protobuf.Empty` |
//! | enum | enum with an unspecified zero that no value has |
//! | flags | `repeated` enum |
//! | map | `map` where the key's type allows, else repeated entries of `key` and `value` |
//!
//! A message of a method that is no record is wrapped: its one field is `value`
//! (`data` for a chunk stream) with number 1. A lock may say otherwise of
//! numbers, names, kinds, and where a variant's cases are.

use std::collections::HashMap;

use crate::TypeId;

/// The place of a message in its [`Layout`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MessageId(pub(crate) u32);

/// The place of an enum in its [`Layout`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EnumId(pub(crate) u32);

/// All messages and enums of a contract.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(crate) messages: Vec<MessageLayout>,
    pub(crate) enums: Vec<EnumLayout>,
    /// Messages by full name, to expand `google.protobuf.Any` in JSON.
    pub(crate) by_name: HashMap<Box<str>, MessageId>,
}

impl Layout {
    /// The message at that place.
    pub fn message(&self, id: MessageId) -> &MessageLayout {
        &self.messages[id.0 as usize]
    }

    /// The enum at that place.
    pub fn enumeration(&self, id: EnumId) -> &EnumLayout {
        &self.enums[id.0 as usize]
    }

    /// The message of that full name, such as `demo.users.v1.User`.
    pub fn find(&self, full_name: &str) -> Option<MessageId> {
        self.by_name.get(full_name).copied()
    }
}

/// One message.
#[derive(Clone, Debug)]
pub struct MessageLayout {
    /// Its full name, such as `demo.users.v1.User`.
    pub full_name: Box<str>,
    /// How its fields make a value.
    pub shape: Shape,
    /// Its fields by rising number.
    pub fields: Box<[FieldLayout]>,
    /// The place in `fields` of the field of number `i + 1`, for numbers small
    /// enough to be looked up so; others by binary search.
    pub(crate) dense: Box<[Option<u16>]>,
}

/// The highest number looked up in [`MessageLayout::dense`].
const DENSE: u32 = 256;

impl MessageLayout {
    /// The message of those fields, sorted here by number.
    pub fn new(full_name: impl Into<Box<str>>, shape: Shape, mut fields: Vec<FieldLayout>) -> Self {
        fields.sort_by_key(|field| field.number);
        Self {
            full_name: full_name.into(),
            shape,
            dense: dense(&fields),
            fields: fields.into(),
        }
    }

    /// The place of the field of that number.
    #[inline]
    pub fn find(&self, number: u32) -> Option<usize> {
        match self.dense.get((number as usize).wrapping_sub(1)) {
            Some(place) => place.map(usize::from),
            None => (self.fields)
                .binary_search_by_key(&number, |field| field.number)
                .ok(),
        }
    }
}

fn dense(fields: &[FieldLayout]) -> Box<[Option<u16>]> {
    let small = fields.partition_point(|field| field.number <= DENSE);
    let last = fields[..small].last().map_or(0, |field| field.number);
    let mut places = vec![None; last as usize];
    for (place, field) in (0_u16..).zip(&fields[..small]) {
        places[field.number as usize - 1] = Some(place);
    }
    places.into()
}

/// How the fields of a message make a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// A record or tuple of this plan type: [`Value::Record`](crate::Value).
    Record(TypeId),
    /// A variant of this plan type; its fields are its cases.
    Variant(TypeId),
    /// A `result` of this plan type; its fields are `ok` and `err`.
    Result(TypeId),
    /// A message around one value of this plan type, which is field 0.
    Wrapper(TypeId),
    /// A record of `key` and `value`: one entry of a map whose key protobuf
    /// does not allow as one.
    Entry(TypeId),
    /// No fields and no value: a case without payload, or an enum of one case
    /// that stands for an empty message.
    Empty(Option<TypeId>),
}

/// One field.
#[derive(Clone, Debug)]
pub struct FieldLayout {
    /// Its number, 1 to 536,870,911.
    pub number: u32,
    /// Its name in `.proto` files, such as `user_id`.
    pub name: Box<str>,
    /// Its name in proto3 JSON, such as `userId`.
    pub json_name: Box<str>,
    /// Where its value is in the message's.
    pub slot: Slot,
    /// How often it may occur.
    pub label: Label,
    /// How one occurrence is written.
    pub kind: Kind,
    /// The plan type of one occurrence: the item of a list, what is in an
    /// option, the value of a map, the payload of a case; `None` for a case
    /// without one.
    pub ty: Option<TypeId>,
}

/// Where the value of a field is in that of its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slot {
    /// That place of a record or tuple.
    Place(u32),
    /// That case of the message, a variant or result (`ok` is 0, `err` is 1).
    Case(u32),
    /// That case of the variant, or of the option of a variant, at that place
    /// of the record: a oneof among the record's other fields.
    Oneof {
        /// The place in the record.
        place: u32,
        /// The case of the variant.
        case: u32,
        /// Whether the place holds an `option` of the variant.
        optional: bool,
    },
    /// The whole value of a wrapper, or the key (0) or value (1) of an entry.
    Whole(u32),
}

/// How often a field may occur, and what its absence means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Label {
    /// Without presence: absent is the zero of its type, and a zero is not
    /// written. A message is always written, and absent is an empty one.
    Implicit,
    /// With presence, in an `option`.
    Optional,
    /// With presence, since absent means the field's `@default` (in other uses
    /// of the record the zero); always written.
    Defaulted,
    /// A list, or flags; scalars are packed when written and read either way.
    Repeated {
        /// Whether scalars are written packed.
        packed: bool,
    },
    /// A map with keys of this kind and plan type.
    Map {
        /// The kind of a key.
        key: Kind,
        /// The plan type of a key.
        key_ty: TypeId,
    },
    /// A member of a oneof.
    Oneof,
}

/// How one occurrence of a field is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the scalar kinds are protobuf's own")]
pub enum Kind {
    Bool,
    Int32,
    Sint32,
    Sfixed32,
    Uint32,
    Fixed32,
    Int64,
    Sint64,
    Sfixed64,
    Uint64,
    Fixed64,
    Float,
    Double,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
    /// A message kept as bytes in an `any` of `ostler:rpc/types`: one that
    /// contains itself. Its type name is that of the message.
    Opaque(MessageId),
}

/// One enum.
#[derive(Clone, Debug)]
pub struct EnumLayout {
    /// Its full name.
    pub full_name: Box<str>,
    /// Its values by rising number; 0 is always there.
    pub values: Box<[EnumValue]>,
    /// Its values by case of the WIT enum, or by bit of the flags: places in
    /// `values`.
    pub by_case: Box<[u32]>,
}

/// One value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValue {
    /// Its number.
    pub number: i32,
    /// Its name, such as `STATUS_ACTIVE`.
    pub name: Box<str>,
    /// The case, or the bit, it stands for; `None` for the zero that was added.
    pub case: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_number() {
        for numbers in [vec![], vec![1, 2, 3], vec![536_870_911, 9, 256, 257, 4]] {
            let field = |&number: &u32| FieldLayout {
                number,
                name: number.to_string().into(),
                json_name: number.to_string().into(),
                slot: Slot::Place(0),
                label: Label::Implicit,
                kind: Kind::Bool,
                ty: None,
            };
            let fields = numbers.iter().map(field).collect();
            let message = MessageLayout::new("a.B", Shape::Empty(None), fields);
            for &number in &numbers {
                let place = message.find(number).unwrap();
                assert_eq!(message.fields[place].number, number);
            }
            for absent in [0, 5, 255, 258, u32::MAX] {
                assert_eq!(message.find(absent), None, "{absent}");
            }
        }
    }
}
