//! A series, one value at a time.

use crate::analytics::Summary;
use crate::percentiles::Percentiles;

/// What is kept of a series.
#[derive(Default)]
pub(crate) struct Series {
    count: u64,
    min: f64,
    max: f64,
    mean: f64,
    /// The squares of the distances to the mean, summed up.
    squares: f64,
    percentiles: Percentiles,
}

impl Series {
    /// Adds a value, by Welford's method: differences of large sums would lose
    /// what matters.
    pub(crate) fn add(&mut self, value: f64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
        self.percentiles.add(value);
    }

    /// The figures; none of nothing.
    pub(crate) fn summary(&self) -> Option<Summary> {
        if self.count == 0 {
            return None;
        }
        // A percentile is off by up to 1 %, but never outside the series.
        let percentile = |part| self.percentiles.at(part).clamp(self.min, self.max);
        Some(Summary {
            count: self.count,
            min: self.min,
            max: self.max,
            mean: self.mean,
            variance: self.squares / self.count as f64,
            p50: percentile(0.5),
            p90: percentile(0.9),
            p99: percentile(0.99),
        })
    }
}
