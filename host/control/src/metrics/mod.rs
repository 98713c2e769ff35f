//! What is counted: calls by tenant and method, instances and changes by tenant
//! and component. The counters outlive the versions, so that a swap interrupts
//! no series; names that nobody deployed make none.

mod component;
mod family;
mod method;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostler_runtime::Deployment;
use ostler_schema::Contract;

use self::component::ComponentMeter;
pub(crate) use self::component::{Change, Instances};
pub use self::family::{Family, FamilyKind, Point, Reading};
pub(crate) use self::method::MethodMeter;
use self::method::Name;
use crate::registry::DEFAULT_TENANT;

/// Methods with a series of their own, and components likewise; the calls of
/// further ones are counted together.
pub(crate) const MAX_SERIES: usize = 2_000;
/// Stands for a service and a method that are not there.
const UNKNOWN: &str = "unknown";
/// Stands for those beyond [`MAX_SERIES`].
const OTHER: &str = "other";

/// Meters by service and method of a contract.
pub(crate) type Meters = Box<[Box<[Arc<MethodMeter>]>]>;

/// All counters of a host.
#[derive(Debug)]
pub(crate) struct Metrics {
    methods: Mutex<BTreeMap<Name, Arc<MethodMeter>>>,
    components: Mutex<BTreeMap<(String, String), ComponentMeter>>,
    unknown: Arc<MethodMeter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let name = Name::new(DEFAULT_TENANT, UNKNOWN, UNKNOWN);
        let unknown = Arc::new(MethodMeter::new(name.clone(), false));
        Self {
            methods: Mutex::new(BTreeMap::from([(name, Arc::clone(&unknown))])),
            components: Mutex::default(),
            unknown,
        }
    }
}

impl Metrics {
    /// For calls that mean no method there is.
    pub(crate) fn unknown(&self) -> &Arc<MethodMeter> {
        &self.unknown
    }

    /// The counters of every method of a contract; those that had some before
    /// go on with them.
    pub(crate) fn of(&self, tenant: &str, contract: &Contract) -> Meters {
        let mut methods = lock(&self.methods);
        let services = contract.services.iter().map(|service| {
            let meters = service.methods.iter();
            let meters = meters.map(|method| {
                let name = Name::new(tenant, &service.proto, &method.proto);
                let pattern = method.pattern;
                let streams = pattern.streams_in() || pattern.streams_out();
                meter(&mut methods, name, streams)
            });
            meters.collect()
        });
        services.collect()
    }

    /// Sees to what a version of a component uses, as long as there is one.
    pub(crate) fn watch(
        &self,
        tenant: &str,
        component: &str,
        deployment: &Deployment,
        meters: &Meters,
    ) {
        self.with(tenant, component, |of| of.watch(deployment.usage(), meters));
    }

    /// A component was changed, or was not since that failed.
    pub(crate) fn changed(&self, tenant: &str, component: &str, change: Change, made: bool) {
        self.with(tenant, component, |of| of.changed(change, made));
    }

    /// A component that is not there could not be changed.
    pub(crate) fn failed(&self, tenant: &str, change: Change) {
        self.changed(tenant, UNKNOWN, change, false);
    }

    fn with(&self, tenant: &str, component: &str, act: impl FnOnce(&mut ComponentMeter)) {
        let mut components = lock(&self.components);
        let known = components.contains_key(&(tenant.to_owned(), component.to_owned()));
        let room = known || components.len() < MAX_SERIES;
        let component = if room { component } else { OTHER };
        let key = (tenant.to_owned(), component.to_owned());
        act(components.entry(key).or_default());
    }

    /// Everything as it is now; `instances` of each component are counted by
    /// who has them.
    pub(crate) fn read(&self, instances: &BTreeMap<(String, String), Instances>) -> Vec<Family> {
        let mut components = lock(&self.components);
        // First: what guests used is passed on to their methods.
        components.values_mut().for_each(ComponentMeter::collect);
        let mut families = self.calls();
        families.extend(component::families(&components, instances));
        families
    }

    fn calls(&self) -> Vec<Family> {
        use FamilyKind::{Counter, Gauge, Histogram};
        let mut calls = Family::new("ostler_calls", Counter, "Calls that ended, by status code");
        let mut took = Family::new(
            "ostler_call_duration_seconds",
            Histogram,
            "Time from a call's head to the end of its reply",
        );
        let mut running = Family::new("ostler_calls_in_flight", Gauge, "Calls that run");
        let mut cpu = Family::new(
            "ostler_guest_cpu_seconds",
            Counter,
            "CPU time guests used for calls",
        );
        let mut streams = Family::new(
            "ostler_streams_open",
            Gauge,
            "Calls that run and stream requests, replies or both",
        );
        let mut open = BTreeMap::new();
        for meter in lock(&self.methods).values() {
            if meter.streams {
                let tenant = meter.name.tenant.clone();
                *open.entry(tenant).or_insert(0) += meter.running();
            }
            let labels = meter.name.labels();
            for (code, count) in meter.ended() {
                let code = ("code", code.name().to_ascii_uppercase());
                let labels = labels.iter().cloned().chain([code]);
                calls.add(labels.collect(), count as f64);
            }
            running.add(labels.clone(), meter.running() as f64);
            let Some(value) = meter.took() else { continue };
            cpu.add(labels.clone(), meter.cpu().as_secs_f64());
            took.points.push(Point { labels, value });
        }
        for (tenant, count) in open {
            streams.add(vec![("tenant", tenant)], count as f64);
        }
        vec![calls, took, running, streams, cpu]
    }
}

/// The counters of that name. When there are too many, those that no version
/// has any more make room; else the name shares the counters of others.
fn meter(
    methods: &mut BTreeMap<Name, Arc<MethodMeter>>,
    name: Name,
    streams: bool,
) -> Arc<MethodMeter> {
    if let Some(meter) = methods.get(&name) {
        return Arc::clone(meter);
    }
    if methods.len() >= MAX_SERIES {
        methods.retain(|_, meter| Arc::strong_count(meter) > 1);
    }
    let name = if methods.len() < MAX_SERIES {
        name
    } else {
        let other = Name::new(&name.tenant, OTHER, OTHER);
        if !methods.contains_key(&other) {
            tracing::warn!(
                tenant = name.tenant,
                limit = MAX_SERIES,
                "so many methods have metrics of their own; further ones share service=\"other\""
            );
        }
        other
    };
    let new = || Arc::new(MethodMeter::new(name.clone(), streams));
    Arc::clone(methods.entry(name.clone()).or_insert_with(new))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_capped_and_come_back() {
        let metrics = Metrics::default();
        let named = |n: usize| Name::new("t", "s", &n.to_string());
        let mut methods = lock(&metrics.methods);
        // One is taken by what is unknown.
        let held: Vec<_> = (1..MAX_SERIES)
            .map(|n| meter(&mut methods, named(n), false))
            .collect();
        assert_eq!(held[0].name, named(1));
        let shared = meter(&mut methods, named(MAX_SERIES), false);
        assert_eq!(shared.name, Name::new("t", OTHER, OTHER));
        assert!(Arc::ptr_eq(&meter(&mut methods, named(1), false), &held[0]));
        drop(held);
        let own = meter(&mut methods, named(MAX_SERIES), false);
        assert_eq!(own.name, named(MAX_SERIES));
        assert_eq!(methods.len(), 3);
    }
}
