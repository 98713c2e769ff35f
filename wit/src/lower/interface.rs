//! One interface: its types move to `<name>-types` together with the
//! resources, and come back by `use`.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, Param, Resolve, Result_, Span,
    Stability, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
};

use super::{NamedPair, is_foreign};
use crate::error::{Error, Fault, Place};
use crate::limits::children;
use crate::names::{dealias, pair_stem, type_key};
use crate::parse;
use crate::service::{self, ErrorKind, Service};
use crate::signature::names_stream;

/// Longer names are legal and of no use to anybody.
const MAX_STEM: usize = 100;

/// Lowers an interface if it mentions `stream`.
pub(super) fn lower(
    resolve: &mut Resolve,
    service: &Service,
    pairs: &mut Vec<NamedPair>,
) -> Result<(), Error> {
    let types = &resolve.interfaces[service.interface].types;
    let mentions = types.values().any(|id| names_stream(resolve, *id)) || service.streams();
    if !mentions {
        return Ok(());
    }
    let mut lowering = Lowering::new(resolve, service)?;
    lowering.drop_stream_names();
    lowering.move_types();
    for function in &service.functions {
        lowering.function(function)?;
    }
    lowering.borrow_foreign_types();
    let interface = lowering.resolve.id_of(lowering.types).unwrap_or_default();
    pairs.extend(lowering.pairs.into_values().map(|pair| NamedPair {
        interface: interface.clone(),
        stream: pair.stream.0,
        sink: pair.sink.0,
    }));
    Ok(())
}

struct Lowering<'a> {
    resolve: &'a mut Resolve,
    service: &'a Service,
    /// `<name>-types`.
    types: InterfaceId,
    /// By the words of the item's type.
    pairs: BTreeMap<String, Pair>,
}

struct Pair {
    /// What tells the item's type from every other.
    key: String,
    stream: (String, TypeId),
    sink: (String, TypeId),
}

impl<'a> Lowering<'a> {
    fn new(resolve: &'a mut Resolve, service: &'a Service) -> Result<Self, Error> {
        let types = add_interface(resolve, service)?;
        Ok(Self {
            resolve,
            service,
            types,
            pairs: BTreeMap::new(),
        })
    }

    /// `type users = stream<user>` names no value and has no place in the
    /// lowered form; nor has what others make of it.
    fn drop_stream_names(&mut self) {
        let names = |resolve: &Resolve, id: TypeId| names_stream(resolve, id);
        let all: Vec<InterfaceId> = self.resolve.interfaces.iter().map(|(id, _)| id).collect();
        for id in all {
            let types = &self.resolve.interfaces[id].types;
            let dropped: Vec<String> = (types.iter())
                .filter(|(_, ty)| names(self.resolve, **ty))
                .map(|(name, _)| name.clone())
                .collect();
            for name in dropped {
                self.resolve.interfaces[id].types.shift_remove(&name);
            }
        }
    }

    fn move_types(&mut self) {
        let from = self.service.interface;
        let mut back = BTreeMap::new();
        for (name, id) in self.resolve.interfaces[from].types.clone() {
            if is_foreign(self.resolve, id) {
                continue;
            }
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
        let place = self.place(&function.name);
        if let Some((_, item)) = &function.input {
            let name = self.pair(*item, &place)?.stream.clone();
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
                place,
                "parameter `out` has the name of the lowered reply stream",
                "rename the parameter",
            ));
        }
        let name = self.pair(item, &place)?.sink.clone();
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
            ErrorKind::Other(ty) => ty,
            ErrorKind::None => None,
            ErrorKind::Status(_) => self
                .rpc(self.service.interface, "types", "status")
                .map(Type::Id),
        }
    }

    fn pair(&mut self, item: Type, place: &Place) -> Result<&Pair, Error> {
        let stem = pair_stem(self.resolve, item);
        let key = type_key(self.resolve, item);
        if let Some(pair) = self.pairs.get(&stem)
            && pair.key != key
        {
            return Err(clash(&stem).at(place.clone()));
        }
        if !self.pairs.contains_key(&stem) {
            let pair = self.add_pair(&stem, key, item, place)?;
            self.pairs.insert(stem.clone(), pair);
        }
        (self.pairs.get(&stem)).ok_or_else(|| super::internal("a pair is gone"))
    }

    fn add_pair(
        &mut self,
        stem: &str,
        key: String,
        item: Type,
        place: &Place,
    ) -> Result<Pair, Error> {
        if stem.len() > MAX_STEM {
            return Err(Error::new(
                place.clone(),
                format!(
                    "the streamed type has no name and {} letters of words",
                    stem.len()
                ),
                "give it one: a record, or a variant",
            ));
        }
        let (stream, sink) = (format!("{stem}-stream"), format!("{stem}-sink"));
        for name in [&stream, &sink] {
            if self.is_taken(name) {
                return Err(taken(name).at(place.clone()));
            }
        }
        // Asked for in this order, so that the uses of one interface are one.
        for (of, name) in [
            ("types", "status"),
            ("types", "closed"),
            ("poll", "pollable"),
        ] {
            self.rpc(self.types, of, name);
        }
        let pair = Pair {
            key,
            stream: (stream.clone(), self.add_stream(&stream, item)),
            sink: (sink.clone(), self.add_sink(&sink, item)),
        };
        Ok(pair)
    }

    /// Names of an interface are shared by types and functions, and components
    /// do not tell case apart.
    fn is_taken(&self, name: &str) -> bool {
        let from = &self.resolve.interfaces[self.service.interface];
        let to = &self.resolve.interfaces[self.types];
        let names = from
            .types
            .keys()
            .chain(from.functions.keys())
            .chain(to.types.keys());
        names
            .into_iter()
            .any(|other| other.eq_ignore_ascii_case(name))
    }

    fn add_stream(&mut self, name: &str, item: Type) -> TypeId {
        let id = self.add_resource(name, "What a guest reads.");
        let status = self.rpc(self.types, "types", "status").map(Type::Id);
        let one = self.anonymous(TypeDefKind::Option(item));
        let many = self.anonymous(TypeDefKind::List(item));
        let next = self.result(Some(one), status);
        let batch = self.result(Some(many), status);
        self.method(
            id,
            (
                "next",
                "Waits for the next item; none when the peer has ended the stream, an \
                      error when it broke. After that it repeats itself.",
            ),
            None,
            next,
        );
        self.method(
            id,
            (
                "next-batch",
                "Waits for one item and takes those already there with it; an \
                            empty list when the peer has ended the stream.",
            ),
            Some(("max", Type::U32)),
            batch,
        );
        self.subscribe(id, "Ready when `next` would not wait.");
        id
    }

    fn add_sink(&mut self, name: &str, item: Type) -> TypeId {
        let id = self.add_resource(name, "What a guest writes.");
        let closed = self.rpc(self.types, "types", "closed").map(Type::Id);
        let many = self.anonymous(TypeDefKind::List(item));
        let sent = self.result(None, closed);
        self.method(
            id,
            (
                "send",
                "Sends an item; waits while the peer is slow, an error when it is gone.",
            ),
            Some(("item", item)),
            sent,
        );
        self.method(
            id,
            ("send-batch", "Sends several items in order."),
            Some(("items", many)),
            sent,
        );
        self.subscribe(id, "Ready when `send` would not wait.");
        id
    }

    fn subscribe(&mut self, resource: TypeId, docs: &str) {
        let pollable = self.rpc(self.types, "poll", "pollable").map(Type::Id);
        if let Some(pollable) = pollable {
            self.method(resource, ("subscribe", docs), None, pollable);
        }
    }

    fn add_resource(&mut self, name: &str, docs: &str) -> TypeId {
        let owner = TypeOwner::Interface(self.types);
        let id = self.resolve.types.alloc(TypeDef {
            docs: Docs {
                contents: Some(docs.to_owned()),
            },
            ..type_def(Some(name), TypeDefKind::Resource, owner)
        });
        self.resolve.interfaces[self.types]
            .types
            .insert(name.to_owned(), id);
        id
    }

    fn method(
        &mut self,
        resource: TypeId,
        (name, docs): (&str, &str),
        argument: Option<(&str, Type)>,
        result: Type,
    ) {
        let of = self.resolve.types[resource]
            .name
            .clone()
            .unwrap_or_default();
        let this = self.anonymous(TypeDefKind::Handle(Handle::Borrow(resource)));
        let arguments = argument.map(|(name, ty)| param(name, ty));
        let function = Function {
            name: format!("[method]{of}.{name}"),
            kind: FunctionKind::Method(resource),
            params: [param("self", this)].into_iter().chain(arguments).collect(),
            result: Some(result),
            docs: Docs {
                contents: Some(docs.to_owned()),
            },
            stability: Stability::Unknown,
            span: Span::default(),
            external_id: None,
        };
        let functions = &mut self.resolve.interfaces[self.types].functions;
        functions.insert(function.name.clone(), function);
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
    fn rpc(&mut self, interface: InterfaceId, of: &str, name: &str) -> Option<TypeId> {
        let ty = parse::rpc_type(self.resolve, of, name)?;
        let here = &self.resolve.interfaces[interface];
        let used =
            (here.types.values()).find(|id| dealias(self.resolve, Type::Id(**id)) == Type::Id(ty));
        if let Some(used) = used {
            return Some(*used);
        }
        // The name the author chose for it, if there is one.
        let from = &self.resolve.interfaces[self.service.interface];
        let theirs = (from.types.iter())
            .find(|(_, id)| dealias(self.resolve, Type::Id(**id)) == Type::Id(ty))
            .map(|(name, _)| name.clone());
        let free = theirs.unwrap_or_else(|| self.free_name(name));
        Some(self.alias(interface, &free, ty))
    }

    fn free_name(&self, name: &str) -> String {
        let mut free = name.to_owned();
        while self.is_taken(&free) {
            free = format!("rpc-{free}");
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
        self.resolve.interfaces[interface]
            .types
            .insert(name.to_owned(), id);
        id
    }

    fn result(&mut self, ok: Option<Type>, err: Option<Type>) -> Type {
        self.anonymous(TypeDefKind::Result(Result_ { ok, err }))
    }

    fn anonymous(&mut self, kind: TypeDefKind) -> Type {
        Type::Id(
            self.resolve
                .types
                .alloc(type_def(None, kind, TypeOwner::None)),
        )
    }

    fn place(&self, function: &str) -> Place {
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

fn type_def(name: Option<&str>, kind: TypeDefKind, owner: TypeOwner) -> TypeDef {
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

fn param(name: &str, ty: Type) -> Param {
    Param {
        name: name.to_owned(),
        ty,
        span: Span::default(),
    }
}

fn clash(stem: &str) -> Fault {
    Fault::new(
        format!("two streamed types would both be called `{stem}-stream`"),
        "rename one of the types",
    )
}

fn taken(name: &str) -> Fault {
    Fault::new(
        format!("`{name}` is taken, which is the name of a lowered stream"),
        "rename it",
    )
}
