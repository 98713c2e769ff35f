//! WIT types → the plan.

mod origin;

use std::collections::HashMap;
use std::fmt;

use wit_parser::{Interface, InterfaceId, Resolve, TypeDef, TypeDefKind, TypeOwner};

use crate::plan::{MAX_TYPE_DEPTH, MAX_TYPES};
use crate::{Case, Enum, Field, Flags, Name, Plan, Record, Type, TypeId, Variant, WellKnown};

pub(crate) use self::origin::is_deprecated;

/// Why a type has no place in a plan: what of it, and the remedy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TypeError(String);

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The cases of `ostler:rpc/types.code`.
const CODES: usize = 16;

/// A plan in the making.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub(crate) plan: Plan,
    /// How deep each type of the plan nests, itself included.
    depths: Vec<usize>,
}

impl Arena {
    /// Adds a type whose parts are there already.
    pub(crate) fn push(&mut self, ty: Type) -> Result<TypeId, TypeError> {
        if self.plan.len() >= MAX_TYPES {
            return Err(TypeError(format!(
                "the contract has more than {MAX_TYPES} types; split it into several components"
            )));
        }
        let mut depth = 0;
        for_each_child(&ty, |child| {
            depth = depth.max(self.depths[child.0 as usize])
        });
        if depth >= MAX_TYPE_DEPTH {
            return Err(too_deep());
        }
        self.depths.push(depth + 1);
        Ok(self.plan.push(ty))
    }
}

/// Adds the types of one resolve to an arena, each once.
pub(crate) struct Types<'a> {
    pub(crate) resolve: &'a Resolve,
    known: HashMap<wit_parser::Type, TypeId>,
}

impl<'a> Types<'a> {
    pub(crate) fn new(resolve: &'a Resolve) -> Self {
        Self {
            resolve,
            known: HashMap::new(),
        }
    }

    /// The plan's type for a type of WIT.
    pub(crate) fn add(
        &mut self,
        arena: &mut Arena,
        ty: &wit_parser::Type,
    ) -> Result<TypeId, TypeError> {
        Walk { types: self, arena }.add(ty, 0)
    }
}

/// One walk down a type.
struct Walk<'t, 'a> {
    types: &'t mut Types<'a>,
    arena: &'t mut Arena,
}

impl Walk<'_, '_> {
    fn add(&mut self, ty: &wit_parser::Type, level: usize) -> Result<TypeId, TypeError> {
        if level > MAX_TYPE_DEPTH {
            return Err(too_deep());
        }
        let resolve = self.types.resolve;
        let target = dealias(resolve, ty);
        if let Some(&id) = self.types.known.get(&target) {
            return Ok(id);
        }
        let id = match target {
            wit_parser::Type::Id(id) => {
                let def = &resolve.types[id];
                let ty = self.defined(def, level + 1)?;
                let is_named = is_named(&ty);
                let id = self.arena.push(ty)?;
                if let Some(origin) = origin::of(resolve, def).filter(|_| is_named) {
                    self.arena.plan.origins.insert(id, origin);
                }
                id
            }
            primitive => self.arena.push(primitive_type(primitive)?)?,
        };
        self.types.known.insert(target, id);
        Ok(id)
    }

    fn defined(&mut self, def: &TypeDef, level: usize) -> Result<Type, TypeError> {
        let name = || Name::new(def.name.as_deref().unwrap_or_default());
        Ok(match &def.kind {
            TypeDefKind::Record(record) => self.record(def, record, level)?,
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| {
                    Ok(Case {
                        name: Name::new(&case.name),
                        ty: self.optional(case.ty.as_ref(), level)?,
                    })
                });
                let cases = cases.collect::<Result<_, _>>()?;
                Type::Variant(Variant::new(name(), cases))
            }
            TypeDefKind::Enum(of) => {
                let cases = of.cases.iter().map(|case| Name::new(&case.name));
                Type::Enum(Enum::new(name(), cases.collect()))
            }
            TypeDefKind::Flags(of) => flags(name(), of)?,
            TypeDefKind::Tuple(of) => {
                let items = of.types.iter().map(|ty| self.add(ty, level));
                Type::Tuple(items.collect::<Result<_, _>>()?)
            }
            TypeDefKind::Option(inner) => Type::Option(self.add(inner, level)?),
            TypeDefKind::Result(of) => Type::Result {
                ok: self.optional(of.ok.as_ref(), level)?,
                err: self.optional(of.err.as_ref(), level)?,
            },
            TypeDefKind::List(item) => match dealias(self.types.resolve, item) {
                wit_parser::Type::U8 => Type::Bytes,
                item => Type::List(self.add(&item, level)?),
            },
            TypeDefKind::Map(key, value) => {
                Type::Map(self.add(key, level)?, self.add(value, level)?)
            }
            refused => return Err(refusal(refused)),
        })
    }

    fn record(
        &mut self,
        def: &TypeDef,
        record: &wit_parser::Record,
        level: usize,
    ) -> Result<Type, TypeError> {
        let fields = record.fields.iter().map(|field| {
            Ok(Field::new(
                Name::new(&field.name),
                self.add(&field.ty, level)?,
            ))
        });
        let mut fields: Vec<Field> = fields.collect::<Result<_, _>>()?;
        let well_known = self.well_known(def, &fields);
        if well_known == Some(WellKnown::Any) {
            // Its JSON form names the type `type`, not `type_name`.
            let name = Name {
                wit: fields[0].name.wit.clone(),
                plain: "type".into(),
            };
            fields[0] = Field::new(name, fields[0].ty);
        }
        let name = Name::new(def.name.as_deref().unwrap_or_default());
        Ok(Type::Record(Record::new(name, fields, well_known)))
    }

    /// Which record of `ostler:rpc/types` this is. One of that name and other
    /// fields is a record like any other.
    fn well_known(&self, def: &TypeDef, fields: &[Field]) -> Option<WellKnown> {
        if !is_rpc_type(self.types.resolve, def) {
            return None;
        }
        let types: Vec<&Type> = fields
            .iter()
            .map(|field| &self.arena.plan[field.ty])
            .collect();
        match (def.name.as_deref()?, &types[..]) {
            ("timestamp", [Type::S64, Type::S32]) => Some(WellKnown::Timestamp),
            ("duration", [Type::S64, Type::S32]) => Some(WellKnown::Duration),
            ("any", [Type::String, Type::Bytes]) => Some(WellKnown::Any),
            ("field-mask", [Type::List(item)])
                if matches!(self.arena.plan[*item], Type::String) =>
            {
                Some(WellKnown::FieldMask)
            }
            ("struct", [Type::String]) => Some(WellKnown::Struct),
            _ => None,
        }
    }

    fn optional(
        &mut self,
        ty: Option<&wit_parser::Type>,
        level: usize,
    ) -> Result<Option<TypeId>, TypeError> {
        ty.map(|ty| self.add(ty, level)).transpose()
    }
}

/// Whether a type of WIT is the one of that name in `ostler:rpc/types`.
pub(crate) fn is_rpc(resolve: &Resolve, ty: &wit_parser::Type, name: &str) -> bool {
    let wit_parser::Type::Id(id) = dealias(resolve, ty) else {
        return false;
    };
    let def = &resolve.types[id];
    def.name.as_deref() == Some(name) && is_rpc_type(resolve, def)
}

/// `{ code: enum of 16, message: string, details: list<any> }`.
pub(crate) fn is_status_shape(plan: &Plan, id: TypeId) -> bool {
    let Type::Record(record) = &plan[id] else {
        return false;
    };
    let [code, message, details] = &*record.fields else {
        return false;
    };
    let Type::List(item) = &plan[details.ty] else {
        return false;
    };
    let is_code = matches!(&plan[code.ty], Type::Enum(of) if of.cases.len() == CODES);
    let is_any = matches!(&plan[*item], Type::Record(r) if r.well_known == Some(WellKnown::Any));
    is_code && matches!(plan[message.ty], Type::String) && is_any
}

/// Follows `type a = b` to what is defined.
pub(crate) fn dealias(resolve: &Resolve, ty: &wit_parser::Type) -> wit_parser::Type {
    let mut ty = *ty;
    while let wit_parser::Type::Id(id) = ty {
        match resolve.types[id].kind {
            TypeDefKind::Type(target) => ty = target,
            _ => break,
        }
    }
    ty
}

/// Whether a parameter's type is a record, which then is the whole message.
pub(crate) fn is_record(resolve: &Resolve, ty: &wit_parser::Type) -> bool {
    match dealias(resolve, ty) {
        wit_parser::Type::Id(id) => matches!(resolve.types[id].kind, TypeDefKind::Record(_)),
        _ => false,
    }
}

/// Whether the interface is `ostler:rpc/<name>` of a version this host knows.
pub(crate) fn is_rpc_interface(resolve: &Resolve, id: InterfaceId, name: &str) -> bool {
    let interface: &Interface = &resolve.interfaces[id];
    let Some(package) = interface.package else {
        return false;
    };
    let package = &resolve.packages[package].name;
    let is_known = (package.version.as_ref()).is_none_or(|v| v.major == 0 && v.minor == 1);
    package.namespace == "ostler"
        && package.name == "rpc"
        && is_known
        && interface.name.as_deref() == Some(name)
}

/// Whether a type's own name counts: that of an alias does not.
fn is_named(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_)
    )
}

fn is_rpc_type(resolve: &Resolve, def: &TypeDef) -> bool {
    matches!(def.owner, TypeOwner::Interface(id) if is_rpc_interface(resolve, id, "types"))
}

pub(crate) fn for_each_child(ty: &Type, mut child: impl FnMut(TypeId)) {
    match ty {
        Type::List(item) | Type::Option(item) => child(*item),
        Type::Result { ok, err } => [ok, err].into_iter().flatten().for_each(|id| child(*id)),
        Type::Tuple(items) => items.iter().for_each(|id| child(*id)),
        Type::Record(record) => record.fields.iter().for_each(|field| child(field.ty)),
        Type::Variant(of) => of.cases.iter().filter_map(|case| case.ty).for_each(child),
        Type::Map(key, value) => {
            child(*key);
            child(*value);
        }
        _ => {}
    }
}

fn primitive_type(ty: wit_parser::Type) -> Result<Type, TypeError> {
    Ok(match ty {
        wit_parser::Type::Bool => Type::Bool,
        wit_parser::Type::U8 => Type::U8,
        wit_parser::Type::U16 => Type::U16,
        wit_parser::Type::U32 => Type::U32,
        wit_parser::Type::U64 => Type::U64,
        wit_parser::Type::S8 => Type::S8,
        wit_parser::Type::S16 => Type::S16,
        wit_parser::Type::S32 => Type::S32,
        wit_parser::Type::S64 => Type::S64,
        wit_parser::Type::F32 => Type::F32,
        wit_parser::Type::F64 => Type::F64,
        wit_parser::Type::Char => Type::Char,
        wit_parser::Type::String => Type::String,
        wit_parser::Type::ErrorContext | wit_parser::Type::Id(_) => {
            return Err(TypeError(
                "error-context cannot travel; use a record or ostler:rpc/types.status".into(),
            ));
        }
    })
}

fn flags(name: Name, of: &wit_parser::Flags) -> Result<Type, TypeError> {
    if of.flags.len() > 32 {
        return Err(TypeError(format!(
            "flags {} has {} flags; 32 are allowed, use a list of an enum",
            name.wit,
            of.flags.len()
        )));
    }
    let flags = of.flags.iter().map(|flag| Name::new(&flag.name)).collect();
    Ok(Type::Flags(Flags { name, flags }))
}

#[cold]
fn refusal(kind: &TypeDefKind) -> TypeError {
    let remedy = match kind {
        TypeDefKind::Resource | TypeDefKind::Handle(_) => "pass an identifier instead",
        TypeDefKind::FixedLengthList(..) => "use list<T> or a tuple",
        TypeDefKind::Stream(_) => "a stream may only be a whole parameter or result",
        _ => "use another type",
    };
    let what = match kind {
        TypeDefKind::Handle(_) => "handle of a resource",
        other => other.as_str(),
    };
    TypeError(format!("a {what} cannot be part of a message; {remedy}"))
}

fn too_deep() -> TypeError {
    TypeError(format!(
        "types nest deeper than {MAX_TYPE_DEPTH}; flatten them"
    ))
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
