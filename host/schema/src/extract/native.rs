//! Recognises components that stream as WASI 0.3 does.

use std::collections::HashSet;

use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem};

use super::ContractError;

/// Refuses `async func`, `stream<T>` and `future<T>` anywhere in the world.
pub(super) fn refuse(resolve: &Resolve, world: WorldId) -> Result<(), ContractError> {
    let world = &resolve.worlds[world];
    let mut walk = Walk {
        resolve,
        clean: HashSet::new(),
    };
    // Exports first: they are the author's own words.
    for (key, item) in world.exports.iter().chain(&world.imports) {
        match item {
            WorldItem::Interface { id, .. } => {
                for function in resolve.interfaces[*id].functions.values() {
                    walk.function(function).map_err(|error| {
                        error.within(format!("interface {}", resolve.name_world_key(key)))
                    })?;
                }
            }
            WorldItem::Function(function) => walk.function(function)?,
            WorldItem::Type { .. } => {}
        }
    }
    Ok(())
}

struct Walk<'a> {
    resolve: &'a Resolve,
    /// Types already known to hold neither.
    clean: HashSet<TypeId>,
}

impl Walk<'_> {
    fn function(&mut self, function: &Function) -> Result<(), ContractError> {
        let found = if function.kind.is_async() {
            Some("async func")
        } else {
            let params = function.params.iter().map(|param| param.ty);
            self.any(params.chain(function.result).collect())
        };
        match found {
            None => Ok(()),
            Some(what) => Err(ContractError::new(
                format!("`{what}` in the native form of WASI 0.3 cannot be run yet"),
                "build the component in the resource form: `ostler_guest::service!` in Rust, \
                 `ostler bindgen` and `ostler build` in other languages",
            )
            .within(format!("function {}", function.name))),
        }
    }

    /// The first native type among `open` and what they hold.
    fn any(&mut self, mut open: Vec<Type>) -> Option<&'static str> {
        while let Some(ty) = open.pop() {
            let Type::Id(id) = ty else {
                continue;
            };
            if !self.clean.insert(id) {
                continue;
            }
            match &self.resolve.types[id].kind {
                TypeDefKind::Stream(_) => return Some("stream<T>"),
                TypeDefKind::Future(_) => return Some("future<T>"),
                kind => children(kind, |child| open.push(child)),
            }
        }
        None
    }
}

/// The types that a type is made of; a handle is made of nothing.
pub(super) fn children(kind: &TypeDefKind, mut child: impl FnMut(Type)) {
    match kind {
        TypeDefKind::Record(of) => of.fields.iter().for_each(|field| child(field.ty)),
        TypeDefKind::Variant(of) => of.cases.iter().filter_map(|case| case.ty).for_each(child),
        TypeDefKind::Tuple(of) => of.types.iter().copied().for_each(child),
        TypeDefKind::Result(of) => [of.ok, of.err].into_iter().flatten().for_each(child),
        TypeDefKind::Map(key, value) => {
            child(*key);
            child(*value);
        }
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => child(*ty),
        _ => {}
    }
}
