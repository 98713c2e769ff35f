//! The rules of a contract that concern the world and its interfaces.

use std::collections::BTreeMap;

use wit_component::WitPrinter;
use wit_parser::{
    Interface, InterfaceId, PackageId, Resolve, Span, TypeId, WorldId, WorldItem, WorldKey,
};

use crate::docs::{Comments, Docs, RawTag};
use crate::error::{Error, Fault, Place};
use crate::names::collision;
use crate::parse;
use crate::service::{Function, Service};
use crate::values::{self, Values};
use crate::{signature, tags};

/// The only world of the root package.
pub(crate) fn world(
    resolve: &Resolve,
    root: PackageId,
    files: &BTreeMap<String, String>,
) -> Result<WorldId, Error> {
    let package = &resolve.packages[root];
    let worlds: Vec<WorldId> = package.worlds.values().copied().collect();
    match worlds.as_slice() {
        [world] => Ok(*world),
        [] => {
            let mut own = files.keys().filter(|path| !path.starts_with("deps/"));
            Err(Error::new(
                own.next()
                    .map_or_else(Place::default, |path| Place::file(path)),
                format!("package {} has no world", package.name),
                "add one, such as `world service { export users; }`",
            ))
        }
        [_, second, ..] => {
            let names: Vec<_> = package
                .worlds
                .keys()
                .map(|name| format!("`{name}`"))
                .collect();
            Err(Error::new(
                parse::place(&resolve.source_map, resolve.worlds[*second].span),
                format!(
                    "package {} has more than one world: {}",
                    package.name,
                    names.join(", ")
                ),
                "keep one, or move the others to a package of their own",
            ))
        }
    }
}

/// Every service of the world, checked.
pub(crate) fn services(
    resolve: &Resolve,
    world: WorldId,
    files: &BTreeMap<String, String>,
) -> Result<Vec<Service>, Error> {
    let mut rules = Rules::new(resolve, files)?;
    rules.imports(world)?;
    let services = rules.exports(world)?;
    rules.service_names(world, &services)?;
    Ok(services)
}

struct Rules<'a> {
    resolve: &'a Resolve,
    files: &'a BTreeMap<String, String>,
    status: TypeId,
    values: Values<'a>,
    /// By path; read at the first service of a file.
    comments: BTreeMap<&'a str, Comments<'a>>,
}

impl<'a> Rules<'a> {
    fn new(resolve: &'a Resolve, files: &'a BTreeMap<String, String>) -> Result<Self, Error> {
        same_rpc(resolve)?;
        let status =
            parse::rpc_type(resolve, "types", "status").ok_or_else(|| foreign_rpc(resolve))?;
        Ok(Self {
            resolve,
            files,
            status,
            values: Values::new(resolve),
            comments: BTreeMap::new(),
        })
    }

    /// Only the host's own interfaces may be imported with streams.
    fn imports(&self, world: WorldId) -> Result<(), Error> {
        let world = &self.resolve.worlds[world];
        for (key, item) in &world.imports {
            let WorldItem::Interface { id, .. } = item else {
                self.no_function(&world.name, key, item)?;
                continue;
            };
            let interface = &self.resolve.interfaces[*id];
            if is_reserved(self.resolve, interface) {
                continue;
            }
            let native = values::first_native(self.resolve, interface.functions.values());
            if let Some(function) = native {
                let mut place = self.place(function.span);
                place.interface = interface.name.clone();
                place.function = Some(function.name.clone());
                return Err(Error::new(
                    place,
                    format!(
                        "world {} imports this interface (itself, or by types used from it), and \
                         imports with streams, futures or async functions are not supported yet",
                        world.name
                    ),
                    "do not import it; move types that are only used into an interface of their \
                     own",
                ));
            }
        }
        Ok(())
    }

    fn exports(&mut self, world: WorldId) -> Result<Vec<Service>, Error> {
        let world = &self.resolve.worlds[world];
        let mut services = Vec::new();
        for (key, item) in &world.exports {
            let WorldItem::Interface { id, span, .. } = item else {
                self.no_function(&world.name, key, item)?;
                continue;
            };
            let interface = &self.resolve.interfaces[*id];
            if is_reserved(self.resolve, interface) {
                continue;
            }
            if let WorldKey::Name(name) = key {
                return Err(Error::new(
                    self.place(*span),
                    format!(
                        "world {} exports `{name}` under a name of its own",
                        world.name
                    ),
                    "declare the interface in the package and write `export` with its name alone",
                ));
            }
            // What has nothing to call only shares types.
            if !interface.functions.is_empty() {
                let export = self.resolve.name_world_key(key);
                services.push(self.service(*id, export)?);
            }
        }
        if services.is_empty() {
            return Err(Error::new(
                self.place(world.span),
                format!("world {} exports no service", world.name),
                "export an interface that has functions, such as `export users;`",
            ));
        }
        Ok(services)
    }

    fn no_function(&self, world: &str, key: &WorldKey, item: &WorldItem) -> Result<(), Error> {
        let WorldItem::Function(function) = item else {
            return Ok(());
        };
        Err(Error::new(
            self.place(function.span),
            format!(
                "function {} stands in world {world} itself",
                self.resolve.name_world_key(key)
            ),
            "move it into an interface",
        ))
    }

    fn service(&mut self, id: InterfaceId, export: String) -> Result<Service, Error> {
        let interface = &self.resolve.interfaces[id];
        let docs = self.docs(interface.span);
        if let Some(tag) = docs.tags.first() {
            return Err(self.misplaced(interface, tag));
        }
        let names = interface.functions.keys().map(String::as_str);
        if let Some((first, second)) = collision(names) {
            return Err(Error::new(
                self.interface_place(interface, interface.functions[second].span),
                format!("functions `{first}` and `{second}` differ in case alone"),
                "rename one of them",
            ));
        }
        let mut functions = Vec::new();
        for function in interface.functions.values() {
            // A resource with methods is refused as a type, below.
            if function.kind.resource().is_none() {
                functions.push(self.function(interface, function)?);
            }
        }
        for (name, ty) in &interface.types {
            self.values.check_declared(name, *ty).map_err(|fault| {
                fault.at(self.interface_place(interface, self.resolve.types[*ty].span))
            })?;
        }
        let at = self.location(interface.span).map_or(0, |(_, at)| at);
        if let Some(tag) = self.comments(interface.span).stray(at) {
            return Err(self.misplaced(interface, &tag));
        }
        Ok(Service {
            interface: id,
            export,
            docs: docs.text,
            functions,
        })
    }

    fn function(
        &mut self,
        interface: &Interface,
        function: &wit_parser::Function,
    ) -> Result<Function, Error> {
        let place = |rules: &Self| Place {
            function: Some(function.name.clone()),
            ..rules.interface_place(interface, function.span)
        };
        let signature = signature::read(&mut self.values, self.status, function)
            .map_err(|fault| fault.at(place(self)))?;
        let docs = self.docs(function.span);
        let tags = tags::read(self.resolve, &signature, &docs.tags).map_err(|(at, fault)| {
            let line = self.comments(function.span).line(at);
            fault.at(Place {
                line: Some(line),
                ..place(self)
            })
        })?;
        Ok(Function {
            name: function.name.clone(),
            docs: docs.text,
            pattern: signature.pattern(),
            tags,
            params: signature.params,
            input: signature.input,
            output: signature.output,
            result: signature.result,
            error: signature.error,
        })
    }

    /// Wires call a service by its interface's name alone.
    fn service_names(&self, world: WorldId, services: &[Service]) -> Result<(), Error> {
        let name = |service: &Service| self.resolve.interfaces[service.interface].name.clone();
        let names: Vec<_> = services.iter().filter_map(name).collect();
        let Some((first, second)) = collision(names.iter().map(String::as_str)) else {
            return Ok(());
        };
        let same =
            |service: &&Service| name(service).is_some_and(|name| name == first || name == second);
        let exports: Vec<_> = services
            .iter()
            .filter(same)
            .map(|s| s.export.as_str())
            .collect();
        Err(Error::new(
            self.place(self.resolve.worlds[world].span),
            format!(
                "services {} have the same name on the wires",
                exports.join(" and ")
            ),
            "rename one interface, or export them from two components",
        ))
    }

    fn misplaced(&mut self, interface: &Interface, tag: &RawTag) -> Error {
        let place = Place {
            line: Some(self.comments(interface.span).line(tag.at)),
            ..self.interface_place(interface, interface.span)
        };
        Fault::new(
            format!("tag `@{}` stands above no function", tag.name),
            "put it on a line of its own directly above the function it is about",
        )
        .at(place)
    }

    fn interface_place(&self, interface: &Interface, span: Span) -> Place {
        Place {
            interface: interface.name.clone(),
            ..self.place(span)
        }
    }

    fn place(&self, span: Span) -> Place {
        parse::place(&self.resolve.source_map, span)
    }

    fn docs(&mut self, span: Span) -> Docs {
        let at = self.location(span).map_or(0, |(_, at)| at);
        self.comments(span).above(at)
    }

    /// Those of the file a span is in.
    fn comments(&mut self, span: Span) -> &mut Comments<'a> {
        let (path, text) = (self.location(span))
            .and_then(|(path, _)| self.files.get_key_value(path))
            .map_or(("", ""), |(path, text)| (path.as_str(), text.as_str()));
        let comments = self.comments.entry(path);
        comments.or_insert_with(|| Comments::new(text))
    }

    /// The path of a span's file and where it begins there.
    fn location(&self, span: Span) -> Option<(&'a str, usize)> {
        let location = self.resolve.source_map.resolve_span(span)?;
        Some((location.path, location.range.start))
    }
}

/// Whether an interface is of `ostler:*` or `wasi:*`: the host's business.
pub(crate) fn is_reserved(resolve: &Resolve, interface: &Interface) -> bool {
    let package = interface.package.map(|id| &resolve.packages[id].name);
    package.is_some_and(|name| matches!(name.namespace.as_str(), "ostler" | "wasi"))
}

/// A vendored `ostler:rpc` must be ours, comments aside: the host offers no
/// other.
fn same_rpc(resolve: &Resolve) -> Result<(), Error> {
    let theirs = parse::rpc_package(resolve).ok_or_else(|| foreign_rpc(resolve))?;
    let (ours, package) = parse::parse_rpc()?;
    if print_types(resolve, theirs)? == print_types(&ours, package)? {
        Ok(())
    } else {
        Err(foreign_rpc(resolve))
    }
}

fn print_types(resolve: &Resolve, package: PackageId) -> Result<String, Error> {
    let mut printer = WitPrinter::default();
    printer.emit_docs(false);
    (printer.print(resolve, package, &[]))
        .map_err(|error| Error::plain(Place::default(), error.to_string()))?;
    Ok(printer.output.to_string())
}

fn foreign_rpc(resolve: &Resolve) -> Error {
    let package = parse::rpc_package(resolve).map(|id| &resolve.packages[id]);
    let interface = package.and_then(|package| package.interfaces.values().next());
    let span = interface.map(|id| resolve.interfaces[*id].span);
    Error::new(
        parse::place(&resolve.source_map, span.unwrap_or_default()),
        "the package's own copy of ostler:rpc@0.1.0 is not the one this version brings",
        "delete it from deps: the tooling adds it",
    )
}
