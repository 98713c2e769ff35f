//! What a measurement found.

use std::time::Duration;

/// Counts and times of one measurement.
#[derive(Debug)]
pub struct Report {
    items_per_answer: usize,
    answer_length: usize,
    bytes: u64,
    /// Nanoseconds of each call; more than 4 s is 4 s.
    latencies: Vec<u32>,
    elapsed: Duration,
    cpu: Duration,
}

impl Report {
    pub(super) fn new(items_per_answer: usize, answer_length: usize) -> Self {
        Self {
            items_per_answer,
            answer_length,
            bytes: 0,
            latencies: Vec::with_capacity(1 << 20),
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
        }
    }

    /// Forgets the warm-up.
    pub(super) fn begin(&mut self) {
        self.bytes = 0;
        self.latencies.clear();
    }

    pub(super) fn bytes(&mut self, body: usize) {
        self.bytes += body as u64;
    }

    pub(super) fn call(&mut self, latency: Duration) {
        let nanos = u32::try_from(latency.as_nanos()).unwrap_or(u32::MAX);
        self.latencies.push(nanos);
    }

    pub(super) fn finish(&mut self, elapsed: Duration, cpu: Duration) {
        self.elapsed = elapsed;
        self.cpu = cpu;
        self.latencies.sort_unstable();
    }

    /// Calls that ended, a second.
    pub fn calls_per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Bytes of bodies a second.
    pub fn bytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.elapsed.as_secs_f64()
    }

    /// Items a second, by bytes: an answer that the measurement cuts counts in
    /// part.
    pub fn items_per_second(&self) -> f64 {
        let item = self.answer_length as f64 / self.items_per_answer as f64;
        self.bytes_per_second() / item
    }

    /// How long the given share (0 to 1) of calls took at most.
    pub fn latency(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let place = (last as f64 * share).round() as usize;
        let nanos = self.latencies.get(place).copied().unwrap_or_default();
        Duration::from_nanos(nanos.into())
    }

    /// How busy the load side was; near 1 it is the load that was measured.
    pub fn busy(&self) -> f64 {
        self.cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>9.0} calls/s  {:>10.0} items/s  {:>8.1} MB/s  p50 {:>8.1} us  p99 {:>8.1} us  load {:>3.0} %",
            self.calls_per_second(),
            self.items_per_second(),
            self.bytes_per_second() / 1e6,
            self.latency(0.5).as_secs_f64() * 1e6,
            self.latency(0.99).as_secs_f64() * 1e6,
            self.busy() * 100.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_percentiles() {
        let mut report = Report::new(10, 200);
        report.bytes(1_000);
        report.begin();
        for micros in (1..=101).rev() {
            report.call(Duration::from_micros(micros));
            report.bytes(200);
        }
        report.finish(Duration::from_secs(2), Duration::from_secs(1));
        assert_eq!(report.calls_per_second(), 50.5);
        assert_eq!(report.items_per_second(), 505.0);
        assert_eq!(report.latency(0.5), Duration::from_micros(51));
        assert_eq!(report.latency(0.99), Duration::from_micros(100));
        assert_eq!(report.busy(), 0.5);
    }
}
