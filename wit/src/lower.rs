//! The lowering of `stream<T>` to resources.
//!
//! A copy of the author's resolve is changed in place, then printed and parsed
//! again: printing needs no order among types, parsing checks the result and
//! puts it in the order that binding generators expect. What the world does
//! not reach is left out, so that every toolchain sees only what it needs.

mod interface;
mod pairs;
mod prune;
mod shared;

use std::collections::BTreeMap;

use wit_component::WitPrinter;
use wit_parser::{
    InterfaceId, PackageId, Resolve, Stability, Type, TypeDefKind, TypeId, WorldId, WorldItem,
    WorldKey,
};

use crate::error::{Error, Place};
use crate::package::Package;
use crate::parse;
use crate::rules::is_reserved;
use crate::signature::names_stream;

/// The WIT a guest is built against.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Everything the world reaches.
    pub resolve: Resolve,
    /// The author's world, lowered.
    pub world: WorldId,
    /// The pairs of resources, in order of interfaces and of first use.
    pub streams: Vec<StreamPair>,
    text: String,
}

/// The two resources that stand for a `stream<T>`. Types are of
/// [`Lowered::resolve`]. The lowering makes both; WIT written by hand may have
/// either.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamPair {
    /// The interface they are of, such as `users-types`.
    pub interface: InterfaceId,
    /// `T`.
    pub item: Type,
    /// What a guest reads, such as `user-stream`.
    pub stream: Option<TypeId>,
    /// What a guest writes, such as `user-sink`.
    pub sink: Option<TypeId>,
}

impl Lowered {
    /// The package as WIT text: one file, with the packages it uses nested in
    /// it. The same package always gives the same text.
    pub fn to_wit(&self) -> String {
        self.text.clone()
    }
}

/// A pair by names, which survive printing.
struct NamedPair {
    /// Of the interface, such as `demo:users/users-types@1.0.0`.
    interface: String,
    stream: String,
    sink: String,
}

pub(crate) fn lower(package: &Package) -> Result<Lowered, Error> {
    let mut resolve = package.resolve().clone();
    drop_stream_names(&mut resolve);
    let mut pairs = Vec::new();
    let mut moved = BTreeMap::new();
    for service in package.services() {
        for function in &service.functions {
            // Tags are for the host, which reads the author's own text.
            let docs = (!function.docs.is_empty()).then(|| function.docs.clone());
            let interface = &mut resolve.interfaces[service.interface];
            if let Some(lowered) = interface.functions.get_mut(&function.name) {
                lowered.docs.contents = docs;
            }
        }
        let docs = (!service.docs.is_empty()).then(|| service.docs.clone());
        resolve.interfaces[service.interface].docs.contents = docs;
        if service.streams() {
            let types = interface::lower(&mut resolve, service, &mut pairs)?;
            moved.insert(service.interface, types);
        }
    }
    let world = package.world();
    shared::follow(&mut resolve, &moved);
    shared::check(&resolve, world, &moved)?;
    import_rpc(&mut resolve, world);
    prune::prune(&mut resolve, world);
    let root = resolve.worlds[world].package;
    let root = root.ok_or_else(|| internal("the world is of no package"))?;
    let (resolve, root) = parse::parse_printed(&print(&resolve, root)?)?;
    let world = resolve.packages[root].worlds.values().next().copied();
    Ok(Lowered {
        text: print(&resolve, root)?,
        world: world.ok_or_else(|| internal("the world is gone"))?,
        streams: find_pairs(&resolve, &pairs)?,
        resolve,
    })
}

/// `type users = stream<user>` names no value and has no place in the lowered
/// form; nor has what others make of it.
fn drop_stream_names(resolve: &mut Resolve) {
    let all: Vec<InterfaceId> = resolve.interfaces.iter().map(|(id, _)| id).collect();
    for id in all {
        if is_reserved(resolve, &resolve.interfaces[id]) {
            continue;
        }
        let mut types = resolve.interfaces[id].types.clone();
        types.retain(|_, ty| !names_stream(resolve, *ty));
        resolve.interfaces[id].types = types;
    }
}

/// What every guest may call, streams or not.
fn import_rpc(resolve: &mut Resolve, world: WorldId) {
    for name in ["context", "log", "poll"] {
        let Some(id) = parse::rpc_interface(resolve, name) else {
            continue;
        };
        let imports = &mut resolve.worlds[world].imports;
        imports
            .entry(WorldKey::Interface(id))
            .or_insert(WorldItem::Interface {
                id,
                stability: Stability::Unknown,
                external_id: None,
                docs: wit_parser::Docs::default(),
                span: wit_parser::Span::default(),
            });
    }
}

fn print(resolve: &Resolve, root: PackageId) -> Result<String, Error> {
    let mut nested = resolve.topological_packages();
    nested.retain(|id| *id != root && !resolve.packages[*id].interfaces.is_empty());
    let mut printer = WitPrinter::default();
    (printer.print(resolve, root, &nested)).map_err(|error| internal(&error.to_string()))?;
    Ok(printer.output.to_string())
}

fn find_pairs(resolve: &Resolve, pairs: &[NamedPair]) -> Result<Vec<StreamPair>, Error> {
    let interfaces: BTreeMap<String, InterfaceId> = (resolve.interfaces.iter())
        .filter_map(|(id, _)| Some((resolve.id_of(id)?, id)))
        .collect();
    let find = |pair: &NamedPair| {
        let interface = *interfaces.get(&pair.interface)?;
        let types = &resolve.interfaces[interface].types;
        Some(StreamPair {
            interface,
            item: sent_item(resolve, interface, &pair.sink)?,
            stream: Some(*types.get(&pair.stream)?),
            sink: Some(*types.get(&pair.sink)?),
        })
    };
    let found = pairs.iter().map(|pair| {
        find(pair).ok_or_else(|| internal(&format!("resource {} is gone", pair.stream)))
    });
    found.collect()
}

/// The type that a sink's `send` takes.
fn sent_item(resolve: &Resolve, interface: InterfaceId, sink: &str) -> Option<Type> {
    let functions = &resolve.interfaces[interface].functions;
    Some(
        functions
            .get(&format!("[method]{sink}.send"))?
            .params
            .get(1)?
            .ty,
    )
}

/// Whether a type of an interface only stands for one of another interface.
fn is_foreign(resolve: &Resolve, id: TypeId) -> bool {
    let def = &resolve.types[id];
    match def.kind {
        TypeDefKind::Type(Type::Id(other)) => {
            let other = &resolve.types[other];
            other.name.is_some() && other.owner != def.owner
        }
        _ => false,
    }
}

/// What cannot happen to a package that was checked.
fn internal(why: &str) -> Error {
    Error::new(
        Place::default(),
        format!("the contract cannot be lowered: {why}"),
        "report this with the WIT: it is a fault of the lowering",
    )
}
