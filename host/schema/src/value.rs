//! A dynamic value of any WIT type, positional: names and widths are in the
//! plan.

use bytes::Bytes;

/// A value of some type of a [`Plan`](crate::Plan).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// `u8` to `u64`.
    Uint(u64),
    /// `s8` to `s64`.
    Int(i64),
    /// `f32` and `f64`.
    Float(f64),
    /// `char`.
    Char(char),
    /// `string`.
    String(String),
    /// `list<u8>`.
    Bytes(Bytes),
    /// Any other list.
    List(Vec<Self>),
    /// The fields of a record or tuple, in order of declaration.
    Record(Vec<Self>),
    /// The case of a variant by its index, and its payload.
    Variant(u32, Option<Box<Self>>),
    /// The case of an enum by its index.
    Enum(u32),
    /// `option<T>`.
    Option(Option<Box<Self>>),
    /// `result<T, E>`; either payload may be absent.
    Result(Result<Option<Box<Self>>, Option<Box<Self>>>),
    /// The flags that are set, flag `i` as bit `i`.
    Flags(u32),
    /// `map<K, V>` in order of arrival.
    Map(Vec<(Self, Self)>),
}
