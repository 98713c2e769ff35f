//! What the host offers a guest: `ostler:rpc/*` and WASI 0.2.

mod context;
mod log;
mod poll;
pub(crate) mod rpc_types;
mod wasi;

use wasmtime::component::{HasSelf, Linker};

use crate::state::State;

pub(crate) use log::GuestLog;
pub(crate) use poll::{subscribe_input, subscribe_output};

/// The linker every deployment starts from.
///
/// # Errors
/// When two definitions clash.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    rpc_types::bindings::ostler::rpc::context::add_to_linker::<_, HasSelf<State>>(
        &mut linker,
        |state| state,
    )?;
    rpc_types::bindings::ostler::rpc::log::add_to_linker::<_, HasSelf<State>>(
        &mut linker,
        |state| state,
    )?;
    rpc_types::bindings::ostler::rpc::poll::add_to_linker::<_, HasSelf<State>>(
        &mut linker,
        |state| state,
    )?;
    rpc_types::bindings::ostler::rpc::types::add_to_linker::<_, HasSelf<State>>(
        &mut linker,
        |state| state,
    )?;
    Ok(linker)
}
