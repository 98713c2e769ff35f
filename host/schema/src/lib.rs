//! The contract of a component and everything computed from it once: plan,
//! values, codecs, and the seam through which transports make calls.
//! No tokio, no wasmtime.

pub mod codec;
pub mod compat;
mod contract;
mod extract;
mod failure;
mod handler;
mod method;
mod names;
mod plan;
pub mod proto;
mod types;
mod value;
mod wire_contract;

pub use contract::Contract;
pub use extract::ContractError;
pub use failure::{declared_proto_status, declared_status, returned_status, write_details};
pub use handler::{
    Admission, Admitted, Call, CallFuture, ContractFuture, Handler, Health, admitted,
};
pub use method::{
    ErrorType, MessageType, Method, PackageName, Pattern, Request, Response, Service, StreamEnd,
    StreamResource,
};
pub use plan::{
    Case, Enum, Field, Flags, MAX_TYPE_DEPTH, Name, Origin, Plan, Record, Type, TypeId, Variant,
    WellKnown,
};
pub use value::Value;
pub use wire_contract::{read_contracts, write_contracts};
