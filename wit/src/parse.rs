//! From files to one resolve: groups them into packages, brings `ostler:rpc`,
//! and gives errors their place.

use std::collections::BTreeMap;
use std::panic;

use wit_parser::{
    InterfaceId, PackageId, PackageName, Resolve, ResolveErrorKind, SourceMap, Span, TypeDef,
    TypeId, TypeOwner, UnresolvedPackageGroup,
};

use crate::error::{Error, Place};
use crate::{lex, rpc_files};

/// The package every guest and host share.
const RPC_NAME: &str = "ostler:rpc@0.1.0";
/// Where our own files pretend to be, so that no author's path equals theirs.
const RPC_FOLDER: &str = "<ostler:rpc>";

/// Parses an author's files; gives the root package.
pub(crate) fn parse(files: &BTreeMap<String, String>) -> Result<(Resolve, PackageId), Error> {
    // A host reads what strangers wrote, and wit-parser was written for
    // authors: it has panicked before (see `without_empty_comments`).
    panic::catch_unwind(|| parse_files(files)).unwrap_or_else(|_| {
        Err(Error::new(
            Place::default(),
            "the WIT parser gave up on these files",
            "look for what is unusual in them, and report it with the WIT",
        ))
    })
}

fn parse_files(files: &BTreeMap<String, String>) -> Result<(Resolve, PackageId), Error> {
    let mut groups = BTreeMap::<&str, SourceMap>::new();
    for (path, text) in files {
        let group = groups.entry(group_of(path)).or_default();
        group.push_str(path, without_empty_comments(text));
    }
    let Some(root) = groups.remove("") else {
        return Err(Error::new(
            Place::default(),
            "no *.wit file",
            "write the contract to a file such as wit/service.wit",
        ));
    };
    let root = parse_group(root)?;
    let mut deps = groups
        .into_values()
        .map(parse_group)
        .collect::<Result<Vec<_>, _>>()?;
    if !deps.iter().chain([&root]).any(brings_rpc) {
        deps.push(parse_group(rpc_sources())?);
    }
    let mut resolve = Resolve::default();
    match resolve.push_groups(root, deps) {
        Ok(package) => Ok((resolve, package)),
        Err(error) => {
            let place = place(&resolve.source_map, error.kind().span());
            Err(match error.kind() {
                ResolveErrorKind::PackageNotFound { requested, .. } => Error::new(
                    place,
                    format!("package {requested} is not there"),
                    "put its WIT into deps, in a folder of its own",
                ),
                _ => Error::plain(place, error.to_string()),
            })
        }
    }
}

/// Parses text that [`crate::lower`] has printed.
pub(crate) fn parse_printed(text: &str) -> Result<(Resolve, PackageId), Error> {
    let mut sources = SourceMap::default();
    sources.push_str("lowered.wit", text);
    let group = parse_group(sources)?;
    let mut resolve = Resolve::default();
    match resolve.push_group(group) {
        Ok(package) => Ok((resolve, package)),
        Err(error) => Err(Error::plain(
            Place::default(),
            format!("the lowered WIT is not valid ({error})"),
        )),
    }
}

/// `ostler:rpc` alone.
pub(crate) fn parse_rpc() -> Result<(Resolve, PackageId), Error> {
    let mut resolve = Resolve::default();
    match resolve.push_group(parse_group(rpc_sources())?) {
        Ok(package) => Ok((resolve, package)),
        Err(error) => Err(Error::plain(Place::file(RPC_FOLDER), error.to_string())),
    }
}

/// `ostler:rpc` in a resolve.
pub(crate) fn rpc_package(resolve: &Resolve) -> Option<PackageId> {
    let mut packages = resolve.packages.iter();
    packages
        .find(|(_, package)| is_rpc(&package.name))
        .map(|(id, _)| id)
}

/// An interface of `ostler:rpc`.
pub(crate) fn rpc_interface(resolve: &Resolve, name: &str) -> Option<InterfaceId> {
    let package = rpc_package(resolve)?;
    resolve.packages[package].interfaces.get(name).copied()
}

/// A type of `ostler:rpc`.
pub(crate) fn rpc_type(resolve: &Resolve, interface: &str, name: &str) -> Option<TypeId> {
    let interface = rpc_interface(resolve, interface)?;
    resolve.interfaces[interface].types.get(name).copied()
}

/// Where a span is.
pub(crate) fn place(sources: &SourceMap, span: Span) -> Place {
    // "file:line:column", of which the column says little beside the names.
    let location = sources.render_location(span);
    let mut parts = location.rsplitn(3, ':').skip(1);
    match (
        parts.next().and_then(|line| line.parse().ok()),
        parts.next(),
    ) {
        (Some(line), Some(file)) => Place {
            line: Some(line),
            ..Place::file(file)
        },
        _ => Place::default(),
    }
}

/// Where a type is declared.
pub(crate) fn type_place(resolve: &Resolve, def: &TypeDef) -> Place {
    let interface = match def.owner {
        TypeOwner::Interface(id) => resolve.interfaces[id].name.clone(),
        _ => None,
    };
    Place {
        interface,
        ..place(&resolve.source_map, def.span)
    }
}

/// Files of one group are one package: those at the root, those of a folder
/// below `deps`, and each file that stands alone in `deps`.
fn group_of(path: &str) -> &str {
    match path.strip_prefix("deps/") {
        None => "",
        Some(below) if below.contains('/') => path.rsplit_once('/').map_or(path, |(dir, _)| dir),
        Some(_) => path,
    }
}

fn parse_group(sources: SourceMap) -> Result<UnresolvedPackageGroup, Error> {
    sources.parse().map_err(|(sources, error)| {
        Error::plain(place(&sources, error.kind().span()), error.to_string())
    })
}

/// NB: wit-parser 0.258 panics at `/**/`, taking it for docs without an end.
/// Spaces instead leave every offset as it was. To be removed once it does not.
fn without_empty_comments(text: &str) -> String {
    const EMPTY: &str = "/**/";
    let mut clean = String::with_capacity(text.len());
    for token in lex::tokens(text) {
        match token.of(text) {
            EMPTY => clean.extend(EMPTY.chars().map(|_| ' ')),
            other => clean.push_str(other),
        }
    }
    clean
}

fn brings_rpc(group: &UnresolvedPackageGroup) -> bool {
    let mut packages = [&group.main].into_iter().chain(&group.nested);
    packages.any(|package| is_rpc(&package.name))
}

fn is_rpc(name: &PackageName) -> bool {
    name.to_string() == RPC_NAME
}

fn rpc_sources() -> SourceMap {
    let mut sources = SourceMap::default();
    for (name, text) in rpc_files() {
        sources.push_str(&format!("{RPC_FOLDER}/{name}"), *text);
    }
    sources
}
