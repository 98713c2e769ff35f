//! WASI 0.2 as far as it is granted: coarse clocks, random, and standard
//! output to the log. No files, no sockets, no environment.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
};

use super::log;
use crate::state::{Identity, State};
use crate::task::GuestTask;

/// What clocks are rounded down to, so that they do not measure the host.
const COARSE: Duration = Duration::from_millis(1);
/// A line of standard output is written to the log at this length at the
/// latest.
const MAX_PARTIAL_LINE: usize = 8 << 10;

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self
            .wasi
            .get_or_insert_with(|| Box::new(context(&self.identity, &self.task)));
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

fn context(identity: &Arc<Identity>, task: &Arc<GuestTask>) -> WasiCtx {
    let output = LogOutput {
        identity: Arc::clone(identity),
        task: Arc::clone(task),
        line: Arc::default(),
    };
    WasiCtxBuilder::new()
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .wall_clock(CoarseClock)
        .monotonic_clock(CoarseTicks(Arc::clone(task)))
        .stdout(output.clone())
        .stderr(output)
        .build()
}

struct CoarseClock;

impl HostWallClock for CoarseClock {
    fn resolution(&self) -> Duration {
        COARSE
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
    }
}

struct CoarseTicks(Arc<GuestTask>);

impl HostMonotonicClock for CoarseTicks {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        self.0.now_ms() * 1_000_000
    }
}

/// Standard output and error: whole lines into the log.
#[derive(Clone)]
struct LogOutput {
    identity: Arc<Identity>,
    task: Arc<GuestTask>,
    line: Arc<Mutex<Vec<u8>>>,
}

impl LogOutput {
    fn write(&self, bytes: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            line.extend_from_slice(part);
            if line.ends_with(b"\n") || line.len() >= MAX_PARTIAL_LINE {
                let text = String::from_utf8_lossy(&line);
                log::stdio(&self.identity, self.task.now_ms(), text.trim_end());
                line.clear();
            }
        }
    }
}

impl IsTerminal for LogOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for LogOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
