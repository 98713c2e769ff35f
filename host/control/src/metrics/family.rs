//! A reading of the counters, in no format's words.

/// One metric and all its series.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name, words joined by `_`; of a counter without `_total`.
    pub name: &'static str,
    /// What it counts, as a sentence without a full stop.
    pub help: &'static str,
    /// What its numbers mean.
    pub kind: FamilyKind,
    /// Its series.
    pub points: Vec<Point>,
}

/// What the numbers of a metric mean.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FamilyKind {
    /// They only grow.
    Counter,
    /// They go up and down.
    Gauge,
    /// They are spread over buckets.
    Histogram,
}

/// One series as it is now.
#[derive(Clone, Debug)]
pub struct Point {
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// Its value.
    pub value: Reading,
}

/// The value of a series.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Spread {
        /// The upper bounds of all buckets but the last, ascending.
        bounds: &'static [f64],
        /// How many fell into each bucket; one more than there are bounds.
        counts: Vec<u64>,
        /// The sum of all.
        sum: f64,
    },
}

impl Family {
    /// A metric without a series yet.
    pub const fn new(name: &'static str, kind: FamilyKind, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind,
            points: Vec::new(),
        }
    }

    /// Adds a series of a counter or a gauge.
    pub fn add(&mut self, labels: Vec<(&'static str, String)>, value: f64) {
        let value = Reading::Number(value);
        self.points.push(Point { labels, value });
    }
}
