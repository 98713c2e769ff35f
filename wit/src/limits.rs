//! Bounds that keep hostile WIT from exhausting stack or memory: the size and
//! nesting of the text before it is parsed, the depth and size of its types
//! afterwards.

use std::collections::BTreeMap;

use wit_parser::{Resolve, Type, TypeDef, TypeDefKind};

use crate::error::{Error, Place};
use crate::lex::{self, Kind};
use crate::source;

/// Of all files together.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;
/// Of brackets in the text, and of types within types whether by name or not.
pub const MAX_NESTING: usize = 64;
/// The largest `@chunk-size`, in bytes.
pub const MAX_CHUNK_SIZE: u32 = 4 << 20;

/// Of files in a package with its dependencies.
pub(crate) const MAX_FILES: usize = 1000;
/// Of interfaces, worlds and packages together: the parser follows the uses
/// among them by recursion.
const MAX_SCOPES: usize = 512;
/// Of nodes in a type written out in full. The component model stops at a
/// million; this leaves room for the resources that are made of it.
const MAX_TYPE_SIZE: usize = 100_000;

/// Checks the text.
pub(crate) fn check_sources(files: &BTreeMap<String, String>) -> Result<(), Error> {
    if files.len() > MAX_FILES {
        return Err(Error::new(
            Place::default(),
            format!(
                "{} WIT files are more than the {MAX_FILES} allowed",
                files.len()
            ),
            "keep only the packages the world needs",
        ));
    }
    let bytes: usize = files.values().map(String::len).sum();
    if bytes > MAX_SOURCE_BYTES {
        return Err(too_long(bytes));
    }
    let mut scopes = 0;
    for (path, text) in files {
        scopes += check_nesting(path, text)?;
        if scopes > MAX_SCOPES {
            return Err(Error::new(
                Place::file(path),
                format!("more than {MAX_SCOPES} interfaces, worlds and packages"),
                "keep only the packages the world needs",
            ));
        }
    }
    Ok(())
}

pub(crate) fn too_long(bytes: usize) -> Error {
    Error::new(
        Place::default(),
        format!("{bytes} bytes of WIT are more than the {MAX_SOURCE_BYTES} allowed"),
        "keep only the packages the world needs",
    )
}

/// Gives the number of scopes the text opens.
fn check_nesting(path: &str, text: &str) -> Result<usize, Error> {
    let mut depth = 0_usize;
    let mut scopes = 0;
    for token in lex::tokens(text) {
        match token.kind {
            Kind::Mark('{' | '(' | '<') => depth += 1,
            Kind::Mark('}' | ')' | '>') => depth = depth.saturating_sub(1),
            Kind::Word => {
                let word = token.of(text);
                scopes += usize::from(matches!(word, "interface" | "world" | "package"));
            }
            _ => {}
        }
        if depth > MAX_NESTING {
            let place = Place {
                line: Some(source::line(text, token.start)),
                ..Place::file(path)
            };
            return Err(nested(place, "brackets nest"));
        }
    }
    Ok(scopes)
}

/// Checks every type, named or not. The arena lists a type after those it
/// refers to, so one pass is enough and nothing recurses.
pub(crate) fn check_types(
    resolve: &Resolve,
    place: impl Fn(&TypeDef) -> Place,
) -> Result<(), Error> {
    let mut measured: Vec<(usize, usize)> = Vec::with_capacity(resolve.types.len());
    for (_, def) in resolve.types.iter() {
        let (mut depth, mut size) = (0, 1_usize);
        children(&def.kind, |ty| {
            let (inner_depth, inner_size) = match ty {
                Type::Id(id) => measured.get(id.index()).copied().unwrap_or((0, 1)),
                _ => (0, 1),
            };
            depth = depth.max(inner_depth + 1);
            size = size.saturating_add(inner_size);
        });
        if depth > MAX_NESTING {
            return Err(nested(place(def), &format!("type {}nests", quoted(def))));
        }
        if size > MAX_TYPE_SIZE {
            return Err(Error::new(
                place(def),
                format!("type {}has more than {MAX_TYPE_SIZE} parts", quoted(def)),
                "split it, or hold what repeats in a list",
            ));
        }
        measured.push((depth, size));
    }
    Ok(())
}

/// `` `user`  ``, or nothing for a type without a name.
fn quoted(def: &TypeDef) -> String {
    let name = def.name.as_ref();
    name.map_or_else(String::new, |name| format!("`{name}` "))
}

fn nested(place: Place, what: &str) -> Error {
    Error::new(
        place,
        format!("{what} deeper than {MAX_NESTING} levels"),
        "flatten the type",
    )
}

/// The types that an unnamed type is directly made of.
pub(crate) fn children_mut(kind: &mut TypeDefKind) -> Vec<&mut Type> {
    match kind {
        TypeDefKind::Tuple(tuple) => tuple.types.iter_mut().collect(),
        TypeDefKind::Result(result) => [&mut result.ok, &mut result.err]
            .into_iter()
            .flatten()
            .collect(),
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) => vec![ty],
        TypeDefKind::Map(key, value) => vec![key, value],
        _ => Vec::new(),
    }
}

/// Calls `f` with each type that `kind` is directly made of.
pub(crate) fn children(kind: &TypeDefKind, mut f: impl FnMut(Type)) {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().for_each(|field| f(field.ty)),
        TypeDefKind::Tuple(tuple) => tuple.types.iter().copied().for_each(f),
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().filter_map(|case| case.ty).for_each(f);
        }
        TypeDefKind::Result(result) => [result.ok, result.err].into_iter().flatten().for_each(f),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => f(*ty),
        TypeDefKind::Map(key, value) => {
            f(*key);
            f(*value);
        }
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().for_each(f),
        TypeDefKind::Handle(_)
        | TypeDefKind::Resource
        | TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => {}
    }
}
