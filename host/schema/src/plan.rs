//! The types of a contract in a flat arena, with the names and defaults that
//! codecs need, so that per-call code compares indexes.

use std::collections::BTreeMap;
use std::ops::Index;

use crate::names::NameIndex;
use crate::proto::Layout;
use crate::{PackageName, Value};

/// How deep the types of a plan may nest: what walks values recurses as deep.
pub const MAX_TYPE_DEPTH: usize = 100;

/// The most types a plan may have.
pub(crate) const MAX_TYPES: usize = 10_000;

/// The place of a type in its [`Plan`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TypeId(pub(crate) u32);

/// Where WIT declares a type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The package.
    pub package: PackageName,
    /// The interface in it, as its author wrote it: not the one that the
    /// lowering moves types to.
    pub interface: Box<str>,
    /// The type's name.
    pub name: Box<str>,
    /// Whether it is `@deprecated`.
    pub deprecated: bool,
}

/// All types of a contract.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(crate) types: Vec<Type>,
    /// Of records, variants, enums and flags that have a name. Copies of a
    /// record share it.
    pub(crate) origins: BTreeMap<TypeId, Origin>,
    pub(crate) proto: Layout,
}

impl Plan {
    /// How many types there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Where WIT declares that type, if it has a name.
    pub fn origin(&self, id: TypeId) -> Option<&Origin> {
        self.origins.get(&id)
    }

    /// The same types as protobuf.
    pub fn proto(&self) -> &Layout {
        &self.proto
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

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

impl Type {
    /// What WIT calls it, without what is in it: `u32`, `option`, `record`.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::S8 => "s8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            Self::Bytes => "list<u8>",
            Self::List(_) => "list",
            Self::Option(_) => "option",
            Self::Result { .. } => "result",
            Self::Tuple(_) => "tuple",
            Self::Record(_) => "record",
            Self::Variant(_) => "variant",
            Self::Enum(_) => "enum",
            Self::Flags(_) => "flags",
            Self::Map(..) => "map",
        }
    }
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
    pub(crate) index: NameIndex,
}

impl Record {
    pub(crate) fn new(name: Name, fields: Vec<Field>, well_known: Option<WellKnown>) -> Self {
        let index = NameIndex::new(fields.iter().map(|field| &*field.name.plain));
        Self {
            name,
            fields: fields.into(),
            well_known,
            index,
        }
    }

    /// The place of the field of that plain name; `guess` is tried first.
    pub(crate) fn find(&self, plain: &str, guess: usize) -> Option<usize> {
        match self.fields.get(guess) {
            Some(field) if *field.name.plain == *plain => Some(guess),
            _ => (self.index).find(plain, self.fields.len(), |i| &self.fields[i].name.plain),
        }
    }
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
    /// What precedes its value in a JSON object: `,"user_id":`.
    pub(crate) json_key: Box<str>,
}

impl Field {
    pub(crate) fn new(name: Name, ty: TypeId) -> Self {
        let json_key = format!(",\"{}\":", name.plain).into();
        Self {
            name,
            ty,
            default: None,
            json_key,
        }
    }
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
    pub(crate) index: NameIndex,
}

impl Variant {
    pub(crate) fn new(name: Name, cases: Vec<Case>) -> Self {
        let index = NameIndex::new(cases.iter().map(|case| &*case.name.plain));
        Self {
            name,
            cases: cases.into(),
            index,
        }
    }

    /// The place of the case of that plain name.
    pub(crate) fn find(&self, plain: &str) -> Option<usize> {
        (self.index).find(plain, self.cases.len(), |i| &self.cases[i].name.plain)
    }
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
    pub(crate) index: NameIndex,
}

impl Enum {
    pub(crate) fn new(name: Name, cases: Vec<Name>) -> Self {
        let index = NameIndex::new(cases.iter().map(|case| &*case.plain));
        Self {
            name,
            cases: cases.into(),
            index,
        }
    }

    /// The place of the case of that plain name.
    pub(crate) fn find(&self, plain: &str) -> Option<usize> {
        (self.index).find(plain, self.cases.len(), |i| &self.cases[i].plain)
    }
}

/// Flags; the component model allows up to 32.
#[derive(Clone, Debug)]
pub struct Flags {
    /// The type's name.
    pub name: Name,
    /// Their names; flag `i` is bit `i`.
    pub flags: Box<[Name]>,
}
