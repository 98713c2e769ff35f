//! `grpc.reflection` (grpc/grpc, doc/server-reflection.md), v1 and v1alpha
//! alike: values in and out, in the order of `wit/reflection.wit`.

use std::collections::HashSet;

use bytes::Bytes;
use ostler_call::{Code, Status};
use ostler_schema::Value;

use super::Index;

/// Cases of `message-request`.
const FILE: u32 = 0;
const SYMBOL: u32 = 1;
const EXTENSION: u32 = 2;
const EXTENSION_NUMBERS: u32 = 3;
const SERVICES: u32 = 4;

/// Cases of `message-response`.
const FILES_ANSWER: u32 = 0;
const EXTENSIONS_ANSWER: u32 = 1;
const SERVICES_ANSWER: u32 = 2;
const ERROR_ANSWER: u32 = 3;

/// The response to one request. `sent` are the files this client has.
///
/// # Errors
/// `INVALID_ARGUMENT` for a request that asks nothing.
pub(super) fn answer(
    index: &Index,
    request: Value,
    sent: &mut HashSet<usize>,
) -> Result<Value, Status> {
    let nothing = || Status::invalid_argument("the request asks nothing; set message_request");
    let Value::Record(fields) = &request else {
        return Err(nothing());
    };
    let [host, Value::Option(Some(question))] = &fields[..] else {
        return Err(nothing());
    };
    let Value::Variant(case, Some(asked)) = &**question else {
        return Err(nothing());
    };
    let text = match &**asked {
        Value::String(text) => text.as_str(),
        Value::Record(fields) => match fields.first() {
            Some(Value::String(text)) => text.as_str(),
            _ => "",
        },
        _ => "",
    };
    let response = match *case {
        FILE => files(index, index.file(text), text, sent),
        SYMBOL => files(index, index.symbol(text), text, sent),
        EXTENSION => not_found(format!("{text} has no extensions")),
        EXTENSION_NUMBERS if index.symbol(text).is_some() => extensions(text),
        EXTENSION_NUMBERS => not_found(format!("{text} is not known")),
        SERVICES => services(index),
        other => return Err(Status::invalid_argument(format!("question {other}"))),
    };
    let host = host.clone();
    let some = |value| Value::Option(Some(Box::new(value)));
    Ok(Value::Record(vec![host, some(request), some(response)]))
}

fn files(index: &Index, file: Option<usize>, asked: &str, sent: &mut HashSet<usize>) -> Value {
    let Some(file) = file else {
        return not_found(format!("{asked} is not known"));
    };
    let rest = index.imports(file);
    // The one that was asked for comes always, and first.
    let rest = rest.into_iter().filter(|import| !sent.contains(import));
    let all: Vec<usize> = std::iter::once(file).chain(rest).collect();
    sent.extend(&all);
    let bytes = |place: &usize| -> Bytes { index.bytes(*place) };
    let list = all.iter().map(|place| Value::Bytes(bytes(place))).collect();
    variant(FILES_ANSWER, vec![Value::List(list)])
}

fn extensions(of: &str) -> Value {
    let fields = vec![Value::String(of.to_owned()), Value::List(Vec::new())];
    variant(EXTENSIONS_ANSWER, fields)
}

fn services(index: &Index) -> Value {
    let names = index.services().iter();
    let list = names.map(|name| Value::Record(vec![Value::String(name.clone())]));
    variant(SERVICES_ANSWER, vec![Value::List(list.collect())])
}

fn not_found(text: String) -> Value {
    let code = Value::Int(Code::NotFound.number().into());
    variant(ERROR_ANSWER, vec![code, Value::String(text)])
}

fn variant(case: u32, fields: Vec<Value>) -> Value {
    Value::Variant(case, Some(Box::new(Value::Record(fields))))
}
