//! `ostler:rpc/poll`, on the same pollables as WASI's.

use std::future::poll_fn;
use std::time::Duration;

use wasmtime::Result;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_io::bindings::wasi::io::poll as wasi_poll;

use super::rpc_types::bindings::ostler::rpc::poll::{Host, HostPollable};
use crate::state::State;
use crate::stream::{InputEnd, OutputEnd};

/// Pollables one `poll` takes.
const MAX_POLLABLES: usize = 1_024;

impl Host for State {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        if pollables.len() > MAX_POLLABLES {
            return Err(wasmtime::format_err!(
                "poll takes at most {MAX_POLLABLES} pollables"
            ));
        }
        wasi_poll::Host::poll(&mut self.table, pollables).await
    }

    fn subscribe_duration(&mut self, nanoseconds: u64) -> Result<Resource<DynPollable>> {
        let sleep = tokio::time::sleep(Duration::from_nanos(nanoseconds));
        let timer = self.table.push(Timer(Box::pin(sleep)))?;
        subscribe(&mut self.table, timer)
    }
}

impl HostPollable for State {
    async fn ready(&mut self, this: Resource<DynPollable>) -> Result<bool> {
        wasi_poll::HostPollable::ready(&mut self.table, this).await
    }

    async fn block(&mut self, this: Resource<DynPollable>) -> Result<()> {
        wasi_poll::HostPollable::block(&mut self.table, this).await
    }

    fn drop(&mut self, this: Resource<DynPollable>) -> Result<()> {
        wasi_poll::HostPollable::drop(&mut self.table, this)
    }
}

/// A pollable that is ready when `next` would not wait; at once for a handle
/// of an earlier call.
pub(crate) fn subscribe_input(
    table: &mut ResourceTable,
    end: Option<InputEnd>,
) -> Result<Resource<DynPollable>> {
    let entry = table.push(InputReady(end))?;
    subscribe(table, entry)
}

/// The same for `send`.
pub(crate) fn subscribe_output(
    table: &mut ResourceTable,
    end: Option<OutputEnd>,
) -> Result<Resource<DynPollable>> {
    let entry = table.push(OutputReady(end))?;
    subscribe(table, entry)
}

struct Timer(std::pin::Pin<Box<tokio::time::Sleep>>);

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        self.0.as_mut().await;
    }
}

struct InputReady(Option<InputEnd>);

#[async_trait]
impl Pollable for InputReady {
    async fn ready(&mut self) {
        if let Some(end) = &self.0 {
            poll_fn(|cx| end.poll_ready(cx)).await;
        }
    }
}

struct OutputReady(Option<OutputEnd>);

#[async_trait]
impl Pollable for OutputReady {
    async fn ready(&mut self) {
        if let Some(end) = &self.0 {
            poll_fn(|cx| end.poll_ready(cx).map(drop)).await;
        }
    }
}
