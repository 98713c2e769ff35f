//! Counters of one component: what its versions use together, and what was
//! done with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ostler_runtime::Usage;

use super::family::{Family, FamilyKind};
use super::{Meters, MethodMeter};

/// Something that is done with a component.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// Its first version.
    Deploy,
    /// A version in place of another.
    Swap,
    /// A version on trial.
    Trial,
    /// The version on trial gets all calls, or short names move.
    Promote,
    /// An earlier version gets the calls again.
    Rollback,
    /// It is served no longer.
    Remove,
}

impl Change {
    const ALL: [Self; 6] = [
        Self::Deploy,
        Self::Swap,
        Self::Trial,
        Self::Promote,
        Self::Rollback,
        Self::Remove,
    ];

    /// What was done, for people.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Deploy => "deployed",
            Self::Swap => "swapped",
            Self::Trial => "on trial",
            Self::Promote => "promoted",
            Self::Rollback => "rolled back",
            Self::Remove => "removed",
        }
    }

    /// One word, for machines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Swap => "swap",
            Self::Trial => "trial",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Remove => "remove",
        }
    }
}

/// Instances of all versions of a component that are alive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Instances {
    pub(crate) busy: usize,
    pub(crate) idle: usize,
    pub(crate) memory: usize,
    /// The number of the version that calls go to.
    pub(crate) version: u32,
}

#[derive(Debug, Default)]
pub(super) struct ComponentMeter {
    made: [u64; Change::ALL.len()],
    failed: [u64; Change::ALL.len()],
    sources: Vec<Source>,
    used: Counts,
}

/// A version whose usage is passed on.
#[derive(Debug)]
struct Source {
    usage: Arc<Usage>,
    methods: Vec<Billed>,
    /// What was passed on already.
    used: Counts,
}

#[derive(Debug)]
struct Billed {
    service: usize,
    method: usize,
    meter: Arc<MethodMeter>,
    cpu_ns: u64,
}

/// Instances so far.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    created: u64,
    poisoned: u64,
    retired: u64,
}

impl ComponentMeter {
    pub(super) fn changed(&mut self, change: Change, made: bool) {
        let counts = if made {
            &mut self.made
        } else {
            &mut self.failed
        };
        counts[change as usize] += 1;
    }

    pub(super) fn watch(&mut self, usage: &Arc<Usage>, meters: &Meters) {
        if self.sources.iter().all(|s| !Arc::ptr_eq(&s.usage, usage)) {
            // Else they would pile up where nobody reads.
            self.collect();
            self.sources.push(Source::new(usage, meters));
        }
    }

    /// Passes on what was used since the last time.
    pub(super) fn collect(&mut self) {
        let used = &mut self.used;
        self.sources.retain_mut(|source| {
            // Asked first: who is the last to have it sees all that was used.
            let gone = Arc::strong_count(&source.usage) == 1;
            source.collect(used);
            !gone
        });
    }
}

impl Source {
    fn new(usage: &Arc<Usage>, meters: &Meters) -> Self {
        let services = meters.iter().enumerate();
        let methods = services.flat_map(|(service, meters)| {
            let methods = meters.iter().enumerate();
            methods.map(move |(method, meter)| Billed {
                service,
                method,
                meter: Arc::clone(meter),
                cpu_ns: 0,
            })
        });
        Self {
            usage: Arc::clone(usage),
            methods: methods.collect(),
            used: Counts::default(),
        }
    }

    fn collect(&mut self, into: &mut Counts) {
        let Self {
            usage,
            methods,
            used,
        } = self;
        for billed in methods {
            let cpu = usage.cpu(billed.service, billed.method).as_nanos();
            let cpu = u64::try_from(cpu).unwrap_or(u64::MAX);
            let more = cpu - std::mem::replace(&mut billed.cpu_ns, cpu);
            billed.meter.used(more);
        }
        let now = Counts {
            created: usage.created(),
            poisoned: usage.poisoned(),
            retired: usage.retired(),
        };
        into.created += now.created - used.created;
        into.poisoned += now.poisoned - used.poisoned;
        into.retired += now.retired - used.retired;
        *used = now;
    }
}

type ByComponent<T> = BTreeMap<(String, String), T>;

pub(super) fn families(
    components: &ByComponent<ComponentMeter>,
    instances: &ByComponent<Instances>,
) -> Vec<Family> {
    let labels = |(tenant, component): &(String, String)| {
        vec![("tenant", tenant.clone()), ("component", component.clone())]
    };
    let with = |key, name, value: &str| {
        let mut labels = labels(key);
        labels.push((name, value.to_owned()));
        labels
    };
    let counter = |name, help| Family::new(name, FamilyKind::Counter, help);
    let gauge = |name, help| Family::new(name, FamilyKind::Gauge, help);
    let mut made = counter(
        "ostler_deployment_changes",
        "Changes of what calls to a component get",
    );
    let mut failed = counter(
        "ostler_deployment_failures",
        "Changes that were refused or failed and changed nothing",
    );
    let mut created = counter("ostler_instances_created", "Instances made");
    let mut dropped = counter(
        "ostler_instances_dropped",
        "Instances dropped: poisoned by a trap or a kill, or retired as they held too much",
    );
    let mut alive = gauge("ostler_instances", "Instances that are alive");
    let mut memory = gauge(
        "ostler_instances_memory_bytes",
        "Linear memory of instances that are alive",
    );
    let mut version = gauge("ostler_component_version", "The version that calls go to");
    for (key, meter) in components {
        for change in Change::ALL {
            for (family, counts) in [(&mut made, meter.made), (&mut failed, meter.failed)] {
                let count = counts[change as usize];
                if count > 0 {
                    family.add(with(key, "change", change.name()), count as f64);
                }
            }
        }
        if meter.used.created == 0 {
            continue;
        }
        created.add(labels(key), meter.used.created as f64);
        for (why, count) in [
            ("poisoned", meter.used.poisoned),
            ("retired", meter.used.retired),
        ] {
            dropped.add(with(key, "reason", why), count as f64);
        }
    }
    for (key, now) in instances {
        version.add(labels(key), f64::from(now.version));
        if now.busy + now.idle + now.memory == 0 {
            continue;
        }
        for (state, count) in [("busy", now.busy), ("idle", now.idle)] {
            alive.add(with(key, "state", state), count as f64);
        }
        memory.add(labels(key), now.memory as f64);
    }
    vec![made, failed, created, dropped, alive, memory, version]
}
