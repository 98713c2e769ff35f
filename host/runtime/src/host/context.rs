//! `ostler:rpc/context`: what a guest may know of its call. Outside a call (in
//! `lifecycle`) everything is empty.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use ostler_call::{Deadline, Metadata, Status};
use wasmtime::Result;

use super::rpc_types::bindings::ostler::rpc::context::{Host, Identity as Caller};
use super::rpc_types::{self, bindings::ostler::rpc::types};
use crate::clock::Clock;
use crate::state::{CallState, State};
use crate::task::Reason;

/// Bytes of headers or trailers a guest may set.
const MAX_METADATA: usize = 16 << 10;

impl State {
    fn of_call<T>(&self, read: impl FnOnce(&CallState) -> T) -> Option<T> {
        self.call.as_ref().map(read)
    }
}

impl types::Host for State {}

impl Host for State {
    fn metadata(&mut self) -> Result<Vec<(String, String)>> {
        let pairs = |call: &CallState| {
            call.info
                .metadata
                .iter()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect()
        };
        Ok(self.of_call(pairs).unwrap_or_default())
    }

    fn get(&mut self, key: String) -> Result<Option<String>> {
        Ok(self
            .of_call(|call| call.info.metadata.get(&key).map(str::to_owned))
            .flatten())
    }

    fn remaining(&mut self) -> Result<Option<u64>> {
        Ok(self
            .of_call(|call| call.info.deadline.map(remaining_ns))
            .flatten())
    }

    fn deadline(&mut self) -> Result<Option<u64>> {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        Ok(self.remaining()?.map(|left| now.saturating_add(left)))
    }

    fn cancelled(&mut self) -> Result<bool> {
        Ok(self.task.reason() != Reason::None)
    }

    fn draining(&mut self) -> Result<bool> {
        Ok(self.identity.draining.load(Ordering::Relaxed))
    }

    fn service(&mut self) -> Result<String> {
        let name = |call: &CallState| {
            self.identity.contract.services[call.service]
                .name
                .plain
                .to_string()
        };
        Ok(self.of_call(name).unwrap_or_default())
    }

    fn method(&mut self) -> Result<String> {
        let name = |call: &CallState| {
            self.identity.contract.services[call.service].methods[call.method]
                .name
                .wit
                .to_string()
        };
        Ok(self.of_call(name).unwrap_or_default())
    }

    fn call_id(&mut self) -> Result<String> {
        Ok(self
            .of_call(|call| call.info.call_id.clone())
            .unwrap_or_default())
    }

    fn tenant(&mut self) -> Result<String> {
        Ok(self.identity.tenant.to_string())
    }

    fn peer(&mut self) -> Result<Option<String>> {
        Ok(self
            .of_call(|call| call.info.peer.map(|peer| peer.to_string()))
            .flatten())
    }

    fn principal(&mut self) -> Result<Option<Caller>> {
        // No authentication is configured yet, so nobody is known.
        Ok(None)
    }

    fn set_header(
        &mut self,
        key: String,
        value: String,
    ) -> Result<std::result::Result<(), rpc_types::Status>> {
        let mut meta = self.task.meta();
        if meta.head_sent {
            let status = Status::new(
                ostler_call::Code::FailedPrecondition,
                "the head has been sent; set a trailer",
            );
            return Ok(Err(status.into()));
        }
        Ok(insert(&mut meta.headers, &key, &value))
    }

    fn set_trailer(
        &mut self,
        key: String,
        value: String,
    ) -> Result<std::result::Result<(), rpc_types::Status>> {
        Ok(insert(&mut self.task.meta().trailers, &key, &value))
    }

    fn flush_headers(&mut self) -> Result<()> {
        self.task.meta().flush = true;
        Ok(())
    }
}

fn remaining_ns(deadline: Deadline) -> u64 {
    u64::try_from(Clock::until(deadline.instant()).as_nanos()).unwrap_or(u64::MAX)
}

fn insert(
    metadata: &mut Metadata,
    key: &str,
    value: &str,
) -> std::result::Result<(), rpc_types::Status> {
    if metadata.bytes() + key.len() + value.len() > MAX_METADATA {
        let status =
            Status::resource_exhausted(format!("metadata is limited to {MAX_METADATA} bytes"));
        return Err(status.into());
    }
    metadata
        .insert(key, value)
        .map_err(|e| Status::invalid_argument(e.to_string()).into())
}
