//! Traces, metrics and changes for an OpenTelemetry collector, as OTLP over HTTP: what
//! happens is queued, a task sends it. A collector that does not answer costs
//! what is queued, never a call.

mod encode;
mod post;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ostler_control::{CallSpan, ChangeEvent, SpanSink};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};
use tokio_util::sync::CancellationToken;

use self::encode::Encoder;
use self::post::Collector;
use super::Telemetry;
use crate::clock;
use crate::config::TelemetryConfig;

/// Spans that wait to be sent; further ones are dropped and counted.
const QUEUE: usize = 4096;
/// Spans of one request.
const BATCH: usize = 512;
/// Changes that wait to be sent.
const CHANGES: usize = 64;
/// How long a span waits for others.
const WAIT: Duration = Duration::from_secs(1);

/// Where spans are put. Shared by all calls.
#[derive(Debug)]
pub(crate) struct Queue {
    calls: mpsc::Sender<CallSpan>,
    changes: mpsc::Sender<ChangeEvent>,
    dropped: AtomicU64,
}

impl Queue {
    /// Spans and changes that were not sent.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    fn drop_some(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Relaxed);
    }
}

impl SpanSink for Queue {
    fn ended(&self, call: CallSpan) {
        if self.calls.try_send(call).is_err() {
            self.drop_some(1);
        }
    }

    fn changed(&self, change: ChangeEvent) {
        if self.changes.try_send(change).is_err() {
            self.drop_some(1);
        }
    }
}

/// Sends what is queued.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: Arc<Queue>,
    calls: mpsc::Receiver<CallSpan>,
    changes: mpsc::Receiver<ChangeEvent>,
    batch: Vec<CallSpan>,
    collector: Collector,
    encoder: Encoder,
    interval: Duration,
}

impl Exporter {
    /// For the collector of the configuration, if it has one.
    ///
    /// # Errors
    /// What is wrong with its URL or headers.
    pub(crate) fn new(config: &TelemetryConfig) -> Result<Option<Self>, String> {
        let Some(url) = &config.otlp else {
            return Ok(None);
        };
        let collector = Collector::new(url, &config.headers)?;
        let (sender, calls) = mpsc::channel(QUEUE);
        let (teller, changes) = mpsc::channel(CHANGES);
        let queue = Queue {
            calls: sender,
            changes: teller,
            dropped: AtomicU64::new(0),
        };
        Ok(Some(Self {
            queue: Arc::new(queue),
            calls,
            changes,
            batch: Vec::with_capacity(BATCH),
            collector,
            encoder: Encoder::new(&config.service_name),
            interval: config.interval,
        }))
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Sends until `stop`, then what is left.
    pub(crate) async fn run(mut self, telemetry: Telemetry, stop: CancellationToken) {
        let first = Instant::from_std(clock::now()) + self.interval;
        let mut ticks = interval_at(first, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = ticks.tick() => self.send_metrics(&telemetry).await,
                Some(change) = self.changes.recv() => self.send_change(&change).await,
                () = fill(&mut self.calls, &mut self.batch) => self.send_batch().await,
            }
        }
        self.calls.close();
        self.changes.close();
        while let Some(change) = self.changes.recv().await {
            self.send_change(&change).await;
        }
        while self.calls.recv_many(&mut self.batch, BATCH).await > 0 || !self.batch.is_empty() {
            self.send_batch().await;
        }
        self.send_metrics(&telemetry).await;
    }

    async fn send_change(&mut self, change: &ChangeEvent) {
        let body = self.encoder.logs(change);
        if !self.collector.send("/v1/logs", body).await {
            self.queue.drop_some(1);
        }
    }

    async fn send_batch(&mut self) {
        let calls = std::mem::take(&mut self.batch);
        let body = self.encoder.traces(&calls);
        if !self.collector.send("/v1/traces", body).await {
            self.queue.drop_some(calls.len());
        }
    }

    async fn send_metrics(&mut self, telemetry: &Telemetry) {
        let body = self.encoder.metrics(telemetry.read());
        self.collector.send("/v1/metrics", body).await;
    }
}

/// Ready when there is a batch worth a request. What was received stays in the
/// batch when this is dropped.
async fn fill(calls: &mut mpsc::Receiver<CallSpan>, batch: &mut Vec<CallSpan>) {
    if batch.is_empty() {
        calls.recv_many(batch, BATCH).await;
    }
    let until = Instant::from_std(clock::now()) + WAIT;
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        if timeout_at(until, calls.recv_many(batch, room))
            .await
            .is_err()
        {
            return;
        }
    }
}
