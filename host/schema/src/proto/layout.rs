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

use std::collections::BTreeMap;

use super::About;
use super::lookup::{Form, Lookup, Names};
use crate::TypeId;

/// The place of a message in its [`Layout`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
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
    pub(crate) by_name: BTreeMap<Box<str>, MessageId>,
    pub(crate) about: About,
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

    /// All messages. Copies of a record, which methods have for their
    /// defaults, have the same full name.
    pub fn messages(&self) -> &[MessageLayout] {
        &self.messages
    }

    /// All enums.
    pub fn enums(&self) -> &[EnumLayout] {
        &self.enums
    }

    /// What codecs do not need to know of them.
    pub fn about(&self) -> &About {
        &self.about
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
    /// Its fields by number, name and place.
    lookup: Box<Lookup>,
}

impl MessageLayout {
    /// The message of those fields, sorted here by number.
    pub fn new(full_name: impl Into<Box<str>>, shape: Shape, mut fields: Vec<FieldLayout>) -> Self {
        let full_name = full_name.into();
        fields.sort_by_key(|field| field.number);
        Self {
            shape,
            lookup: Box::new(Lookup::new(&full_name, &fields)),
            fields: fields.into(),
            full_name,
        }
    }

    /// The place in `fields` of the field of that number.
    #[inline]
    pub fn find(&self, number: u32) -> Option<usize> {
        self.lookup.by_number(&self.fields, number)
    }

    /// The place in `fields` of the field of that name, in either spelling;
    /// `guess` is tried first.
    pub(crate) fn find_name(&self, name: &str, guess: usize) -> Option<usize> {
        match self.fields.get(guess) {
            Some(field) if *field.json_name == *name => Some(guess),
            _ => self.lookup.by_name(name),
        }
    }

    /// How it is written in JSON, unless its type is a well-known record.
    pub(crate) fn form(&self) -> Form {
        self.lookup.form()
    }

    /// How many values it is made of.
    pub(crate) fn places(&self) -> usize {
        self.lookup.places()
    }

    /// The field of the value at `place`; of a oneof, the first member.
    pub(crate) fn field_at(&self, place: usize) -> Option<&FieldLayout> {
        self.fields.get(self.lookup.by_place(place)?)
    }

    /// The members of the oneof at `place`.
    pub(crate) fn members(&self, place: usize) -> impl Iterator<Item = &FieldLayout> {
        (self.fields.iter()).filter(move |field| field.slot.place() == place)
    }
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

impl Slot {
    /// The place among the values that its message is made of: those of a
    /// record, the one of a variant, result or wrapper.
    #[inline]
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Place(place) | Self::Whole(place) | Self::Oneof { place, .. } => place as usize,
            Self::Case(_) => 0,
        }
    }
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
    names: Names,
}

impl EnumLayout {
    /// The enum of those values, sorted here by number; of values of one
    /// number, the first comes first.
    pub fn new(full_name: impl Into<Box<str>>, mut values: Vec<EnumValue>) -> Self {
        values.sort_by_key(|value| value.number);
        let cases = values.iter().filter_map(|value| value.case).max();
        let mut by_case = vec![0; cases.map_or(0, |last| last as usize + 1)];
        let mut names = Vec::with_capacity(values.len());
        for (i, value) in (0..).zip(&values) {
            if let Some(case) = value.case {
                by_case[case as usize] = i;
            }
            names.push((value.name.clone(), i));
        }
        Self {
            full_name: full_name.into(),
            values: values.into(),
            by_case: by_case.into(),
            names: Names::new(names),
        }
    }

    /// The value of that number.
    pub fn find(&self, number: i32) -> Option<&EnumValue> {
        let place = (self.values).partition_point(|value| value.number < number);
        let value = self.values.get(place)?;
        (value.number == number).then_some(value)
    }

    /// The value of that name.
    pub fn find_name(&self, name: &str) -> Option<&EnumValue> {
        self.names.find(name).map(|place| &self.values[place])
    }

    /// The value of that case.
    pub fn value_of(&self, case: u32) -> Option<&EnumValue> {
        let place = *self.by_case.get(case as usize)?;
        self.values.get(place as usize)
    }
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
