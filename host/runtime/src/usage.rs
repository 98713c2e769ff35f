//! What the guests of a deployment have used, counted where it is used.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use ostler_schema::Contract;

/// Counters of one deployment. They outlive it for whoever holds them, so that
/// what its last calls used is not lost.
#[derive(Debug)]
pub struct Usage {
    /// CPU time of each method, nanoseconds.
    cpu_ns: Box<[AtomicU64]>,
    /// The place of each service's first method.
    first: Box<[usize]>,
    memory: AtomicUsize,
    pub(crate) created: AtomicU64,
    pub(crate) poisoned: AtomicU64,
    pub(crate) retired: AtomicU64,
}

/// Whose CPU time it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Bill(usize);

impl Bill {
    /// No method's: an instance that starts before any call.
    pub(crate) const NONE: Self = Self(usize::MAX);

    pub(crate) fn place(self) -> usize {
        self.0
    }
}

impl Usage {
    pub(crate) fn new(contract: &Contract) -> Self {
        let mut methods = 0;
        let first = contract.services.iter().map(|service| {
            let place = methods;
            methods += service.methods.len();
            place
        });
        let first = first.collect();
        Self {
            cpu_ns: (0..methods).map(|_| AtomicU64::new(0)).collect(),
            first,
            memory: AtomicUsize::new(0),
            created: AtomicU64::new(0),
            poisoned: AtomicU64::new(0),
            retired: AtomicU64::new(0),
        }
    }

    pub(crate) fn bill(&self, service: usize, method: usize) -> Bill {
        Bill(self.first[service] + method)
    }

    /// A guest ran for so long.
    pub(crate) fn ran(&self, place: usize, ns: u64) {
        if let Some(cpu) = self.cpu_ns.get(place) {
            cpu.fetch_add(ns, Relaxed);
        }
    }

    pub(crate) fn grew(&self, bytes: usize) {
        self.memory.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn freed(&self, bytes: usize) {
        self.memory.fetch_sub(bytes, Relaxed);
    }

    /// CPU time of a method of the contract, of calls that were given up too.
    pub fn cpu(&self, service: usize, method: usize) -> Duration {
        let place = self.first.get(service).map(|first| first + method);
        let cpu = place.and_then(|place| self.cpu_ns.get(place));
        Duration::from_nanos(cpu.map_or(0, |cpu| cpu.load(Relaxed)))
    }

    /// Bytes of linear memory of the instances that are alive.
    pub fn memory(&self) -> usize {
        self.memory.load(Relaxed)
    }

    /// Instances made.
    pub fn created(&self) -> u64 {
        self.created.load(Relaxed)
    }

    /// Instances dropped because the guest trapped or was ended.
    pub fn poisoned(&self) -> u64 {
        self.poisoned.load(Relaxed)
    }

    /// Instances dropped because they held too much.
    pub fn retired(&self) -> u64 {
        self.retired.load(Relaxed)
    }
}
