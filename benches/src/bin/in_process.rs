//! What the host itself costs: calls through its handler, without sockets,
//! on one core.
//!
//! `in_process GUESTS [--quick]`: the folder of components. Writes the figures
//! as one line of JSON to standard output.

use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use ostler_benches::clock::now;
use ostler_benches::cores::{Cores, pin};
use ostler_benches::figures::{Figures, median};
use ostler_call::{Body, Encoding, End, Head, Kind, MessageStream, Next, Reply};
use ostler_control::{CallLimits, Control, Deployed, Options, Rollout};
use ostler_runtime::{Deployment, DeploymentOptions, Engine, EngineConfig, Limits};
use ostler_schema::{Admission, CallFuture, Contract, Handler};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (guests, quick) = match args.as_slice() {
        [guests] => (guests, false),
        [guests, flag] if flag == "--quick" => (guests, true),
        _ => bail!("usage: in_process GUESTS [--quick]"),
    };
    // Before there are threads: all of them stay on the one core.
    pin(Cores::pick()?.server)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(measure(Path::new(guests), quick))
}

async fn measure(guests: &Path, quick: bool) -> Result<()> {
    let engine = Engine::new(EngineConfig::default())?;
    let host = Host::new(&engine, guests, &["users", "blobs", "bench-load"]).await?;
    let (rounds, scale) = if quick { (3, 1) } else { (9, 10) };
    let mut figures = Figures::new();
    let mut note = |name: &str, values: Vec<f64>| {
        let value = median(values);
        eprintln!("  {name} {value:.3}");
        figures.set(name, value);
    };

    let mut unary = Vec::new();
    let mut each = Vec::new();
    let mut all = Vec::new();
    let mut received = Vec::new();
    let mut chunks = Vec::new();
    for _ in 0..rounds {
        unary.push(host.unary(10_000 * scale).await?);
        each.push(host.items("send_each", 50_000 * scale).await?);
        all.push(host.items("send_all", 100_000 * scale).await?);
        received.push(host.received(50_000 * scale).await?);
        chunks.push(host.chunks(u64::from(scale) << 27).await?);
    }
    note("overhead_unary_us", unary);
    note("overhead_item_us", each);
    note("overhead_item_batch_us", all);
    note("overhead_item_in_us", received);
    note("chunk_gb_per_s", chunks);

    let mut fresh = Vec::new();
    for _ in 0..rounds {
        fresh.push(instantiate(&engine, guests).await?);
    }
    note("instantiate_us", fresh);
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

/// A host without a listener.
struct Host {
    control: Control,
    deployments: Vec<Deployment>,
}

impl Host {
    async fn new(engine: &Engine, guests: &Path, names: &[&str]) -> Result<Self> {
        let control = Control::new(&Options::default());
        let mut deployments = Vec::new();
        for name in names {
            let file = guests.join(format!("{name}.wasm"));
            let bytes = std::fs::read(&file)
                .with_context(|| format!("{}: run `cargo xtask guests`", file.display()))?;
            let contract = Arc::new(Contract::from_component(&bytes)?);
            let options = DeploymentOptions {
                tenant: "default".into(),
                limits: Limits {
                    // A measurement is one call that works as long as it likes.
                    cpu: Duration::from_secs(3600),
                    ..Limits::default()
                },
                config: Vec::new(),
            };
            let deployment = engine.load(&bytes, contract.clone(), options)?;
            deployments.push(deployment.clone());
            let limits = CallLimits::default();
            let deployed = Deployed::new(*name, contract, deployment, limits);
            control.put(name, deployed, Rollout::default()).await?;
        }
        Ok(Self {
            control,
            deployments,
        })
    }

    fn call(&self, head: Head, body: Body) -> Result<CallFuture> {
        let admitted = match self.control.admit(head) {
            Ok(Admission::Granted(admitted)) => admitted,
            other => bail!("not admitted: {other:?}"),
        };
        Ok(admitted.serve(body))
    }

    /// Microseconds of a whole unary call, JSON to JSON.
    async fn unary(&self, calls: u32) -> Result<f64> {
        let from = now();
        for _ in 0..calls {
            let body = Body::one(Bytes::from_static(br#"{"user_id":7}"#));
            let reply = self.call(Head::new("users", "get_user"), body)?.await;
            let Kind::One(answer, _) = reply.body.kind else {
                bail!("no answer: {reply:?}");
            };
            ensure!(
                *answer == *br#"{"username":"user-7","age":25}"#,
                "{answer:?}"
            );
        }
        Ok(micros(from) / f64::from(calls))
    }

    /// Microseconds of an item that the guest sends.
    async fn items(&self, method: &str, count: u32) -> Result<f64> {
        let body = Body::one(format!(r#"{{"count":{count}}}"#).into());
        let from = now();
        let reply = self.call(Head::new("load", method), body)?.await;
        let (items, _) = drain(reply).await?;
        ensure!(items == u64::from(count), "{items} items of {count}");
        Ok(micros(from) / f64::from(count))
    }

    /// Microseconds of an item that the guest receives.
    async fn received(&self, count: u32) -> Result<f64> {
        let from = now();
        let body = Body::stream(Users { left: count });
        let reply = self.call(Head::new("load", "receive"), body)?.await;
        let Kind::One(answer, _) = reply.body.kind else {
            bail!("no answer: {reply:?}");
        };
        ensure!(*answer == *count.to_string().as_bytes(), "{answer:?}");
        Ok(micros(from) / f64::from(count))
    }

    /// Gigabytes a second of a raw download.
    async fn chunks(&self, size: u64) -> Result<f64> {
        let mut head = Head::new("blobs", "download");
        head.reply = Encoding::Raw;
        let body = Body::one(format!(r#"{{"size":{size}}}"#).into());
        let from = now();
        let reply = self.call(head, body)?.await;
        let (_, bytes) = drain(reply).await?;
        ensure!(bytes == size, "{bytes} bytes of {size}");
        Ok(size as f64 / micros(from) / 1e3)
    }
}

/// Microseconds of a new instance: what first calls take that find no idle
/// one, less what the same calls take that do.
async fn instantiate(engine: &Engine, guests: &Path) -> Result<f64> {
    const CALLS: usize = 200;
    let host = Host::new(engine, guests, &["bench-load"]).await?;
    let fresh = open_and_leave(&host, CALLS).await?;
    ensure!(
        host.stats_created() == CALLS as u64,
        "instances were reused"
    );
    let reused = open_and_leave(&host, CALLS).await?;
    ensure!(
        host.stats_created() == CALLS as u64,
        "instances were not reused"
    );
    Ok((fresh - reused) / CALLS as f64)
}

impl Host {
    fn stats_created(&self) -> u64 {
        let deployments = self.deployments.iter();
        deployments.map(|one| one.stats().created).sum()
    }

    fn running(&self) -> usize {
        let deployments = self.deployments.iter();
        deployments.map(|one| one.stats().running).sum()
    }
}

/// Microseconds until `count` calls wait for their first message, all at once.
async fn open_and_leave(host: &Host, count: usize) -> Result<f64> {
    let mut waiting = Vec::with_capacity(count);
    let mut cx = TaskContext::from_waker(Waker::noop());
    let from = now();
    for _ in 0..count {
        let mut call = host.call(Head::new("load", "receive"), Body::stream(Silence))?;
        ensure!(call.as_mut().poll(&mut cx).is_pending(), "it did not wait");
        waiting.push(call);
    }
    let took = micros(from);
    drop(waiting);
    while host.running() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(took)
}

/// Reads a streamed reply to its end: messages and bytes.
async fn drain(reply: Reply) -> Result<(u64, u64)> {
    let Kind::Stream(mut stream) = reply.body.kind else {
        bail!("no stream: {reply:?}");
    };
    let (mut messages, mut bytes) = (0, 0);
    loop {
        match std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            Next::Message(message) => {
                messages += 1;
                bytes += message.len() as u64;
            }
            Next::End(End { result, .. }) => {
                result.map_err(|status| anyhow::anyhow!("{status}"))?;
                return Ok((messages, bytes));
            }
        }
    }
}

fn micros(from: Instant) -> f64 {
    from.elapsed().as_secs_f64() * 1e6
}

/// So many users, all there at once.
struct Users {
    left: u32,
}

impl MessageStream for Users {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Next> {
        let Some(left) = self.left.checked_sub(1) else {
            return Poll::Ready(Next::End(End::ok()));
        };
        self.left = left;
        let user = Bytes::from_static(br#"{"username":"user-7","age":25}"#);
        Poll::Ready(Next::Message(user))
    }
}

/// Nothing, and no end.
struct Silence;

impl MessageStream for Silence {
    fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Next> {
        Poll::Pending
    }
}
