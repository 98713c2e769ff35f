//! An author's WIT as generated code needs it: lowered, and method by method.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ostler_wit::section::{self, Section};
use ostler_wit::wit_parser::{
    Handle, Interface, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldItem, WorldKey,
};
use ostler_wit::{Lowered, Package};
use wasm_encoder::{ComponentSection as _, CustomSection};

/// Numbers of fields and enum cases, kept beside the WIT.
const LOCK: &str = "ostler.lock";

/// How many items a sink gathers. A chunk of bytes is large enough by itself.
const BATCH: u32 = 64;

/// A contract, and what a guest is built against.
pub(super) struct Contract {
    pub(super) lowered: Lowered,
    /// The author's own text, for the host.
    section: Vec<u8>,
}

/// One interface that a guest exports.
pub(super) struct Exported<'a> {
    pub(super) interface: &'a Interface,
    /// Such as `demo:users/users@1.0.0`.
    pub(super) full_name: String,
    pub(super) methods: Vec<Method<'a>>,
}

impl Exported<'_> {
    /// Such as `users`.
    pub(super) fn name(&self) -> &str {
        self.interface.name.as_deref().unwrap_or_default()
    }
}

/// One function of it, as its author sees it.
pub(super) struct Method<'a> {
    pub(super) name: &'a str,
    /// Without streams.
    pub(super) params: Vec<Type>,
    /// What comes back when nothing goes wrong.
    pub(super) result: Option<Type>,
    /// The items of the stream it reads.
    pub(super) reads: Option<Type>,
    /// The items of the stream it writes.
    pub(super) writes: Option<Type>,
    pub(super) fails: Fails,
}

/// With what a function may fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fails {
    Never,
    Status,
    /// With a value of the contract's own, if it has any.
    Other(Option<Type>),
}

impl Contract {
    /// Reads the folder `wit` of a guest.
    ///
    /// # Errors
    /// When it breaks a rule, or holds what `language` has no toolchain for.
    pub(super) fn read(guest: &Path, language: &str) -> Result<Self> {
        let folder = guest.join("wit");
        ensure!(
            folder.is_dir(),
            "{} is missing: put the service's .wit files there",
            folder.display()
        );
        let package = Package::from_dir(&folder)
            .with_context(|| format!("the contract in {}", folder.display()))?;
        let lock = std::fs::read_to_string(folder.join(LOCK)).ok();
        let section = section::encode(&Section {
            wit: package.files().clone(),
            lock,
        });
        let lowered = package.lower()?;
        refuse_maps(&lowered.resolve, language)
            .with_context(|| format!("the contract in {}", folder.display()))?;
        Ok(Self { lowered, section })
    }

    /// Writes the WIT that the guest is built against; gives its folder.
    pub(super) fn write_lowered(&self, build: &Path) -> Result<PathBuf> {
        let folder = build.join("wit");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let file = folder.join("world.wit");
        std::fs::write(&file, self.lowered.to_wit())
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(folder)
    }

    /// The name of the world.
    pub(super) fn world(&self) -> &str {
        &self.lowered.resolve.worlds[self.lowered.world].name
    }

    /// The bytes that the author's text takes in a component.
    pub(super) fn section(&self) -> &[u8] {
        &self.section
    }

    /// Adds the author's text to a component.
    pub(super) fn append_to(&self, component: &mut Vec<u8>) {
        let section = CustomSection {
            name: section::NAME.into(),
            data: self.section.as_slice().into(),
        };
        section.append_to_component(component);
    }

    /// What the world exports, in its order.
    ///
    /// # Errors
    /// When two interfaces have the same name: generated code would mix them up.
    pub(super) fn exports(&self) -> Result<Vec<Exported<'_>>> {
        let world = &self.lowered.resolve.worlds[self.lowered.world];
        let exports: Vec<Exported<'_>> = interfaces(world.exports.iter())
            .map(|id| self.exported(id))
            .collect();
        let mut names: Vec<&str> = exports.iter().map(Exported::name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
            bail!(
                "two exported interfaces are called `{}`: rename one",
                twice[0]
            );
        }
        Ok(exports)
    }

    /// Their full names.
    pub(super) fn export_names(&self) -> HashSet<String> {
        let resolve = &self.lowered.resolve;
        let world = &resolve.worlds[self.lowered.world];
        interfaces(world.exports.iter())
            .filter_map(|id| resolve.id_of(id))
            .collect()
    }

    /// The interfaces that the world imports, with their full names.
    pub(super) fn imports(&self) -> impl Iterator<Item = (InterfaceId, String)> {
        let resolve = &self.lowered.resolve;
        let world = &resolve.worlds[self.lowered.world];
        interfaces(world.imports.iter()).map(|id| (id, resolve.id_of(id).unwrap_or_default()))
    }

    /// How many items a sink of these gathers.
    pub(super) fn batch(&self, item: Type) -> u32 {
        let resolve = &self.lowered.resolve;
        match kind(resolve, item) {
            Some(TypeDefKind::List(item)) if dealias(resolve, *item) == Type::U8 => 1,
            _ => BATCH,
        }
    }

    fn exported(&self, id: InterfaceId) -> Exported<'_> {
        let resolve = &self.lowered.resolve;
        let interface = &resolve.interfaces[id];
        Exported {
            interface,
            full_name: resolve.id_of(id).unwrap_or_default(),
            methods: interface
                .functions
                .values()
                .map(|function| self.method(function))
                .collect(),
        }
    }

    fn method<'a>(&'a self, function: &'a ostler_wit::wit_parser::Function) -> Method<'a> {
        let resolve = &self.lowered.resolve;
        let (mut params, mut reads, mut writes) = (Vec::new(), None, None);
        for param in &function.params {
            let resource = owned(resolve, param.ty);
            let pair = |of: Option<TypeId>| of.is_some() && of == resource;
            let streams = &self.lowered.streams;
            if let Some(stream) = streams.iter().find(|stream| pair(stream.stream)) {
                reads = Some(stream.item);
            } else if let Some(stream) = streams.iter().find(|stream| pair(stream.sink)) {
                writes = Some(stream.item);
            } else {
                params.push(param.ty);
            }
        }
        let (result, fails) = match function.result.and_then(|ty| kind(resolve, ty)) {
            Some(TypeDefKind::Result(result)) => (result.ok, fails(resolve, result.err)),
            _ => (function.result, Fails::Never),
        };
        Method {
            name: &function.name,
            params,
            result,
            reads,
            writes,
            fails,
        }
    }
}

/// What an alias names in the end.
pub(super) fn dealias(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty {
        let TypeDefKind::Type(named) = resolve.types[id].kind else {
            break;
        };
        ty = named;
    }
    ty
}

/// The shape of a type, if it is not a primitive.
pub(super) fn kind(resolve: &Resolve, ty: Type) -> Option<&TypeDefKind> {
    match dealias(resolve, ty) {
        Type::Id(id) => Some(&resolve.types[id].kind),
        _ => None,
    }
}

fn interfaces<'a>(
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> impl Iterator<Item = InterfaceId> {
    items.filter_map(|(_, item)| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    })
}

/// The resource that a parameter hands over.
fn owned(resolve: &Resolve, ty: Type) -> Option<TypeId> {
    let TypeDefKind::Handle(Handle::Own(id)) = kind(resolve, ty)? else {
        return None;
    };
    match dealias(resolve, Type::Id(*id)) {
        Type::Id(id) => Some(id),
        _ => None,
    }
}

fn fails(resolve: &Resolve, error: Option<Type>) -> Fails {
    let is_status = |ty: &Type| {
        let Type::Id(id) = dealias(resolve, *ty) else {
            return false;
        };
        let def = &resolve.types[id];
        let ostler_wit::wit_parser::TypeOwner::Interface(owner) = def.owner else {
            return false;
        };
        let owner = resolve.id_of(owner).unwrap_or_default();
        def.name.as_deref() == Some("status") && owner.starts_with("ostler:rpc/types@")
    };
    match error {
        Some(ty) if is_status(&ty) => Fails::Status,
        other => Fails::Other(other),
    }
}

/// NB: componentize-js 0.23 and componentize-py 0.25 have no maps; this ends
/// when they do.
fn refuse_maps(resolve: &Resolve, language: &str) -> Result<()> {
    let holds_map = |def: &ostler_wit::wit_parser::TypeDef| {
        let parts: Vec<Type> = match &def.kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().filter_map(|case| case.ty).collect()
            }
            TypeDefKind::Type(ty) => vec![*ty],
            TypeDefKind::Map(..) => return true,
            _ => Vec::new(),
        };
        parts
            .iter()
            .any(|ty| matches!(kind(resolve, *ty), Some(TypeDefKind::Map(..))))
    };
    let holders = resolve.types.iter().map(|(_, def)| def);
    // One with a name says more than the map itself.
    let holder = holders
        .filter(|def| holds_map(def))
        .max_by_key(|def| def.name.is_some());
    let Some(def) = holder else {
        return Ok(());
    };
    bail!(
        "{}: the toolchains of {language} have no `map<K, V>` yet: \
         write `list<tuple<K, V>>`, or write the service in Rust",
        def.name.as_deref().unwrap_or("a parameter or a result")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
    }

    #[test]
    fn methods_are_seen_as_their_authors_see_them() {
        let contract = Contract::read(&guest("examples/rust/users"), "Python").unwrap();
        let exports = contract.exports().unwrap();
        let users = &exports[0];
        assert_eq!(users.full_name, "demo:users/users@1.0.0");
        let seen: Vec<_> = (users.methods.iter())
            .map(|m| {
                (
                    m.name,
                    m.params.len(),
                    m.reads.is_some(),
                    m.writes.is_some(),
                )
            })
            .collect();
        let expected = [
            ("get-user", 1, false, false),
            ("list-users", 1, false, true),
            ("aggregate", 0, true, false),
            ("conversation", 0, true, true),
        ];
        assert_eq!(seen, expected);
        assert!(users.methods.iter().all(|m| m.fails == Fails::Status));
    }

    #[test]
    fn errors_are_told_apart_and_bytes_are_sent_one_by_one() {
        let contract = Contract::read(&guest("tests/guests/control"), "Python").unwrap();
        let exports = contract.exports().unwrap();
        let fails = |name: &str| {
            let method = exports[0].methods.iter().find(|m| m.name == name);
            method.unwrap().fails
        };
        assert_eq!(fails("nothing"), Fails::Never);
        assert_eq!(fails("fail"), Fails::Status);
        assert!(matches!(fails("fail-own"), Fails::Other(Some(_))));
        let blobs = Contract::read(&guest("examples/rust/blobs"), "Python").unwrap();
        let exports = blobs.exports().unwrap();
        let mut items = exports[0].methods.iter().filter_map(|m| m.writes);
        assert!(items.all(|item| blobs.batch(item) == 1));
    }

    #[test]
    fn maps_are_refused_by_name() {
        let error = Contract::read(&guest("tests/guests/types"), "Python").err();
        let error = format!("{:#}", error.unwrap());
        assert!(
            error.contains("everything: the toolchains of Python"),
            "{error}"
        );
        assert!(error.contains("list<tuple<K, V>>"), "{error}");
    }

    /// What the languages without maps are asked is all else.
    #[test]
    fn scripts_echo_every_type_but_maps() {
        let wit = |of: &str| {
            let file = guest(&format!("tests/guests/{of}/wit/types.wit"));
            std::fs::read_to_string(file).unwrap()
        };
        let all = wit("types");
        let but_maps: Vec<_> = all.lines().filter(|line| !line.contains("map<")).collect();
        assert_eq!(
            wit("types-javascript").lines().collect::<Vec<_>>(),
            but_maps
        );
    }
}
