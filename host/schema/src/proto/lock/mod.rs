//! `ostler.lock`: the numbers and names that a contract has kept so far, or
//! that a `.proto` file gave it.
//!
//! ```toml
//! format = 1
//!
//! [messages."demo:users/users.user"]
//! name = "User"
//! fields.user-id = 1
//! fields.age = { number = 4, kind = "fixed32" }
//! reserved = [2, 3]
//! reserved-names = ["nick"]
//!
//! [enums."demo:users/users.role"]
//! name = "Role"
//! values.admin = 1
//! ```
//!
//! Keys are the places of types in WIT: package without version, interface,
//! type; `….get-user.request`, `.response` and `.error` are the messages that
//! functions need beside types. Fields, cases and methods go by their names in
//! WIT.

mod extend;
mod read;
mod toml;
mod write;

use std::collections::BTreeMap;

use crate::ContractError;

pub use self::extend::extend_lock;

/// The text of a lock, read. Maps are by the names of WIT.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lock {
    /// Protobuf packages that are not made of a WIT package's name; they tell
    /// where in a full name the package ends.
    pub packages: Vec<String>,
    /// Interfaces that are services.
    pub services: BTreeMap<String, ServiceLock>,
    /// Records, variants, enums of one case, and messages of functions.
    pub messages: BTreeMap<String, MessageLock>,
    /// Enums and flags.
    pub enums: BTreeMap<String, EnumLock>,
}

/// One interface.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ServiceLock {
    /// Its name with the package, if it is not what the WIT gives.
    pub full_name: Option<String>,
    /// Names of methods that are not those of the functions.
    pub methods: BTreeMap<String, String>,
}

/// A name within the package that the WIT package's name makes, or a full one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pinned {
    /// Within that package.
    Short(String),
    /// With a package of its own.
    Full(String),
}

/// One message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MessageLock {
    /// What it is called.
    pub name: Option<Pinned>,
    /// By field of a record, or case of a variant.
    pub fields: BTreeMap<String, FieldLock>,
    /// Fields whose variant's cases are fields of the message itself.
    pub oneofs: BTreeMap<String, OneofLock>,
    /// What must not be used again.
    pub reserved: Reserved,
}

/// A variant that is a oneof among the fields of a record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OneofLock {
    /// Its name, if it is not that of the field.
    pub name: Option<String>,
    /// By case.
    pub fields: BTreeMap<String, FieldLock>,
}

/// One field, or case of a variant.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldLock {
    /// Its number.
    pub number: Option<u32>,
    /// Its name, if it is not WIT's with `_`.
    pub name: Option<String>,
    /// Its name in JSON, if it is not made of its name.
    pub json_name: Option<String>,
    /// A scalar kind other than the type's own, or a message of
    /// `google.protobuf` around a scalar.
    pub kind: Option<String>,
    /// The same of the keys of a map.
    pub key_kind: Option<String>,
    /// For an `any`: the key of the message that is in it.
    pub any: Option<String>,
    /// Whether a list of scalars is written packed, which it is by itself.
    pub packed: Option<bool>,
}

/// One enum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EnumLock {
    /// What it is called.
    pub name: Option<Pinned>,
    /// By case or flag.
    pub values: BTreeMap<String, ValueLock>,
    /// The name of the zero that no case has.
    pub zero: Option<String>,
    /// What must not be used again.
    pub reserved: Reserved,
}

/// One value of an enum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ValueLock {
    /// Its number.
    pub number: Option<i32>,
    /// Its name, if it is not the case's behind that of the enum.
    pub name: Option<String>,
}

/// What must not be used again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reserved {
    /// First and last numbers, in order.
    pub numbers: Vec<(i32, i32)>,
    /// Names of fields or values.
    pub names: Vec<String>,
}

impl Reserved {
    /// These numbers and names in order, ranges that touch joined.
    pub fn new(mut numbers: Vec<(i32, i32)>, mut names: Vec<String>) -> Self {
        numbers.sort_unstable();
        let mut joined: Vec<(i32, i32)> = Vec::new();
        for (first, last) in numbers {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        names.sort_unstable();
        names.dedup();
        Self {
            numbers: joined,
            names,
        }
    }

    /// Where the range ends that a number is in.
    pub(crate) fn end_of(&self, number: i32) -> Option<i32> {
        let after = (self.numbers).partition_point(|(first, _)| *first <= number);
        let (_, last) = self.numbers[..after].last()?;
        (number <= *last).then_some(*last)
    }
}

impl Lock {
    /// Reads the text of a lock, if there is one.
    pub(crate) fn read(text: Option<&str>) -> Result<Self, ContractError> {
        text.map_or_else(|| Ok(Self::default()), read::read)
    }

    /// The name that it gives a message or an enum.
    pub(crate) fn name_of(&self, key: &str) -> Option<&Pinned> {
        let message = self.messages.get(key).and_then(|lock| lock.name.as_ref());
        message.or_else(|| self.enums.get(key)?.name.as_ref())
    }
}
