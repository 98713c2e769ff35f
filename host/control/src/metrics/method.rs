//! Counters of one method. Every call writes here, so there are no locks and
//! nothing is looked up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ostler_call::Code;

use super::family::Reading;

/// Upper bounds of the buckets of latency, seconds.
const BOUNDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];
/// The same, nanoseconds.
const BOUNDS_NS: [u64; 17] = {
    const US: u64 = 1_000;
    const MS: u64 = 1_000 * US;
    [
        100 * US,
        250 * US,
        500 * US,
        MS,
        2_500 * US,
        5 * MS,
        10 * MS,
        25 * MS,
        50 * MS,
        100 * MS,
        250 * MS,
        500 * MS,
        1_000 * MS,
        2_500 * MS,
        5_000 * MS,
        10_000 * MS,
        30_000 * MS,
    ]
};
/// How many codes there are.
const CODES: usize = Code::Unauthenticated as usize + 1;

/// The counters of one method of one tenant, whichever version answers.
#[derive(Debug)]
pub(crate) struct MethodMeter {
    pub(super) name: Name,
    /// Whether its calls stream, in or out.
    pub(super) streams: bool,
    begun: AtomicU64,
    ended: [AtomicU64; CODES],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    took_ns: AtomicU64,
    /// CPU time of its guests as far as it was collected.
    cpu_ns: AtomicU64,
}

/// What a series of calls is told from others by.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Name {
    pub(super) tenant: String,
    pub(super) service: String,
    pub(super) method: String,
}

impl Name {
    pub(super) fn new(tenant: &str, service: &str, method: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            service: service.to_owned(),
            method: method.to_owned(),
        }
    }

    pub(super) fn labels(&self) -> Vec<(&'static str, String)> {
        vec![
            ("tenant", self.tenant.clone()),
            ("service", self.service.clone()),
            ("method", self.method.clone()),
        ]
    }
}

impl MethodMeter {
    pub(super) fn new(name: Name, streams: bool) -> Self {
        let zero = |_| AtomicU64::new(0);
        Self {
            name,
            streams,
            begun: AtomicU64::new(0),
            ended: std::array::from_fn(zero),
            buckets: std::array::from_fn(zero),
            took_ns: AtomicU64::new(0),
            cpu_ns: AtomicU64::new(0),
        }
    }

    /// Tenant, service and method.
    pub(crate) fn names(&self) -> [&str; 3] {
        let Name {
            tenant,
            service,
            method,
        } = &self.name;
        [tenant, service, method]
    }

    /// A call has come.
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    /// A call that has come ended like this after so long.
    pub(crate) fn end(&self, code: Code, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < ns);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.took_ns.fetch_add(ns, Relaxed);
        self.ended[code as usize].fetch_add(1, Relaxed);
    }

    /// Its guests used so much more CPU time.
    pub(super) fn used(&self, cpu_ns: u64) {
        self.cpu_ns.fetch_add(cpu_ns, Relaxed);
    }

    /// Calls that ended, by code; a success is told even if there was none, so
    /// that its rate is known from the first on.
    pub(super) fn ended(&self) -> impl Iterator<Item = (Code, u64)> {
        let ended = self.ended.iter().zip(0..);
        ended.filter_map(|(count, number)| {
            let (code, count) = (Code::from_number(number)?, count.load(Relaxed));
            (count > 0 || code == Code::Ok).then_some((code, count))
        })
    }

    /// Calls that run.
    pub(super) fn running(&self) -> u64 {
        // What has ended first: a call that begins in between counts as one
        // that runs, and never is one fewer than none.
        let ended: u64 = self.ended.iter().map(|count| count.load(Relaxed)).sum();
        self.begun.load(Relaxed).saturating_sub(ended)
    }

    pub(super) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_ns.load(Relaxed))
    }

    /// How long its calls took; `None` before the first.
    pub(super) fn took(&self) -> Option<Reading> {
        let counts = self.buckets.iter().map(|count| count.load(Relaxed));
        let counts: Vec<u64> = counts.collect();
        counts
            .iter()
            .any(|count| *count > 0)
            .then(|| Reading::Spread {
                bounds: &BOUNDS,
                counts,
                sum: Duration::from_nanos(self.took_ns.load(Relaxed)).as_secs_f64(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_agree() {
        for (seconds, ns) in BOUNDS.iter().zip(BOUNDS_NS) {
            assert_eq!(Duration::from_secs_f64(*seconds), Duration::from_nanos(ns));
        }
        assert!(BOUNDS_NS.is_sorted());
    }

    #[test]
    fn calls_are_counted() {
        let meter = MethodMeter::new(Name::new("t", "s", "m"), false);
        assert!(meter.took().is_none());
        assert_eq!(meter.ended().collect::<Vec<_>>(), [(Code::Ok, 0)]);
        for (code, micros) in [
            (Code::Ok, 100),
            (Code::Ok, 101),
            (Code::Internal, 31_000_000),
        ] {
            meter.begin();
            meter.end(code, Duration::from_micros(micros));
        }
        meter.begin();
        assert_eq!(meter.running(), 1);
        let ended: Vec<_> = meter.ended().collect();
        assert_eq!(ended, [(Code::Ok, 2), (Code::Internal, 1)]);
        let Some(Reading::Spread {
            bounds,
            counts,
            sum,
        }) = meter.took()
        else {
            panic!("three calls have ended");
        };
        assert_eq!(counts.len(), bounds.len() + 1);
        assert_eq!((counts[0], counts[1], counts[17]), (1, 1, 1));
        assert!((sum - 31.000_201).abs() < 1e-9);
    }
}
