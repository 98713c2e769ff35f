//! Calling an export.

use ostler_call::{Any, Code, Status};
use ostler_schema::{Contract, ErrorType, Method, Value};
use wasmtime::Store;
use wasmtime::component::{Func, Resource, Val};

use super::value::{from_val, to_val};
use crate::state::{SinkHandle, SourceHandle, State};

/// What an export is called with.
#[derive(Debug)]
pub(crate) enum Arguments {
    /// One value a parameter.
    Values(Vec<Value>),
    /// The handle of the streamed request.
    Stream,
}

/// What an export returned.
#[derive(Debug)]
pub(crate) enum Returned {
    /// Its result, if it has one.
    Value(Option<Value>),
    /// `ostler:rpc/types.status`.
    Status(Status),
    /// An error of the method's own type.
    Error(Option<Value>),
}

/// Calls `func`, the export of `method`, with the current call's handles.
///
/// # Errors
/// A trap, or whatever the epoch callback or a host function ended it with.
pub(crate) async fn invoke(
    store: &mut Store<State>,
    func: Func,
    contract: &Contract,
    method: &Method,
    arguments: Arguments,
) -> wasmtime::Result<Returned> {
    let params = parameters(store, contract, method, arguments)?;
    let has_result = method.error != ErrorType::None || method.response.message.is_some();
    let mut results = [Val::Bool(false)];
    let results = &mut results[..usize::from(has_result)];
    func.call_async(&mut *store, &params, results).await?;
    let result = results
        .first_mut()
        .map(|val| std::mem::replace(val, Val::Bool(false)));
    returned(contract, method, result)
}

fn parameters(
    store: &mut Store<State>,
    contract: &Contract,
    method: &Method,
    arguments: Arguments,
) -> wasmtime::Result<Vec<Val>> {
    let plan = &contract.plan;
    let number = store.data().number;
    let mut params = match arguments {
        Arguments::Stream => {
            store.data_mut().handles += 1;
            let handle =
                Resource::<SourceHandle>::new_own(number).try_into_resource_any(&mut *store)?;
            vec![Val::Resource(handle)]
        }
        Arguments::Values(values) if method.request.spread => {
            let ostler_schema::Type::Record(record) = &plan[method.request.message] else {
                return Err(wasmtime::format_err!("a request message is not a record"));
            };
            record
                .fields
                .iter()
                .zip(values)
                .map(|(field, value)| to_val(plan, field.ty, value))
                .collect::<wasmtime::Result<_>>()?
        }
        Arguments::Values(values) => values
            .into_iter()
            .map(|value| to_val(plan, method.request.message, value))
            .collect::<wasmtime::Result<_>>()?,
    };
    if method.response.sink.is_some() {
        store.data_mut().handles += 1;
        let handle = Resource::<SinkHandle>::new_own(number).try_into_resource_any(&mut *store)?;
        params.push(Val::Resource(handle));
    }
    Ok(params)
}

fn returned(
    contract: &Contract,
    method: &Method,
    result: Option<Val>,
) -> wasmtime::Result<Returned> {
    let plan = &contract.plan;
    // A streamed reply went through the sink; the function itself returns none.
    let message = method
        .response
        .message
        .filter(|_| method.response.sink.is_none());
    let value = |val: Option<Val>| match (message, val) {
        (Some(ty), Some(val)) => from_val(plan, ty, val).map(Some),
        _ => Ok(None),
    };
    match (method.error, result) {
        (ErrorType::None, val) => Ok(Returned::Value(value(val)?)),
        (_, Some(Val::Result(Ok(val)))) => Ok(Returned::Value(value(val.map(|v| *v))?)),
        (ErrorType::Status(ty), Some(Val::Result(Err(Some(val))))) => {
            let value = from_val(plan, ty, *val)?;
            Ok(Returned::Status(status(value)))
        }
        (ErrorType::Other(Some(ty)), Some(Val::Result(Err(Some(val))))) => {
            Ok(Returned::Error(Some(from_val(plan, ty, *val)?)))
        }
        (ErrorType::Other(None), Some(Val::Result(Err(_)))) => Ok(Returned::Error(None)),
        _ => Err(wasmtime::format_err!(
            "the result does not match the contract"
        )),
    }
}

/// The record `status` of `ostler:rpc/types`; its codes are gRPC's numbers
/// from 1 on.
fn status(value: Value) -> Status {
    let Value::Record(fields) = value else {
        return Status::internal("the service returned a malformed status");
    };
    let mut fields = fields.into_iter();
    match (fields.next(), fields.next(), fields.next()) {
        (Some(Value::Enum(code)), Some(Value::String(message)), Some(Value::List(details))) => {
            let code = Code::from_number(code + 1).unwrap_or(Code::Unknown);
            Status::new(code, message)
                .with_details(details.into_iter().filter_map(detail).collect())
        }
        _ => Status::internal("the service returned a malformed status"),
    }
}

fn detail(value: Value) -> Option<Any> {
    let Value::Record(fields) = value else {
        return None;
    };
    match <[Value; 2]>::try_from(fields) {
        Ok([Value::String(type_name), Value::Bytes(value)]) => Some(Any { type_name, value }),
        _ => None,
    }
}
