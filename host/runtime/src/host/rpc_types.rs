//! The generated bindings of `ostler:rpc`, and its status as the host's own.

use ostler_call::{Any, Code as CallCode, Status as CallStatus};

pub(crate) use bindings::ostler::rpc::types::{Closed, Status};

#[allow(clippy::use_self, reason = "generated")]
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/ostler-rpc",
        inline: "
            package ostler:host;
            world guest {
                import ostler:rpc/types@0.1.0;
                import ostler:rpc/context@0.1.0;
                import ostler:rpc/log@0.1.0;
                import ostler:rpc/poll@0.1.0;
            }
        ",
        with: { "ostler:rpc/poll.pollable": wasmtime_wasi::p2::DynPollable },
        imports: {
            "ostler:rpc/poll.poll": async | trappable,
            "ostler:rpc/poll.[method]pollable.block": async | trappable,
            "ostler:rpc/poll.[method]pollable.ready": async | trappable,
            default: trappable,
        },
    });
}

use bindings::ostler::rpc::types::{Any as WitAny, Code};

/// Every code but ok, in the order of `ostler:rpc/types.code`.
const CODES: [(CallCode, Code); 16] = [
    (CallCode::Cancelled, Code::Cancelled),
    (CallCode::Unknown, Code::Unknown),
    (CallCode::InvalidArgument, Code::InvalidArgument),
    (CallCode::DeadlineExceeded, Code::DeadlineExceeded),
    (CallCode::NotFound, Code::NotFound),
    (CallCode::AlreadyExists, Code::AlreadyExists),
    (CallCode::PermissionDenied, Code::PermissionDenied),
    (CallCode::ResourceExhausted, Code::ResourceExhausted),
    (CallCode::FailedPrecondition, Code::FailedPrecondition),
    (CallCode::Aborted, Code::Aborted),
    (CallCode::OutOfRange, Code::OutOfRange),
    (CallCode::Unimplemented, Code::Unimplemented),
    (CallCode::Internal, Code::Internal),
    (CallCode::Unavailable, Code::Unavailable),
    (CallCode::DataLoss, Code::DataLoss),
    (CallCode::Unauthenticated, Code::Unauthenticated),
];

/// The code's name in WIT, such as `not-found`; `unknown` for ok, which is no
/// error.
pub(crate) fn code_name(code: CallCode) -> String {
    if code == CallCode::Ok {
        "unknown".to_owned()
    } else {
        code.name().replace('_', "-")
    }
}

impl From<CallStatus> for Status {
    fn from(status: CallStatus) -> Self {
        let code = CODES
            .iter()
            .find(|(c, _)| *c == status.code())
            .map_or(Code::Unknown, |(_, c)| *c);
        let details = status
            .details()
            .iter()
            .map(|any| WitAny {
                type_name: any.type_name.clone(),
                value: any.value.to_vec(),
            })
            .collect();
        Self {
            code,
            message: status.message().to_owned(),
            details,
        }
    }
}

impl From<Status> for CallStatus {
    fn from(status: Status) -> Self {
        let code = CODES
            .iter()
            .find(|(_, c)| *c == status.code)
            .map_or(CallCode::Unknown, |(c, _)| *c);
        let details = status
            .details
            .into_iter()
            .map(|any| Any {
                type_name: any.type_name,
                value: any.value.into(),
            })
            .collect();
        Self::new(code, status.message).with_details(details)
    }
}
