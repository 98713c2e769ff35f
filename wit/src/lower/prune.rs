//! Leaves out what the world does not reach.

use std::collections::BTreeSet;

use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem};

/// Takes interfaces out of their packages unless `world` imports, exports or
/// uses them, and every other world.
pub(super) fn prune(resolve: &mut Resolve, world: WorldId) {
    let reached = reached(resolve, world);
    for (_, package) in resolve.packages.iter_mut() {
        package.interfaces.retain(|_, id| reached.contains(id));
        package.worlds.retain(|_, id| *id == world);
    }
}

fn reached(resolve: &Resolve, world: WorldId) -> BTreeSet<InterfaceId> {
    let world = &resolve.worlds[world];
    let mut left: Vec<InterfaceId> = (world.imports.values().chain(world.exports.values()))
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            WorldItem::Type { id, .. } => resolve.type_interface_dep(*id),
            WorldItem::Function(_) => None,
        })
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = left.pop() {
        if reached.insert(id) {
            left.extend(resolve.interface_direct_deps(id));
        }
    }
    reached
}
