//! The stream resources of a contract as host functions.
//!
//! Items of any type cross as dynamic values; those of chunk streams
//! (`list<u8>`) as plain byte vectors, which wasmtime copies at memory speed.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use ostler_call::Status;
use ostler_schema::{Contract, StreamEnd, StreamResource, Type, Value};
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType, Val, WasmList};
use wasmtime::{Result, StoreContextMut, format_err};
use wasmtime_wasi::p2::DynPollable;

use super::value::{from_val, status_val, to_val};
use crate::deployment::Closed;
use crate::host::{rpc_types, subscribe_input, subscribe_output};
use crate::state::{SinkHandle, SourceHandle, State};
use crate::stream::{InputEnd, OutputEnd};

/// Defines every stream resource the component imports, with the methods it
/// imports of it.
///
/// # Errors
/// When two definitions clash.
pub(crate) fn link_streams(linker: &mut Linker<State>, contract: &Arc<Contract>) -> Result<()> {
    for (i, stream) in contract.streams.iter().enumerate() {
        let mut instance = linker.instance(&stream.interface)?;
        let link = Link {
            contract: Arc::clone(contract),
            index: i,
        };
        match stream.end {
            StreamEnd::Source => link_source(&mut instance, stream, &link)?,
            StreamEnd::Sink => link_sink(&mut instance, stream, &link)?,
        }
    }
    Ok(())
}

/// What a stream's host functions know.
#[derive(Clone)]
struct Link {
    contract: Arc<Contract>,
    index: usize,
}

impl Link {
    fn val(&self, item: Value) -> Result<Val> {
        to_val(
            &self.contract.plan,
            self.contract.streams[self.index].item,
            item,
        )
    }

    fn value(&self, val: Val) -> Result<Value> {
        from_val(
            &self.contract.plan,
            self.contract.streams[self.index].item,
            val,
        )
    }
}

fn link_source(
    instance: &mut LinkerInstance<'_, State>,
    stream: &StreamResource,
    link: &Link,
) -> Result<()> {
    instance.resource(
        &stream.name,
        ResourceType::host::<SourceHandle>(),
        |mut store, rep| {
            store.data_mut().drop_input(rep);
            Ok(())
        },
    )?;
    let chunks = matches!(link.contract.plan[stream.item], Type::Bytes);
    for method in &stream.methods {
        let name = format!("[method]{}.{method}", stream.name);
        match (method.as_str(), chunks) {
            ("next", true) => chunk_next(instance, &name, link.index)?,
            ("next-batch", true) => chunk_next_batch(instance, &name, link.index)?,
            ("next", false) => item_next(instance, &name, link.clone())?,
            ("next-batch", false) => item_next_batch(instance, &name, link.clone())?,
            ("subscribe", _) => subscribe_source(instance, &name, link.index)?,
            (other, _) => return Err(format_err!("a stream has no method {other}")),
        }
    }
    Ok(())
}

fn link_sink(
    instance: &mut LinkerInstance<'_, State>,
    stream: &StreamResource,
    link: &Link,
) -> Result<()> {
    instance.resource(
        &stream.name,
        ResourceType::host::<SinkHandle>(),
        |mut store, rep| {
            store.data_mut().drop_output(rep);
            Ok(())
        },
    )?;
    let chunks = matches!(link.contract.plan[stream.item], Type::Bytes);
    for method in &stream.methods {
        let name = format!("[method]{}.{method}", stream.name);
        match (method.as_str(), chunks) {
            ("send", true) => chunk_send(instance, &name, link.index)?,
            ("send-batch", true) => chunk_send_batch(instance, &name, link.index)?,
            ("send", false) => item_send(instance, &name, link.clone())?,
            ("send-batch", false) => item_send_batch(instance, &name, link.clone())?,
            ("subscribe", _) => subscribe_sink(instance, &name, link.index)?,
            (other, _) => return Err(format_err!("a sink has no method {other}")),
        }
    }
    Ok(())
}

type Store<'a> = StoreContextMut<'a, State>;
type Wide<T> = Result<(std::result::Result<T, rpc_types::Status>,)>;
type Sent = Result<(std::result::Result<(), rpc_types::Closed>,)>;

fn detached() -> Status {
    Status::cancelled("the call this stream belongs to has ended")
}

fn input(store: &Store<'_>, handle: u32, index: usize) -> std::result::Result<InputEnd, Status> {
    store.data().input(handle, index).ok_or_else(detached)
}

fn output(store: &Store<'_>, handle: u32, index: usize) -> Option<OutputEnd> {
    store.data().output(handle, index)
}

/// NB a borrowed handle must be consumed, or the call traps at its end.
fn source_handle(store: &mut Store<'_>, params: &[Val]) -> Result<u32> {
    match params.first() {
        Some(Val::Resource(any)) => Ok(any.try_into_resource::<SourceHandle>(&mut *store)?.rep()),
        _ => Err(format_err!("a stream's method needs its handle")),
    }
}

fn sink_handle(store: &mut Store<'_>, params: &[Val]) -> Result<u32> {
    match params.first() {
        Some(Val::Resource(any)) => Ok(any.try_into_resource::<SinkHandle>(&mut *store)?.rep()),
        _ => Err(format_err!("a sink's method needs its handle")),
    }
}

fn item_next(instance: &mut LinkerInstance<'_, State>, name: &str, link: Link) -> Result<()> {
    instance.func_new_async(name, move |mut store, _, params, results| {
        let link = link.clone();
        Box::new(async move {
            let handle = source_handle(&mut store, params)?;
            let item = match input(&store, handle, link.index) {
                Ok(input) => input.next().await,
                Err(status) => Err(status),
            };
            results[0] = Val::Result(match item {
                Ok(Some(item)) => Ok(Some(Box::new(Val::Option(Some(Box::new(link.val(item)?)))))),
                Ok(None) => Ok(Some(Box::new(Val::Option(None)))),
                Err(status) => Err(Some(Box::new(status_val(&status)))),
            });
            Ok(())
        })
    })
}

fn item_next_batch(instance: &mut LinkerInstance<'_, State>, name: &str, link: Link) -> Result<()> {
    instance.func_new_async(name, move |mut store, _, params, results| {
        let link = link.clone();
        Box::new(async move {
            let handle = source_handle(&mut store, params)?;
            let Some(Val::U32(max)) = params.get(1) else {
                return Err(format_err!("next-batch takes a u32"));
            };
            let items = match input(&store, handle, link.index) {
                Ok(input) => input.next_batch(*max).await,
                Err(status) => Err(status),
            };
            results[0] = Val::Result(match items {
                Ok(items) => {
                    let items = items
                        .into_iter()
                        .map(|item| link.val(item))
                        .collect::<Result<_>>()?;
                    Ok(Some(Box::new(Val::List(items))))
                }
                Err(status) => Err(Some(Box::new(status_val(&status)))),
            });
            Ok(())
        })
    })
}

fn item_send(instance: &mut LinkerInstance<'_, State>, name: &str, link: Link) -> Result<()> {
    instance.func_new_async(name, move |mut store, _, params, results| {
        let link = link.clone();
        Box::new(async move {
            let handle = sink_handle(&mut store, params)?;
            // NB wasmtime lends the parameters, so the item is copied here.
            let item = params
                .get(1)
                .cloned()
                .ok_or_else(|| format_err!("send takes an item"))?;
            let sent = match output(&store, handle, link.index) {
                Some(output) => output.send(link.value(item)?).await.is_ok(),
                None => false,
            };
            results[0] = sent_val(sent);
            Ok(())
        })
    })
}

fn item_send_batch(instance: &mut LinkerInstance<'_, State>, name: &str, link: Link) -> Result<()> {
    instance.func_new_async(name, move |mut store, _, params, results| {
        let link = link.clone();
        Box::new(async move {
            let handle = sink_handle(&mut store, params)?;
            let Some(Val::List(items)) = params.get(1) else {
                return Err(format_err!("send-batch takes a list"));
            };
            let sent = match output(&store, handle, link.index) {
                Some(output) => send_each(&link, &output, items).await?,
                None => false,
            };
            results[0] = sent_val(sent);
            Ok(())
        })
    })
}

async fn send_each(link: &Link, output: &OutputEnd, items: &[Val]) -> Result<bool> {
    for item in items {
        if output.send(link.value(item.clone())?).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sent_val(sent: bool) -> Val {
    Val::Result(if sent {
        Ok(None)
    } else {
        Err(Some(Box::new(Val::Enum("closed".to_owned()))))
    })
}

fn chunk(value: Value) -> Result<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Ok(bytes.into()),
        _ => Err(format_err!("a chunk is not bytes")),
    }
}

fn boxed<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> Box<dyn Future<Output = T> + Send + 'a> {
    Box::new(future)
}

fn chunk_next(instance: &mut LinkerInstance<'_, State>, name: &str, index: usize) -> Result<()> {
    instance.func_wrap_async(
        name,
        move |store: Store<'_>, (this,): (Resource<SourceHandle>,)| {
            boxed(async move {
                let item = match input(&store, this.rep(), index) {
                    Ok(input) => input.next().await,
                    Err(status) => Err(status),
                };
                let wide: Wide<Option<Vec<u8>>> = match item {
                    Ok(item) => Ok((Ok(item.map(chunk).transpose()?),)),
                    Err(status) => Ok((Err(status.into()),)),
                };
                wide
            })
        },
    )
}

fn chunk_next_batch(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    index: usize,
) -> Result<()> {
    instance.func_wrap_async(
        name,
        move |store: Store<'_>, (this, max): (Resource<SourceHandle>, u32)| {
            boxed(async move {
                let items = match input(&store, this.rep(), index) {
                    Ok(input) => input.next_batch(max).await,
                    Err(status) => Err(status),
                };
                let wide: Wide<Vec<Vec<u8>>> = match items {
                    Ok(items) => Ok((Ok(items.into_iter().map(chunk).collect::<Result<_>>()?),)),
                    Err(status) => Ok((Err(status.into()),)),
                };
                wide
            })
        },
    )
}

/// The chunk stays in the guest's memory until there is room for it; then it is
/// copied, piece by piece where borders carry no meaning.
fn chunk_send(instance: &mut LinkerInstance<'_, State>, name: &str, index: usize) -> Result<()> {
    instance.func_wrap_async(
        name,
        move |store: Store<'_>, (this, item): (Resource<SinkHandle>, WasmList<u8>)| {
            boxed(async move {
                let sent: Sent = match output(&store, this.rep(), index) {
                    Some(output) => Ok((send_chunk(store, output, item).await.map_err(closed),)),
                    None => Ok((Err(rpc_types::Closed::Closed),)),
                };
                sent
            })
        },
    )
}

async fn send_chunk(
    store: Store<'_>,
    output: OutputEnd,
    item: WasmList<u8>,
) -> std::result::Result<(), Closed> {
    let mut sent = 0;
    loop {
        output.ready().await?;
        let rest = &item.as_le_slice(&store)[sent..];
        let piece = &rest[..rest.len().min(output.piece())];
        sent += piece.len();
        output.push(Value::Bytes(Bytes::copy_from_slice(piece)))?;
        if piece.len() == rest.len() {
            return Ok(());
        }
    }
}

fn closed(_: Closed) -> rpc_types::Closed {
    rpc_types::Closed::Closed
}

fn chunk_send_batch(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    index: usize,
) -> Result<()> {
    instance.func_wrap_async(
        name,
        move |store: Store<'_>, (this, items): (Resource<SinkHandle>, Vec<Vec<u8>>)| {
            boxed(async move {
                let items = items
                    .into_iter()
                    .map(|item| Value::Bytes(Bytes::from(item)))
                    .collect();
                let sent: Sent = match output(&store, this.rep(), index) {
                    Some(output) => {
                        let sent = output.send_batch(items).await;
                        Ok((sent.map_err(|_| rpc_types::Closed::Closed),))
                    }
                    None => Ok((Err(rpc_types::Closed::Closed),)),
                };
                sent
            })
        },
    )
}

fn subscribe_source(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    index: usize,
) -> Result<()> {
    instance.func_wrap(
        name,
        move |mut store: Store<'_>, (this,): (Resource<SourceHandle>,)| {
            let end = store.data().input(this.rep(), index);
            let pollable: Resource<DynPollable> =
                subscribe_input(&mut store.data_mut().table, end)?;
            Ok((pollable,))
        },
    )
}

fn subscribe_sink(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    index: usize,
) -> Result<()> {
    instance.func_wrap(
        name,
        move |mut store: Store<'_>, (this,): (Resource<SinkHandle>,)| {
            let end = store.data().output(this.rep(), index);
            let pollable: Resource<DynPollable> =
                subscribe_output(&mut store.data_mut().table, end)?;
            Ok((pollable,))
        },
    )
}
