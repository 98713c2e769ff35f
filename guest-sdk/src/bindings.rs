//! The host's side of `ostler:rpc`, as generated. Off wasm32 every call is
//! unreachable.

#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::uninlined_format_args,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "generated from the WIT"
)]

ostler_guest_macros::host_bindings!();
