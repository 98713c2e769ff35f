//! Names: of stream resources, of what collides, of what was probably meant.

use std::collections::BTreeMap;

use wit_parser::{Resolve, Type, TypeDefKind};

/// What an alias names in the end.
pub(crate) fn dealias(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty {
        let TypeDefKind::Type(named) = resolve.types[id].kind else {
            break;
        };
        ty = named;
    }
    ty
}

/// The shape of a type, if it is not a primitive.
pub(crate) fn kind(resolve: &Resolve, ty: Type) -> Option<&TypeDefKind> {
    match dealias(resolve, ty) {
        Type::Id(id) => Some(&resolve.types[id].kind),
        _ => None,
    }
}

/// Whether it is `list<u8>`.
pub(crate) fn is_bytes(resolve: &Resolve, ty: Type) -> bool {
    let item = match kind(resolve, ty) {
        Some(TypeDefKind::List(item)) => *item,
        _ => return false,
    };
    dealias(resolve, item) == Type::U8
}

/// What the pair of resources for a stream of `item` is called before
/// `-stream` and `-sink`: `user`, `chunk`, `list-user`.
pub(crate) fn pair_stem(resolve: &Resolve, item: Type) -> String {
    if is_bytes(resolve, item) {
        return "chunk".to_owned();
    }
    let mut words = Vec::new();
    push_words(resolve, item, &mut words);
    words.join("-")
}

/// More make a name that nobody wants; it is cut, and refused for its length.
const MAX_WORDS: usize = 100;

fn push_words(resolve: &Resolve, ty: Type, words: &mut Vec<String>) {
    if words.len() > MAX_WORDS {
        return;
    }
    let Type::Id(id) = dealias(resolve, ty) else {
        words.push(primitive(dealias(resolve, ty)).to_owned());
        return;
    };
    let def = &resolve.types[id];
    let (word, parts) = match &def.kind {
        TypeDefKind::List(item) => ("list", vec![Some(*item)]),
        TypeDefKind::Option(item) => ("option", vec![Some(*item)]),
        TypeDefKind::Result(result) => ("result", vec![result.ok, result.err]),
        TypeDefKind::Map(key, value) => ("map", vec![Some(*key), Some(*value)]),
        TypeDefKind::Tuple(tuple) => ("tuple", tuple.types.iter().copied().map(Some).collect()),
        _ => {
            words.extend(def.name.clone());
            return;
        }
    };
    words.push(word.to_owned());
    for part in parts {
        match part {
            Some(part) => push_words(resolve, part, words),
            // `result<_, user>` is not `result<user>`.
            None => words.push("none".to_owned()),
        }
    }
}

/// A key that two types share exactly when they are the same type.
pub(crate) fn type_key(resolve: &Resolve, ty: Type) -> String {
    let Type::Id(id) = dealias(resolve, ty) else {
        return primitive(dealias(resolve, ty)).to_owned();
    };
    let key = |ty: &Type| type_key(resolve, *ty);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), key);
    match &resolve.types[id].kind {
        TypeDefKind::List(item) => format!("list<{}>", key(item)),
        TypeDefKind::Option(item) => format!("option<{}>", key(item)),
        TypeDefKind::Result(result) => {
            format!("result<{},{}>", maybe(&result.ok), maybe(&result.err))
        }
        TypeDefKind::Map(from, to) => format!("map<{},{}>", key(from), key(to)),
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<_> = tuple.types.iter().map(key).collect();
            format!("tuple<{}>", parts.join(","))
        }
        _ => format!("#{}", id.index()),
    }
}

/// As WIT spells it.
pub(crate) fn primitive(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(_) => "type",
    }
}

/// The first two names that wires would not tell apart. Names of WIT may differ
/// in case alone; components and the plain names of wires may not.
pub(crate) fn collision<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, &'a str)> {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            return Some((other, name));
        }
    }
    None
}

/// The candidate that takes the fewest edits, the first of equals.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    (candidates.into_iter()).min_by_key(|candidate| distance(name, candidate))
}

/// Insertions, removals and replacements from one text to the other
/// (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    // A comment may be as long as a file; no name of ours is.
    for (i, a) in from.chars().take(100).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
