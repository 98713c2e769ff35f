//! [`Value`](ostler_schema::Value) ⇄ guest. The only module that knows
//! wasmtime's dynamic values, so that another lift and lower can take their
//! place without touching anything else.

mod call;
mod streams;
mod value;

pub(crate) use call::{Arguments, Returned, invoke};
pub(crate) use streams::link_streams;
