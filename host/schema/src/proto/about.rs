//! What descriptors and generated files say beside what codecs walk.

use std::collections::BTreeMap;

/// Everything by full name.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Messages and enums.
    pub types: BTreeMap<Box<str>, AboutType>,
    /// The packages of services.
    pub services: BTreeMap<Box<str>, String>,
}

/// One message or enum.
#[derive(Clone, Debug, Default)]
pub struct AboutType {
    /// Its place in WIT, such as `demo:users/users.user`.
    pub path: String,
    /// The protobuf package it is of.
    pub package: String,
    /// Whether it is for a type without a name, and so nested in the message
    /// that uses it.
    pub anonymous: bool,
    /// The cases of an enum, or flags, as WIT spells them.
    pub cases: Vec<String>,
    /// Its oneofs: the place of the record's field that each is, or `None` for
    /// a variant's or result's own, and its name.
    pub oneofs: Vec<(Option<u32>, Box<str>)>,
    /// Numbers that must not be used again, first and last.
    pub reserved: Vec<(i32, i32)>,
    /// Names that must not be used again.
    pub reserved_names: Vec<String>,
    /// Whether its WIT is `@deprecated`.
    pub deprecated: bool,
}
