//! `grpc.health.v1.Health` (grpc/grpc, doc/health-checking.md): values in and
//! out, in the order of `wit/health.wit`.

use ostler_call::Status;
use ostler_schema::Value;

use super::call::State;

/// Cases of `serving-status`.
const SERVING: u32 = 1;
const NOT_SERVING: u32 = 2;
const SERVICE_UNKNOWN: u32 = 3;

/// The service a request names; empty is the whole host.
pub(super) fn service(request: &Value) -> String {
    match request {
        Value::Record(fields) => match fields.first() {
            Some(Value::String(name)) => name.clone(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// The response of `Check`.
///
/// # Errors
/// `NOT_FOUND` for a service that is not there.
pub(super) fn check(state: &State, request: &Value) -> Result<Value, Status> {
    let service = service(request);
    match status(state, &service) {
        Some(status) => Ok(response(status)),
        None => Err(Status::not_found(format!("unknown service {service:?}"))),
    }
}

/// The response of `List`.
pub(super) fn list(state: &State) -> Value {
    let names = std::iter::once("").chain(state.index.services().iter().map(String::as_str));
    let entry = |name: &str| {
        let status = status(state, name).unwrap_or(SERVICE_UNKNOWN);
        (Value::String(name.to_owned()), response(status))
    };
    Value::Record(vec![Value::Map(names.map(entry).collect())])
}

/// The status that `Watch` tells of a service.
pub(super) fn watched(state: &State, service: &str) -> u32 {
    status(state, service).unwrap_or(SERVICE_UNKNOWN)
}

/// A `health-check-response`.
pub(super) fn response(status: u32) -> Value {
    Value::Record(vec![Value::Enum(status)])
}

fn status(state: &State, service: &str) -> Option<u32> {
    let known = service.is_empty() || state.index.has(service);
    known.then_some(if state.serving { SERVING } else { NOT_SERVING })
}
