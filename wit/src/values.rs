//! Which types may stand in a signature.

use std::collections::BTreeSet;

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId};

use crate::error::Fault;
use crate::limits::children;
use crate::names::{collision, kind};
use crate::signature::{checked_item, names_stream};

/// The component model's bound on flags in one type.
const MAX_FLAGS: usize = 32;

/// Refuses what no wire can carry.
pub(crate) struct Values<'a> {
    pub(crate) resolve: &'a Resolve,
    /// Types that passed, or are about to: the first that does not ends all.
    checked: BTreeSet<TypeId>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(resolve: &'a Resolve) -> Self {
        Self {
            resolve,
            checked: BTreeSet::new(),
        }
    }

    /// `what` is what the type is of, as an error begins.
    pub(crate) fn check(&mut self, ty: Type, what: &str) -> Result<(), Fault> {
        let mut left = vec![ty];
        while let Some(ty) = left.pop() {
            if ty == Type::ErrorContext {
                return Err(Fault::new(
                    format!("{what} holds an error-context, which is not supported"),
                    "use `status` of ostler:rpc/types",
                ));
            }
            let Type::Id(id) = ty else { continue };
            if self.checked.insert(id) {
                let def = &self.resolve.types[id];
                check_kind(self.resolve, &def.kind, def.name.as_deref(), what)?;
                children(&def.kind, |ty| left.push(ty));
            }
        }
        Ok(())
    }

    /// Checks a type that an interface declares or uses, whether or not a
    /// function mentions it.
    pub(crate) fn check_declared(&mut self, name: &str, id: TypeId) -> Result<(), Fault> {
        let what = format!("type `{name}`");
        if !names_stream(self.resolve, id) {
            return self.check(Type::Id(id), &what);
        }
        let (stream, err) = match kind(self.resolve, Type::Id(id)) {
            Some(TypeDefKind::Result(result)) => (result.ok, result.err),
            _ => (Some(Type::Id(id)), None),
        };
        if let Some(stream) = stream {
            checked_item(self, stream, &what)?;
        }
        err.map_or(Ok(()), |err| self.check(err, &what))
    }
}

/// The first function that only a newer component model can express.
pub(crate) fn first_native<'f>(
    resolve: &Resolve,
    functions: impl IntoIterator<Item = &'f Function>,
) -> Option<&'f Function> {
    let mut seen = BTreeSet::new();
    functions.into_iter().find(|function| {
        let mut left: Vec<Type> = function.parameter_and_result_types().collect();
        let mut native = function.kind.is_async();
        while let Some(ty) = left.pop() {
            let Type::Id(id) = ty else { continue };
            if seen.insert(id) {
                let kind = &resolve.types[id].kind;
                native |= matches!(kind, TypeDefKind::Stream(_) | TypeDefKind::Future(_));
                children(kind, |ty| left.push(ty));
            }
        }
        native
    })
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

pub(crate) fn check_names<'a>(
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
