//! The pattern of a function, read off its signature.

use wit_parser::{Param, Resolve, Type, TypeDefKind, TypeId};

use crate::error::Fault;
use crate::names::{dealias, kind};
use crate::service::{ErrorKind, Pattern};
use crate::values::{Values, check_names};

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
    values: &mut Values<'_>,
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
    let input = streamed_input(values, &function.params)?;
    let mut params = Vec::new();
    if input.is_none() {
        for param in &function.params {
            values.check(param.ty, &format!("parameter `{}`", param.name))?;
            params.push((param.name.clone(), param.ty));
        }
    }
    let (output, result, error) = outcome(values, status, function.result)?;
    Ok(Signature {
        params,
        input,
        output,
        result,
        error,
    })
}

fn streamed_input(
    values: &mut Values<'_>,
    params: &[Param],
) -> Result<Option<(String, Type)>, Fault> {
    let resolve = values.resolve;
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
    let item = checked_item(values, param.ty, &what)?;
    Ok(item.map(|item| (param.name.clone(), item)))
}

type Outcome = (Option<Type>, Option<Type>, ErrorKind);

fn outcome(
    values: &mut Values<'_>,
    status: TypeId,
    result: Option<Type>,
) -> Result<Outcome, Fault> {
    let resolve = values.resolve;
    let Some(ty) = result else {
        return Ok((None, None, ErrorKind::None));
    };
    let streamed = "an item of the result";
    if let Some(item) = checked_item(values, ty, streamed)? {
        // Says the same as `result<stream<T>, status>`.
        return Ok((Some(item), None, ErrorKind::Status(Type::Id(status))));
    }
    let Some(TypeDefKind::Result(result)) = kind(resolve, ty) else {
        values.check(ty, "the result")?;
        return Ok((None, Some(ty), ErrorKind::None));
    };
    let (ok, err) = (result.ok, result.err);
    if let Some(err) = err {
        values.check(err, "the error")?;
    }
    let error = match err {
        Some(ty) if dealias(resolve, ty) == Type::Id(status) => ErrorKind::Status(ty),
        other => ErrorKind::Other(other),
    };
    let Some(ok) = ok else {
        return Ok((None, None, error));
    };
    if let Some(item) = checked_item(values, ok, streamed)? {
        return Ok((Some(item), None, error));
    }
    values.check(ok, "the result")?;
    Ok((None, Some(ok), error))
}

/// `Some(None)` for a `stream` without a type.
fn stream_item(resolve: &Resolve, ty: Type) -> Option<Option<Type>> {
    match kind(resolve, ty)? {
        TypeDefKind::Stream(item) => Some(*item),
        _ => None,
    }
}

pub(crate) fn checked_item(
    values: &mut Values<'_>,
    ty: Type,
    what: &str,
) -> Result<Option<Type>, Fault> {
    match stream_item(values.resolve, ty) {
        None => Ok(None),
        Some(None) => Err(Fault::new(
            "a `stream` without an item type",
            "name the item's type: `stream<T>`",
        )),
        Some(Some(item)) => {
            values.check(item, what)?;
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
