//! One interface: its types move to `<name>-types` together with the
//! resources, and come back by `use`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use wit_parser::{
    Docs, Function, Interface, InterfaceId, Param, Resolve, Result_, Span, Stability, Type,
    TypeDef, TypeDefKind, TypeId, TypeOwner,
};

use super::pairs::Pair;
use super::{NamedPair, is_foreign};
use crate::error::{Error, Place};
use crate::limits::{children, children_mut};
use crate::names::dealias;
use crate::parse;
use crate::service::{self, ErrorKind, Service};

/// Lowers an interface whose functions stream; gives the one its types are in.
pub(super) fn lower(
    resolve: &mut Resolve,
    service: &Service,
    pairs: &mut Vec<NamedPair>,
) -> Result<InterfaceId, Error> {
    let mut lowering = Lowering::new(resolve, service)?;
    lowering.move_types();
    for function in &service.functions {
        lowering.function(function)?;
    }
    lowering.borrow_foreign_types();
    let types = lowering.types;
    let interface = lowering.resolve.id_of(types).unwrap_or_default();
    pairs.extend(lowering.pairs.into_iter().map(|pair| NamedPair {
        interface: interface.clone(),
        stream: pair.stream.0,
        sink: pair.sink.0,
    }));
    Ok(types)
}

pub(super) struct Lowering<'a> {
    pub(super) resolve: &'a mut Resolve,
    pub(super) service: &'a Service,
    /// `<name>-types`.
    pub(super) types: InterfaceId,
    /// In order of first use.
    pub(super) pairs: Vec<Pair>,
    /// The place of a pair by the words of its item.
    pub(super) stems: HashMap<String, usize>,
    /// Every name in either interface, in lower case: components do not tell
    /// case apart, and types and functions share their names.
    taken: HashSet<String>,
    /// By which name an interface uses a type of another one.
    used: HashMap<(InterfaceId, Type), (String, TypeId)>,
}

impl<'a> Lowering<'a> {
    fn new(resolve: &'a mut Resolve, service: &'a Service) -> Result<Self, Error> {
        let types = add_interface(resolve, service)?;
        let from = &resolve.interfaces[service.interface];
        let names = from.types.keys().chain(from.functions.keys());
        let taken = names.map(|name| name.to_ascii_lowercase()).collect();
        let mut used = HashMap::new();
        for (name, id) in &from.types {
            if is_foreign(resolve, *id) {
                let named = dealias(resolve, Type::Id(*id));
                let first = used.entry((service.interface, named));
                first.or_insert_with(|| (name.clone(), *id));
            }
        }
        Ok(Self {
            resolve,
            service,
            types,
            pairs: Vec::new(),
            stems: HashMap::new(),
            taken,
            used,
        })
    }

    fn move_types(&mut self) {
        let from = self.service.interface;
        let mut own = self.resolve.interfaces[from].types.clone();
        own.retain(|_, id| !is_foreign(self.resolve, *id));
        let mut back = BTreeMap::new();
        for (name, id) in own {
            let alias = self.alias(from, &name, id);
            self.resolve.types[id].owner = TypeOwner::Interface(self.types);
            self.resolve.interfaces[self.types].types.insert(name, id);
            back.insert(id, alias);
        }
        // What others `use` from this interface they still use from it.
        for (_, def) in self.resolve.types.iter_mut() {
            let here = [from, self.types].map(TypeOwner::Interface);
            if def.owner == TypeOwner::None || here.contains(&def.owner) {
                continue;
            }
            if let TypeDefKind::Type(Type::Id(id)) = &mut def.kind
                && let Some(alias) = back.get(id)
            {
                *id = *alias;
            }
        }
    }

    fn function(&mut self, function: &service::Function) -> Result<(), Error> {
        if function.pattern == service::Pattern::Unary {
            return Ok(());
        }
        let id = self.service.interface;
        if let Some((_, item)) = &function.input {
            let item = self.item(*item);
            let name = self.pair(item, &function.name)?.stream.clone();
            let stream = self.use_resource(&name.0, name.1);
            if let Some(lowered) = self.resolve.interfaces[id]
                .functions
                .get_mut(&function.name)
            {
                lowered.params[0].ty = Type::Id(stream);
            }
        }
        let Some(item) = function.output else {
            return Ok(());
        };
        let taken = function.params.iter().map(|(name, _)| name);
        let taken = taken.chain(function.input.iter().map(|(name, _)| name));
        if taken
            .into_iter()
            .any(|name| name.eq_ignore_ascii_case("out"))
        {
            return Err(Error::new(
                self.place(&function.name),
                "parameter `out` has the name of the lowered reply stream",
                "rename the parameter",
            ));
        }
        let item = self.item(item);
        let name = self.pair(item, &function.name)?.sink.clone();
        let sink = self.use_resource(&name.0, name.1);
        let err = self.error_type(function.error);
        let result = self.anonymous(TypeDefKind::Result(Result_ { ok: None, err }));
        if let Some(lowered) = self.resolve.interfaces[id]
            .functions
            .get_mut(&function.name)
        {
            lowered.params.push(param("out", Type::Id(sink)));
            lowered.result = Some(result);
        }
        Ok(())
    }

    /// The error of a lowered server stream, by a name of this interface.
    fn error_type(&mut self, error: ErrorKind) -> Option<Type> {
        match error {
            ErrorKind::Other(ty) => ty.map(|ty| self.localize(ty)),
            ErrorKind::None => None,
            ErrorKind::Status(_) => self
                .rpc(self.service.interface, "types", "status")
                .map(Type::Id),
        }
    }

    /// A resource of `<name>-types`, by a name of the lowered interface.
    fn use_resource(&mut self, name: &str, resource: TypeId) -> TypeId {
        let from = self.service.interface;
        match self.resolve.interfaces[from].types.get(name) {
            Some(alias) => *alias,
            None => self.alias(from, name, resource),
        }
    }

    /// A type of `ostler:rpc` by a name of `interface`: the one it has there,
    /// else its own, else one that is free.
    pub(super) fn rpc(&mut self, interface: InterfaceId, of: &str, name: &str) -> Option<TypeId> {
        let ty = parse::rpc_type(self.resolve, of, name)?;
        if let Some((_, used)) = self.used(interface, ty) {
            return Some(used);
        }
        // One name in both interfaces, the author's if there is one.
        let name = (self.used(self.service.interface, ty))
            .or_else(|| self.used(self.types, ty))
            .map_or_else(|| self.free_name(name, "rpc"), |(name, _)| name);
        Some(self.alias(interface, &name, ty))
    }

    fn used(&self, interface: InterfaceId, ty: TypeId) -> Option<(String, TypeId)> {
        let named = dealias(self.resolve, Type::Id(ty));
        self.used.get(&(interface, named)).cloned()
    }

    /// The type of an item: without the author's aliases, by names of the
    /// lowered interface.
    fn item(&mut self, mut ty: Type) -> Type {
        while let Type::Id(id) = ty {
            let def = &self.resolve.types[id];
            match def.kind {
                TypeDefKind::Type(of) if def.owner == TypeOwner::Interface(self.types) => ty = of,
                _ => break,
            }
        }
        self.localize(ty)
    }

    /// The same type by names of the lowered interface. It has them all, unless
    /// the author wrote the name of a stream that another interface declares.
    /// Recursion is bounded by `limits::check_types`.
    fn localize(&mut self, ty: Type) -> Type {
        let Type::Id(id) = ty else { return ty };
        let def = self.resolve.types[id].clone();
        let here = [self.service.interface, self.types].map(TypeOwner::Interface);
        match (def.name, def.kind) {
            (Some(_), _) if here.contains(&def.owner) => ty,
            (Some(name), _) => Type::Id(self.local_name(&name, id)),
            (None, mut kind) => {
                let mut changed = false;
                for part in children_mut(&mut kind) {
                    let local = self.localize(*part);
                    changed |= local != *part;
                    *part = local;
                }
                if changed { self.anonymous(kind) } else { ty }
            }
        }
    }

    fn local_name(&mut self, name: &str, id: TypeId) -> TypeId {
        let from = self.service.interface;
        if let Some((_, used)) = self.used(from, id) {
            return used;
        }
        let prefix = match self.resolve.types[id].owner {
            TypeOwner::Interface(owner) => self.resolve.interfaces[owner].name.clone(),
            _ => None,
        };
        let free = self.free_name(name, prefix.as_deref().unwrap_or("other"));
        self.alias(from, &free, id)
    }

    fn free_name(&self, name: &str, prefix: &str) -> String {
        let mut free = name.to_owned();
        while self.is_taken(&free) {
            free = format!("{prefix}-{free}");
        }
        free
    }

    /// Moved types may mention what the interface uses from elsewhere: their
    /// new interface uses it too, by the same name.
    fn borrow_foreign_types(&mut self) {
        let from = self.service.interface;
        let mentioned = self.mentioned();
        let mut copies = BTreeMap::new();
        for (name, id) in self.resolve.interfaces[from].types.clone() {
            let TypeDefKind::Type(Type::Id(foreign)) = self.resolve.types[id].kind else {
                continue;
            };
            if mentioned.contains(&id) {
                copies.insert(id, self.alias(self.types, &name, foreign));
            }
        }
        for (_, def) in self.resolve.types.iter_mut() {
            if let TypeDefKind::Type(Type::Id(id)) = &mut def.kind
                && def.owner == TypeOwner::Interface(self.types)
                && let Some(copy) = copies.get(id)
            {
                *id = *copy;
            }
        }
    }

    /// Types still owned by the lowered interface that `<name>-types` mentions.
    fn mentioned(&self) -> BTreeSet<TypeId> {
        let types = &self.resolve.interfaces[self.types];
        let functions = types.functions.values();
        let mut left: Vec<Type> = types.types.values().copied().map(Type::Id).collect();
        left.extend(functions.flat_map(Function::parameter_and_result_types));
        let mut seen = BTreeSet::new();
        let mut mentioned = BTreeSet::new();
        while let Some(ty) = left.pop() {
            let Type::Id(id) = ty else { continue };
            if !seen.insert(id) {
                continue;
            }
            let def = &self.resolve.types[id];
            if def.owner == TypeOwner::Interface(self.service.interface) {
                mentioned.insert(id);
            } else if def.owner == TypeOwner::None || def.owner == TypeOwner::Interface(self.types)
            {
                children(&def.kind, |ty| left.push(ty));
            }
        }
        mentioned
    }

    fn alias(&mut self, interface: InterfaceId, name: &str, of: TypeId) -> TypeId {
        let kind = TypeDefKind::Type(Type::Id(of));
        let def = type_def(Some(name), kind, TypeOwner::Interface(interface));
        let id = self.resolve.types.alloc(TypeDef {
            stability: self.resolve.types[of].stability.clone(),
            ..def
        });
        let here = [self.service.interface, self.types].map(TypeOwner::Interface);
        if !here.contains(&self.resolve.types[of].owner) {
            let named = dealias(self.resolve, Type::Id(of));
            let first = self.used.entry((interface, named));
            first.or_insert_with(|| (name.to_owned(), id));
        }
        self.declare(interface, name, id);
        id
    }

    pub(super) fn declare(&mut self, interface: InterfaceId, name: &str, id: TypeId) {
        self.taken.insert(name.to_ascii_lowercase());
        let types = &mut self.resolve.interfaces[interface].types;
        types.insert(name.to_owned(), id);
    }

    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(&name.to_ascii_lowercase())
    }

    pub(super) fn result(&mut self, ok: Option<Type>, err: Option<Type>) -> Type {
        self.anonymous(TypeDefKind::Result(Result_ { ok, err }))
    }

    pub(super) fn anonymous(&mut self, kind: TypeDefKind) -> Type {
        Type::Id(
            self.resolve
                .types
                .alloc(type_def(None, kind, TypeOwner::None)),
        )
    }

    pub(super) fn place(&self, function: &str) -> Place {
        let interface = &self.resolve.interfaces[self.service.interface];
        let span = interface
            .functions
            .get(function)
            .map_or(interface.span, |f| f.span);
        Place {
            interface: interface.name.clone(),
            function: Some(function.to_owned()),
            ..parse::place(&self.resolve.source_map, span)
        }
    }
}

/// Adds `<name>-types` in front of the interface it is for.
fn add_interface(resolve: &mut Resolve, service: &Service) -> Result<InterfaceId, Error> {
    let from = &resolve.interfaces[service.interface];
    let of = from.name.clone().unwrap_or_default();
    let package = from
        .package
        .ok_or_else(|| super::internal("an interface has no package"))?;
    let name = format!("{of}-types");
    let taken = &resolve.packages[package];
    let mut names = taken.interfaces.keys().chain(taken.worlds.keys());
    if names.any(|other| other.eq_ignore_ascii_case(&name)) {
        return Err(Error::new(
            Place {
                interface: Some(of),
                ..parse::place(&resolve.source_map, from.span)
            },
            format!("`{name}` is taken, which the lowered types of this interface need"),
            format!("rename `{name}`"),
        ));
    }
    let interface = Interface {
        name: Some(name.clone()),
        types: Default::default(),
        functions: Default::default(),
        docs: Docs {
            contents: Some(format!("Types and streams of `{of}`.")),
        },
        stability: from.stability.clone(),
        package: Some(package),
        span: Span::default(),
        clone_of: None,
    };
    let id = resolve.interfaces.alloc(interface);
    let interfaces = &mut resolve.packages[package].interfaces;
    let at = interfaces.get_index_of(&of).unwrap_or(interfaces.len());
    interfaces.shift_insert(at, name, id);
    Ok(id)
}

pub(super) fn type_def(name: Option<&str>, kind: TypeDefKind, owner: TypeOwner) -> TypeDef {
    TypeDef {
        name: name.map(str::to_owned),
        kind,
        owner,
        docs: Docs::default(),
        stability: Stability::Unknown,
        span: Span::default(),
        external_id: None,
    }
}

pub(super) fn param(name: &str, ty: Type) -> Param {
    Param {
        name: name.to_owned(),
        ty,
        span: Span::default(),
    }
}
