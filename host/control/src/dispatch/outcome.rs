//! What the end of a guest's function means to the caller.

use bytes::Bytes;
use ostler_call::{Code, Encoding, End, Kind, Status};
use ostler_runtime::{Failure, Outcome};
use ostler_schema::{Value, codec, declared_proto_status, declared_status};

use super::Verdict;
use crate::resolve::Pinned;

/// The reply of a call that has one message, or its failure.
pub(super) fn only_reply(
    pinned: &Pinned,
    encoding: Encoding,
    outcome: Outcome,
    verdict: Option<&Verdict>,
) -> Kind {
    let Outcome {
        result, trailers, ..
    } = outcome;
    let message = checked(pinned, encoding, result, verdict)
        .and_then(|value| encode(pinned, encoding, value.as_ref()));
    match message {
        Ok(message) => Kind::One(message, trailers),
        Err(status) => Kind::Empty(End {
            result: Err(status),
            trailers,
        }),
    }
}

/// How a stream of replies ended.
pub(super) fn end(pinned: &Pinned, encoding: Encoding, outcome: Outcome, verdict: &Verdict) -> End {
    let Outcome {
        result, trailers, ..
    } = outcome;
    End {
        result: checked(pinned, encoding, result, Some(verdict)).map(drop),
        trailers,
    }
}

/// Whether a call failed by the service's fault. An error of the method's own
/// type is an answer, not a fault, and so are codes that tell the caller of a
/// mistake of its own.
pub(super) fn is_fault(outcome: &Outcome) -> bool {
    let (status, by_host) = match &outcome.result {
        Ok(_) | Err(Failure::Error(_)) => return false,
        Err(Failure::Start(_)) => return true,
        Err(Failure::Status(status)) => (status, false),
        Err(Failure::Host(status)) => (status, true),
    };
    match status.code() {
        Code::Unknown
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::DeadlineExceeded
        | Code::Unimplemented => true,
        // A guest says so of a quota, the host of a limit it was ended at.
        Code::ResourceExhausted => by_host,
        _ => false,
    }
}

/// The code of a reply as far as it is known before its messages.
pub(super) fn code(kind: &Kind) -> Code {
    match kind {
        Kind::Empty(end) => end_code(end),
        Kind::One(..) | Kind::Stream(_) => Code::Ok,
    }
}

pub(super) fn end_code(end: &End) -> Code {
    end.result.as_ref().err().map_or(Code::Ok, Status::code)
}

/// The guest's result, unless the host's own verdict counts more.
fn checked<T>(
    pinned: &Pinned,
    encoding: Encoding,
    result: Result<T, Failure>,
    verdict: Option<&Verdict>,
) -> Result<T, Status> {
    if let Some(status) = verdict.and_then(Verdict::get) {
        return Err(status.clone());
    }
    result.map_err(|failure| match failure {
        Failure::Status(status) | Failure::Host(status) | Failure::Start(status) => status,
        Failure::Error(value) => declared(pinned, encoding, value.as_ref()),
    })
}

/// The status of an error of the method's own type.
fn declared(pinned: &Pinned, encoding: Encoding, value: Option<&Value>) -> Status {
    let contract = &pinned.deployed.contract;
    if matches!(encoding, Encoding::Proto | Encoding::ProtoJson) {
        return declared_proto_status(&contract.plan, pinned.method(), value);
    }
    let package = &contract.services[pinned.service].package;
    declared_status(package, &contract.plan, pinned.method().error, value)
}

fn encode(pinned: &Pinned, encoding: Encoding, value: Option<&Value>) -> Result<Bytes, Status> {
    let (Some(ty), Some(value)) = (pinned.method().response.codec(), value) else {
        return Ok(nothing(encoding));
    };
    let deployed = &pinned.deployed;
    let bytes = codec::encode(encoding, &deployed.contract.plan, ty, value)?;
    deployed.limits.check_reply(bytes.len())?;
    Ok(bytes)
}

/// The message of a function without a result.
fn nothing(encoding: Encoding) -> Bytes {
    match encoding {
        Encoding::PlainJson | Encoding::Query => Bytes::from_static(b"null"),
        Encoding::ProtoJson => Bytes::from_static(b"{}"),
        Encoding::Raw | Encoding::Proto => Bytes::new(),
    }
}
