//! The pattern of a function, read off its signature, and which types may
//! stand in one.

use std::collections::BTreeSet;

use wit_parser::{Handle, Param, Resolve, Type, TypeDefKind, TypeId};

use crate::error::Fault;
use crate::limits::children;
use crate::names::{collision, dealias, kind};
use crate::service::{ErrorKind, Pattern};

/// The component model's bound on flags in one type.
const MAX_FLAGS: usize = 32;

/// A signature taken apart; the fields are those of [`crate::Function`].
pub(crate) struct Signature {
    pub(crate) params: Vec<(String, Type)>,
    pub(crate) input: Option<(String, Type)>,
    pub(crate) output: Option<Type>,
    pub(crate) result: Option<Type>,
    pub(crate) error: ErrorKind,
}

impl Signature {
    pub(crate) fn pattern(&self) -> Pattern {
        match (&self.input, &self.output) {
            (None, None) => Pattern::Unary,
            (None, Some(_)) => Pattern::ServerStreaming,
            (Some(_), None) => Pattern::ClientStreaming,
            (Some(_), Some(_)) => Pattern::Bidirectional,
        }
    }
}

/// Takes a function's signature apart; `status` is the type of that name in
/// `ostler:rpc/types`.
pub(crate) fn read(
    resolve: &Resolve,
    status: TypeId,
    function: &wit_parser::Function,
) -> Result<Signature, Fault> {
    if function.kind.is_async() {
        return Err(Fault::new(
            "`async func` is not supported yet",
            "write `func`: every function may block",
        ));
    }
    let names = function.params.iter().map(|param| param.name.as_str());
    check_names(names, "parameters", "")?;
    let input = streamed_input(resolve, &function.params)?;
    let mut params = Vec::new();
    if input.is_none() {
        for param in &function.params {
            check_value(resolve, param.ty, &format!("parameter `{}`", param.name))?;
            params.push((param.name.clone(), param.ty));
        }
    }
    let (output, result, error) = outcome(resolve, status, function.result)?;
    Ok(Signature {
        params,
        input,
        output,
        result,
        error,
    })
}

fn streamed_input(resolve: &Resolve, params: &[Param]) -> Result<Option<(String, Type)>, Fault> {
    let stream = |param: &&Param| stream_item(resolve, param.ty).is_some();
    let Some(param) = params.iter().find(stream) else {
        return Ok(None);
    };
    if params.iter().filter(stream).count() > 1 {
        return Err(Fault::new(
            "more than one streamed parameter",
            "keep one stream; its items may be a variant of both",
        ));
    }
    if params.len() > 1 {
        return Err(Fault::new(
            format!("streamed parameter `{}` stands beside others", param.name),
            "make the stream the only parameter; the others may travel in its first item",
        ));
    }
    let what = format!("an item of parameter `{}`", param.name);
    let item = checked_item(resolve, param.ty, &what)?;
    Ok(item.map(|item| (param.name.clone(), item)))
}

type Outcome = (Option<Type>, Option<Type>, ErrorKind);

fn outcome(resolve: &Resolve, status: TypeId, result: Option<Type>) -> Result<Outcome, Fault> {
    let Some(ty) = result else {
        return Ok((None, None, ErrorKind::None));
    };
    let streamed = "an item of the result";
    if let Some(item) = checked_item(resolve, ty, streamed)? {
        // Says the same as `result<stream<T>, status>`.
        return Ok((Some(item), None, ErrorKind::Status(Type::Id(status))));
    }
    let Some(TypeDefKind::Result(result)) = kind(resolve, ty) else {
        check_value(resolve, ty, "the result")?;
        return Ok((None, Some(ty), ErrorKind::None));
    };
    let (ok, err) = (result.ok, result.err);
    if let Some(err) = err {
        check_value(resolve, err, "the error")?;
    }
    let error = match err {
        Some(ty) if dealias(resolve, ty) == Type::Id(status) => ErrorKind::Status(ty),
        other => ErrorKind::Other(other),
    };
    let Some(ok) = ok else {
        return Ok((None, None, error));
    };
    if let Some(item) = checked_item(resolve, ok, streamed)? {
        return Ok((Some(item), None, error));
    }
    check_value(resolve, ok, "the result")?;
    Ok((None, Some(ok), error))
}

/// `Some(None)` for a `stream` without a type.
fn stream_item(resolve: &Resolve, ty: Type) -> Option<Option<Type>> {
    match kind(resolve, ty)? {
        TypeDefKind::Stream(item) => Some(*item),
        _ => None,
    }
}

fn checked_item(resolve: &Resolve, ty: Type, what: &str) -> Result<Option<Type>, Fault> {
    match stream_item(resolve, ty) {
        None => Ok(None),
        Some(None) => Err(Fault::new(
            "a `stream` without an item type",
            "name the item's type: `stream<T>`",
        )),
        Some(Some(item)) => {
            check_value(resolve, item, what)?;
            Ok(Some(item))
        }
    }
}

/// Whether a declared type stands for a whole signature's stream rather than
/// for a value: `stream<T>` or `result<stream<T>, E>`.
pub(crate) fn names_stream(resolve: &Resolve, id: TypeId) -> bool {
    let is_stream = |ty| stream_item(resolve, ty).is_some();
    match kind(resolve, Type::Id(id)) {
        Some(TypeDefKind::Stream(_)) => true,
        Some(TypeDefKind::Result(result)) => result.ok.is_some_and(is_stream),
        _ => false,
    }
}

/// Checks a type that an interface declares or uses, whether or not a function
/// mentions it.
pub(crate) fn check_declared(resolve: &Resolve, name: &str, id: TypeId) -> Result<(), Fault> {
    let what = format!("type `{name}`");
    if !names_stream(resolve, id) {
        return check_value(resolve, Type::Id(id), &what);
    }
    let (stream, err) = match kind(resolve, Type::Id(id)) {
        Some(TypeDefKind::Result(result)) => (result.ok, result.err),
        _ => (Some(Type::Id(id)), None),
    };
    if let Some(stream) = stream {
        checked_item(resolve, stream, &what)?;
    }
    err.map_or(Ok(()), |err| check_value(resolve, err, &what))
}

/// Refuses what no wire can carry.
fn check_value(resolve: &Resolve, ty: Type, what: &str) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    // Depth is bounded by `limits::check_types`, but this needs no recursion.
    let mut left = vec![ty];
    while let Some(ty) = left.pop() {
        if ty == Type::ErrorContext {
            return Err(Fault::new(
                format!("{what} holds an error-context, which is not supported"),
                "use `status` of ostler:rpc/types",
            ));
        }
        let Type::Id(id) = ty else { continue };
        if seen.insert(id) {
            let def = &resolve.types[id];
            check_kind(resolve, &def.kind, def.name.as_deref(), what)?;
            children(&def.kind, |ty| left.push(ty));
        }
    }
    Ok(())
}

fn check_kind(
    resolve: &Resolve,
    kind: &TypeDefKind,
    name: Option<&str>,
    what: &str,
) -> Result<(), Fault> {
    let name = name.unwrap_or_default();
    let empty = |kind: &str| {
        Fault::new(
            format!("{what} holds {kind}, which components cannot carry"),
            "give it at least one, or leave the type out",
        )
    };
    match kind {
        TypeDefKind::Resource => Err(resource(what, name)),
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => Err(resource(
            what,
            resolve.types[*id].name.as_deref().unwrap_or_default(),
        )),
        TypeDefKind::Future(_) => Err(Fault::new(
            format!("{what} holds a future, which is not supported yet"),
            "use the value itself: a function may block until it is there",
        )),
        TypeDefKind::Stream(_) => Err(Fault::new(
            format!("{what} holds a stream inside another type"),
            "make the stream the only parameter or the whole result",
        )),
        TypeDefKind::FixedLengthList(_, length) => Err(Fault::new(
            format!("{what} holds a list of fixed length {length}, which is not supported yet"),
            "use `list<T>` or a tuple",
        )),
        TypeDefKind::Record(record) if record.fields.is_empty() => {
            Err(empty(&format!("record `{name}` without fields")))
        }
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| field.name.as_str());
            check_names(fields, "fields", &format!(" of `{name}`"))
        }
        TypeDefKind::Tuple(tuple) if tuple.types.is_empty() => Err(empty("a tuple of nothing")),
        TypeDefKind::Flags(flags) if flags.flags.is_empty() => {
            Err(empty(&format!("flags `{name}` without a flag")))
        }
        TypeDefKind::Flags(flags) if flags.flags.len() > MAX_FLAGS => Err(Fault::new(
            format!("{what} holds flags `{name}` with more than {MAX_FLAGS} of them"),
            "split them into two types, or use a list of an enum",
        )),
        TypeDefKind::Flags(flags) => {
            let names = flags.flags.iter().map(|flag| flag.name.as_str());
            check_names(names, "flags", &format!(" of `{name}`"))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| case.name.as_str());
            check_names(cases, "cases", &format!(" of `{name}`"))
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter().map(|case| case.name.as_str());
            check_names(cases, "cases", &format!(" of `{name}`"))
        }
        _ => Ok(()),
    }
}

fn resource(what: &str, name: &str) -> Fault {
    Fault::new(
        format!("{what} holds resource `{name}`, which cannot leave the component"),
        "pass an id or a record instead",
    )
}

fn check_names<'a>(
    names: impl IntoIterator<Item = &'a str>,
    what: &str,
    of: &str,
) -> Result<(), Fault> {
    match collision(names) {
        None => Ok(()),
        Some((first, second)) => Err(Fault::new(
            format!("{what} `{first}` and `{second}`{of} differ in case alone"),
            "rename one of them",
        )),
    }
}
