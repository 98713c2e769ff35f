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
pub(crate) struct Lock {
    /// Protobuf packages that are not made of a WIT package's name; they tell
    /// where in a full name the package ends.
    pub(crate) packages: Vec<String>,
    pub(crate) services: BTreeMap<String, ServiceLock>,
    pub(crate) messages: BTreeMap<String, MessageLock>,
    pub(crate) enums: BTreeMap<String, EnumLock>,
}

/// One interface.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ServiceLock {
    pub(crate) full_name: Option<String>,
    /// Names of methods that are not those of the functions.
    pub(crate) methods: BTreeMap<String, String>,
}

/// A name within the package that the WIT package's name makes, or a full one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Pinned {
    Short(String),
    Full(String),
}

/// One message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct MessageLock {
    pub(crate) name: Option<Pinned>,
    pub(crate) fields: BTreeMap<String, FieldLock>,
    /// Fields whose variant's cases are fields of the message itself.
    pub(crate) oneofs: BTreeMap<String, OneofLock>,
    pub(crate) reserved: Reserved,
}

/// A variant that is a oneof among the fields of a record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct OneofLock {
    pub(crate) name: Option<String>,
    pub(crate) fields: BTreeMap<String, FieldLock>,
}

/// One field, or case of a variant.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FieldLock {
    pub(crate) number: Option<u32>,
    pub(crate) name: Option<String>,
    pub(crate) json_name: Option<String>,
    /// A scalar kind other than the type's own, or a message of
    /// `google.protobuf` around a scalar.
    pub(crate) kind: Option<String>,
    pub(crate) key_kind: Option<String>,
    /// For an `any`: the key of the message that is in it.
    pub(crate) any: Option<String>,
    pub(crate) packed: Option<bool>,
}

/// One enum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct EnumLock {
    pub(crate) name: Option<Pinned>,
    pub(crate) values: BTreeMap<String, ValueLock>,
    /// The name of the zero that no case has.
    pub(crate) zero: Option<String>,
    pub(crate) reserved: Reserved,
}

/// One value of an enum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ValueLock {
    pub(crate) number: Option<i32>,
    pub(crate) name: Option<String>,
}

/// What must not be used again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Reserved {
    /// First and last numbers.
    pub(crate) numbers: Vec<(i32, i32)>,
    pub(crate) names: Vec<String>,
}

impl Reserved {
    pub(crate) fn has(&self, number: i32) -> bool {
        (self.numbers.iter()).any(|(first, last)| (*first..=*last).contains(&number))
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
