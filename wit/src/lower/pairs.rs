//! The pair of resources for a streamed type.

use wit_parser::{
    Docs, Function, FunctionKind, Handle, Span, Stability, Type, TypeDef, TypeDefKind, TypeId,
    TypeOwner,
};

use super::interface::{Lowering, param, type_def};
use crate::error::{Error, Fault};
use crate::names::{pair_stem, type_key};

/// Longer names are legal and of no use to anybody.
const MAX_STEM: usize = 100;

/// The resources of one streamed type, by name.
pub(super) struct Pair {
    /// What tells the item's type from every other.
    key: String,
    pub(super) stream: (String, TypeId),
    pub(super) sink: (String, TypeId),
}

impl Lowering<'_> {
    /// The pair for a streamed type, made at its first use.
    pub(super) fn pair(&mut self, item: Type, function: &str) -> Result<&Pair, Error> {
        let stem = pair_stem(self.resolve, item);
        if stem.len() > MAX_STEM {
            return Err(too_long().at(self.place(function)));
        }
        let key = type_key(self.resolve, item);
        let index = match self.stems.get(&stem) {
            Some(index) if self.pairs[*index].key == key => *index,
            Some(_) => return Err(clash(&stem).at(self.place(function))),
            None => {
                let pair = self.add_pair(&stem, key, item, function)?;
                self.pairs.push(pair);
                self.stems.insert(stem, self.pairs.len() - 1);
                self.pairs.len() - 1
            }
        };
        Ok(&self.pairs[index])
    }

    fn add_pair(
        &mut self,
        stem: &str,
        key: String,
        item: Type,
        function: &str,
    ) -> Result<Pair, Error> {
        let (stream, sink) = (format!("{stem}-stream"), format!("{stem}-sink"));
        for name in [&stream, &sink] {
            if self.is_taken(name) {
                return Err(taken(name).at(self.place(function)));
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
        self.declare(self.types, name, id);
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
}

fn too_long() -> Fault {
    Fault::new(
        format!("the streamed type has no name, and its words take more than {MAX_STEM} letters"),
        "give it one: a record, or a variant",
    )
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
