//! Types that several interfaces share. The interfaces that types move to are
//! imported, so what they use must be imported too.

use std::collections::BTreeMap;

use wit_parser::{InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldKey};

use crate::error::{Error, Place};
use crate::parse;

/// Lets the interfaces of moved types use each other's instead of those that
/// came back by `use`. `moved` is from a lowered interface to that of its types.
pub(super) fn follow(resolve: &mut Resolve, moved: &BTreeMap<InterfaceId, InterfaceId>) {
    let uses: Vec<(TypeId, TypeId)> = (resolve.types.iter())
        .filter_map(|(id, def)| match (def.owner, &def.kind) {
            (TypeOwner::Interface(owner), TypeDefKind::Type(Type::Id(of)))
                if moved.values().any(|types| *types == owner) =>
            {
                Some((id, *of))
            }
            _ => None,
        })
        .collect();
    for (id, of) in uses {
        let of = definition(resolve, moved, of);
        resolve.types[id].kind = TypeDefKind::Type(Type::Id(of));
    }
}

/// The type behind one that a lowered interface has by `use`.
fn definition(
    resolve: &Resolve,
    moved: &BTreeMap<InterfaceId, InterfaceId>,
    mut id: TypeId,
) -> TypeId {
    loop {
        let def = &resolve.types[id];
        match (def.owner, &def.kind) {
            (TypeOwner::Interface(owner), TypeDefKind::Type(Type::Id(of)))
                if moved.contains_key(&owner) =>
            {
                id = *of;
            }
            _ => return id,
        }
    }
}

/// Refuses moved types that use those of an exported interface: the world would
/// hold two of each, one imported and one exported.
pub(super) fn check(
    resolve: &Resolve,
    world: WorldId,
    moved: &BTreeMap<InterfaceId, InterfaceId>,
) -> Result<(), Error> {
    let exports = &resolve.worlds[world].exports;
    for (from, types) in moved {
        let mut uses = resolve.interface_direct_deps(*types);
        let exported = uses.find(|id| exports.contains_key(&WorldKey::Interface(*id)));
        if let Some(exported) = exported {
            let interface = &resolve.interfaces[*from];
            let name = resolve.interfaces[exported]
                .name
                .clone()
                .unwrap_or_default();
            return Err(Error::new(
                Place {
                    interface: interface.name.clone(),
                    ..parse::place(&resolve.source_map, interface.span)
                },
                format!("it streams, and its types use those of `{name}`, which is exported"),
                format!("move the types of `{name}` that it uses into an interface that is not"),
            ));
        }
    }
    Ok(())
}
