//! The types of a contract in a flat arena, with the names and defaults that
//! codecs need, so that per-call code compares indexes.

use std::ops::Index;

use crate::Value;

/// The place of a type in its [`Plan`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TypeId(pub(crate) u32);

/// All types of a contract.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(crate) types: Vec<Type>,
}

impl Plan {
    pub(crate) fn push(&mut self, ty: Type) -> TypeId {
        let id = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        self.types.push(ty);
        TypeId(id)
    }
}

impl Index<TypeId> for Plan {
    type Output = Type;

    fn index(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
}

/// One type.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the primitive types are WIT's own")]
pub enum Type {
    Bool,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    /// Any other list.
    List(TypeId),
    Option(TypeId),
    Result {
        ok: Option<TypeId>,
        err: Option<TypeId>,
    },
    Tuple(Box<[TypeId]>),
    Record(Record),
    Variant(Variant),
    Enum(Enum),
    Flags(Flags),
    Map(TypeId, TypeId),
}

/// A name in WIT's spelling (`user-id`) and in the plain profile's (`user_id`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name {
    /// As in WIT, without a leading `%`.
    pub wit: Box<str>,
    /// Words joined by `_`.
    pub plain: Box<str>,
}

impl Name {
    /// The name of `wit` in both spellings.
    pub fn new(wit: &str) -> Self {
        Self {
            wit: wit.into(),
            plain: wit.replace('-', "_").into(),
        }
    }
}

/// A record, or the fields of a request message that has no record.
#[derive(Clone, Debug)]
pub struct Record {
    /// The type's name; empty for a message made of parameters.
    pub name: Name,
    /// Its fields in order of declaration.
    pub fields: Box<[Field]>,
    /// Set when the record is one of `ostler:rpc/types` with a JSON form of
    /// its own.
    pub well_known: Option<WellKnown>,
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// From `@default`: what the guest gets when the wire has no such field.
    pub default: Option<Value>,
}

/// Records of `ostler:rpc/types` that stand for `google.protobuf.*`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "named as the protobuf types they stand for")]
pub enum WellKnown {
    Timestamp,
    Duration,
    Any,
    FieldMask,
    Struct,
}

/// A variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The type's name.
    pub name: Name,
    /// Its cases in order of declaration.
    pub cases: Box<[Case]>,
}

/// A case of a variant.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: Name,
    /// Its payload.
    pub ty: Option<TypeId>,
}

/// An enum.
#[derive(Clone, Debug)]
pub struct Enum {
    /// The type's name.
    pub name: Name,
    /// Its cases in order of declaration.
    pub cases: Box<[Name]>,
}

/// Flags; the component model allows up to 32.
#[derive(Clone, Debug)]
pub struct Flags {
    /// The type's name.
    pub name: Name,
    /// Their names; flag `i` is bit `i`.
    pub flags: Box<[Name]>,
}
