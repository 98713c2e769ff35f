//! Services, methods and plan, from what the component says and, where it is
//! embedded, from what its author says.

use ostler_wit::{ErrorKind, Package, Tags};
use wit_parser::{Resolve, WorldId};

use super::agree::{Pair, Side};
use super::component::{self, Export, Signature};
use super::resources::{self, Resource};
use super::{ContractError, agree, text};
use crate::proto::{self, MessageId};
use crate::types::{Arena, Types, is_deprecated, is_status_shape};
use crate::{
    Contract, ErrorType, Method, Name, Pattern, Request, Response, Service, StreamResource, TypeId,
};

/// A chunk stream's chunks, unless `@chunk-size` says otherwise.
const CHUNK_SIZE: usize = 64 << 10;

/// The author's own words.
pub(super) struct Author {
    pub(super) package: Package,
    pub(super) lock: Option<String>,
}

/// The contract of a world in the resource form.
pub(super) fn contract(
    resolve: &Resolve,
    world: WorldId,
    author: Option<Author>,
) -> Result<Contract, ContractError> {
    let exports = component::exports(resolve, world)?;
    let package = author.as_ref().map(|author| &author.package);
    if let Some(package) = package {
        all_exported(package, &exports)?;
    }
    let mut assembler = Assembler::new(resolve, world, package)?;
    let services = exports.iter().map(|export| {
        assembler
            .service(export)
            .map_err(|error| error.within(format!("interface {}", export.name)))
    });
    let mut services = services.collect::<Result<Vec<_>, _>>()?;
    let streams = assembler.streams(&mut services)?;
    let wit = match package {
        Some(package) => package.files().clone(),
        None => text::print(resolve, world)?,
    };
    let lock = author.as_ref().and_then(|author| author.lock.as_deref());
    proto::assign(&mut services, &mut assembler.arena.plan, lock)?;
    Ok(Contract {
        services,
        plan: assembler.arena.plan,
        streams,
        wit,
        lock: author.and_then(|author| author.lock),
    })
}

fn all_exported(package: &Package, exports: &[Export]) -> Result<(), ContractError> {
    for service in package.services() {
        if !exports.iter().any(|export| export.name == service.export) {
            return Err(ContractError::new(
                "the embedded WIT exports it, the component does not",
                "build the component again from the WIT it embeds",
            )
            .within(format!("interface {}", service.export)));
        }
    }
    Ok(())
}

pub(super) struct Assembler<'a> {
    pub(super) arena: Arena,
    pub(super) author: Option<(&'a Package, Types<'a>)>,
    pub(super) resolve: &'a Resolve,
    /// The component's types in the plan, where the author says nothing.
    own: Types<'a>,
    /// The component's types beside the plan, to be compared.
    seen: (Types<'a>, Arena),
    resources: Vec<Resource>,
    /// The items of `resources` in the plan, once known.
    items: Vec<Option<TypeId>>,
}

impl<'a> Assembler<'a> {
    fn new(
        resolve: &'a Resolve,
        world: WorldId,
        author: Option<&'a Package>,
    ) -> Result<Self, ContractError> {
        let resources = resources::find(resolve, world)?;
        Ok(Self {
            arena: Arena::default(),
            author: author.map(|package| (package, Types::new(package.resolve()))),
            resolve,
            own: Types::new(resolve),
            seen: (Types::new(resolve), Arena::default()),
            items: vec![None; resources.len()],
            resources,
        })
    }

    fn service(&mut self, export: &Export) -> Result<Service, ContractError> {
        let author = self.author.as_ref().and_then(|(package, _)| {
            let mut services = package.services().iter();
            services.find(|service| service.export == export.name)
        });
        let (docs, methods) = match author {
            Some(service) => (service.docs.clone(), self.author_methods(export, service)?),
            None => (String::new(), self.own_methods(export)?),
        };
        let interface = self.resolve.interfaces[export.interface].name.as_deref();
        Ok(Service {
            package: export.package.clone(),
            name: Name::new(interface.unwrap_or_default()),
            export: export.name.clone(),
            docs,
            proto: String::new(),
            methods,
        })
    }

    fn author_methods(
        &mut self,
        export: &Export,
        service: &ostler_wit::Service,
    ) -> Result<Vec<Method>, ContractError> {
        let resolve = self.resolve;
        let stated = (self.author.as_ref())
            .map(|(package, _)| &package.resolve().interfaces[service.interface].functions);
        let exported = &resolve.interfaces[export.interface].functions;
        let unknown = |name: &String| service.functions.iter().all(|f| f.name != *name);
        if let Some(name) = exported.keys().find(|name| unknown(name)) {
            return Err(stale(
                "the component exports it, the embedded WIT does not",
                name,
            ));
        }
        let methods = service.functions.iter().map(|author| {
            let function = exported.get(&author.name).ok_or_else(|| {
                stale(
                    "the embedded WIT has it, the component does not export it",
                    &author.name,
                )
            })?;
            let within = |error: ContractError| error.within(format!("function {}", author.name));
            let resources = &mut self.resources;
            let signature =
                component::signature(resolve, resources, function, Some(author)).map_err(within)?;
            self.agrees(author, &signature).map_err(within)?;
            let method = self.method(author, &signature, Source::Author);
            let stability = stated.and_then(|f| Some(&f.get(&author.name)?.stability));
            Ok(Method {
                deprecated: stability.is_some_and(is_deprecated),
                ..method.map_err(within)?
            })
        });
        methods.collect()
    }

    fn agrees(
        &mut self,
        author: &ostler_wit::Function,
        signature: &Signature,
    ) -> Result<(), ContractError> {
        let Some((_, types)) = &mut self.author else {
            return Ok(());
        };
        let pair = Pair {
            author: Side {
                types,
                arena: &mut self.arena,
            },
            seen: Side {
                types: &mut self.seen.0,
                arena: &mut self.seen.1,
            },
        };
        agree::function(pair, author, signature, &self.resources)
    }

    fn own_methods(&mut self, export: &Export) -> Result<Vec<Method>, ContractError> {
        let resolve = self.resolve;
        let functions = resolve.interfaces[export.interface].functions.values();
        let methods = functions.map(|function| {
            let within = |error: ContractError| error.within(format!("function {}", function.name));
            let signature = component::signature(resolve, &mut self.resources, function, None)
                .map_err(within)?;
            let described = self.describe(&function.name, &signature);
            self.method(&described, &signature, Source::Component)
                .map_err(within)
        });
        methods.collect()
    }

    /// A function in the author's form, from the component alone.
    fn describe(&self, name: &str, signature: &Signature) -> ostler_wit::Function {
        let item = |index: Option<usize>| index.and_then(|index| self.resources[index].item());
        let pattern = match (signature.input, signature.output) {
            (None, None) => ostler_wit::Pattern::Unary,
            (None, Some(_)) => ostler_wit::Pattern::ServerStreaming,
            (Some(_), None) => ostler_wit::Pattern::ClientStreaming,
            (Some(_), Some(_)) => ostler_wit::Pattern::Bidirectional,
        };
        ostler_wit::Function {
            name: name.to_owned(),
            docs: String::new(),
            pattern,
            tags: Tags::default(),
            params: signature.params.clone(),
            input: item(signature.input).map(|item| (String::new(), item)),
            output: item(signature.output),
            result: signature.result,
            error: signature.error,
        }
    }

    fn method(
        &mut self,
        function: &ostler_wit::Function,
        signature: &Signature,
        source: Source,
    ) -> Result<Method, ContractError> {
        let request = match (&function.input, signature.input) {
            (Some((_, item)), Some(index)) => Request {
                message: self.item(index, item, source)?,
                proto: MessageId(0),
                spread: false,
                stream: Some(index),
            },
            _ => self.request(function, source)?,
        };
        let response = match (&function.output, signature.output) {
            (Some(item), Some(index)) => Response {
                message: Some(self.item(index, item, source)?),
                proto: MessageId(0),
                sink: Some(index),
            },
            _ => Response {
                message: self.optional(function.result.as_ref(), source)?,
                proto: MessageId(0),
                sink: None,
            },
        };
        let error = self.error(function.error, source)?;
        let tags = &function.tags;
        Ok(Method {
            name: Name::new(&function.name),
            proto: String::new(),
            docs: function.docs.clone(),
            pattern: pattern(function.pattern),
            idempotent: tags.idempotent,
            timeout: tags.timeout,
            chunk_size: tags.chunk_size.map_or(CHUNK_SIZE, |size| size as usize),
            request,
            response,
            error,
            error_proto: None,
            deprecated: false,
        })
    }

    pub(super) fn add(
        &mut self,
        ty: &wit_parser::Type,
        source: Source,
    ) -> Result<TypeId, ContractError> {
        let types = match (source, &mut self.author) {
            (Source::Author, Some((_, types))) => types,
            _ => &mut self.own,
        };
        Ok(types.add(&mut self.arena, ty)?)
    }

    fn optional(
        &mut self,
        ty: Option<&wit_parser::Type>,
        source: Source,
    ) -> Result<Option<TypeId>, ContractError> {
        ty.map(|ty| self.add(ty, source)).transpose()
    }

    /// The item of a streamed direction, which is that of its resource too.
    fn item(
        &mut self,
        index: usize,
        item: &wit_parser::Type,
        source: Source,
    ) -> Result<TypeId, ContractError> {
        let item = self.add(item, source)?;
        let known = *self.items[index].get_or_insert(item);
        match agree::difference(&self.arena.plan, known, &self.arena.plan, item) {
            None => Ok(item),
            Some(_) => Err(ContractError::new(
                format!(
                    "resource {} carries another type here than elsewhere",
                    self.resources[index].name
                ),
                "declare a resource of its own for each type of item",
            )),
        }
    }

    fn error(&mut self, error: ErrorKind, source: Source) -> Result<ErrorType, ContractError> {
        Ok(match error {
            ErrorKind::None => ErrorType::None,
            ErrorKind::Other(ty) => ErrorType::Other(self.optional(ty.as_ref(), source)?),
            ErrorKind::Status(ty) => {
                let ty = self.add(&ty, source)?;
                if !is_status_shape(&self.arena.plan, ty) {
                    return Err(ContractError::new(
                        "its status is not that of ostler:rpc@0.1.0",
                        "build it with the ostler:rpc package of this version",
                    ));
                }
                ErrorType::Status(ty)
            }
        })
    }

    /// The type of a resource's items in the plan; `None` when nothing says
    /// it, and then no exported function takes the resource.
    fn known_item(&mut self, index: usize) -> Result<Option<TypeId>, ContractError> {
        let resource = &self.resources[index];
        let (types, arena) = &mut self.seen;
        let mut items = resource.items.iter().map(|item| types.add(arena, item));
        if let Some(first) = items.next() {
            let first = first?;
            let rest = items.collect::<Result<Vec<_>, _>>()?;
            let plan = &arena.plan;
            if rest
                .iter()
                .any(|item| agree::difference(plan, first, plan, *item).is_some())
            {
                return Err(ContractError::new(
                    "its methods disagree about the type of an item",
                    "let all of them take or give the same type",
                ));
            }
        }
        match (self.items[index], resource.item()) {
            (None, Some(item)) => Ok(Some(self.own.add(&mut self.arena, &item)?)),
            (known, _) => Ok(known),
        }
    }

    /// Every stream resource of the component. Those of which nothing is known
    /// are left out, and the methods told the new places of the others.
    fn streams(&mut self, services: &mut [Service]) -> Result<Vec<StreamResource>, ContractError> {
        let mut streams = Vec::new();
        let mut places = Vec::new();
        for index in 0..self.resources.len() {
            let item = self.known_item(index);
            let resource = &self.resources[index];
            let item = item.map_err(|error| error.within(resource.place()))?;
            places.push(streams.len());
            if let (Some(item), Some(end)) = (item, resource.end) {
                streams.push(StreamResource {
                    interface: resource.interface.clone(),
                    name: resource.name.clone(),
                    end,
                    item,
                    methods: resource.methods.clone(),
                });
            }
        }
        for method in services.iter_mut().flat_map(|service| &mut service.methods) {
            let moved = |index: &mut usize| *index = places[*index];
            method.request.stream.iter_mut().for_each(moved);
            method.response.sink.iter_mut().for_each(moved);
        }
        Ok(streams)
    }
}

/// Whose words a function is described in.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Author,
    Component,
}

fn stale(problem: &str, function: &str) -> ContractError {
    ContractError::new(problem, "build the component again from the WIT it embeds")
        .within(format!("function {function}"))
}

fn pattern(pattern: ostler_wit::Pattern) -> Pattern {
    match pattern {
        ostler_wit::Pattern::Unary => Pattern::Unary,
        ostler_wit::Pattern::ServerStreaming => Pattern::ServerStreaming,
        ostler_wit::Pattern::ClientStreaming => Pattern::ClientStreaming,
        ostler_wit::Pattern::Bidirectional => Pattern::Bidirectional,
    }
}
