//! How the calls of a version end while it is watched, and whether that is
//! worse than it may be.

use std::array;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::versions::Role;
use crate::clock;
use crate::control::{Control, Home};
use crate::registry::Deployed;

/// How often a watched version is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Latencies are counted in steps of an eighth of a power of two of
/// microseconds, up to some hours.
const STEPS: usize = 8;
const POWERS: usize = 32;

/// What the calls of a new version must be like, lest it be taken back.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Percent of its calls that may fail by its fault.
    pub errors: Option<f64>,
    /// Within which 95 of 100 of its calls with one reply are to be answered.
    pub latency: Option<Duration>,
    /// Calls that must have ended before anything is concluded.
    pub calls: u64,
    /// How long a version is watched that gets all calls; one on trial is as
    /// long as the trial goes on.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            errors: Some(5.0),
            latency: None,
            calls: 50,
            time: Duration::from_secs(60),
        }
    }
}

/// What is known of how a version does. Costs a call one load while nobody
/// watches.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watchers: AtomicUsize,
    /// There once it was watched.
    tally: OnceLock<Box<Tally>>,
    /// Who takes calls from it.
    home: OnceLock<Home>,
}

impl Watch {
    pub(crate) fn is_on(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Counts a call that ended; one with a single reply took this long.
    pub(crate) fn count(&self, fault: bool, took: Option<Duration>) {
        let Some(tally) = self.tally.get() else {
            return;
        };
        match took {
            Some(took) => &tally.took[step(took)],
            None => &tally.streams,
        }
        .fetch_add(1, Ordering::Relaxed);
        if fault {
            tally.faults.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// It serves there from now on.
    pub(crate) fn live_in(&self, home: Home) {
        // It never moves.
        self.home.set(home).unwrap_or_default();
    }

    /// Where it is live, while that is there.
    pub(crate) fn control(&self) -> Option<Control> {
        self.home.get()?.control()
    }
}

/// Counts of calls, by how they ended and how long they took.
#[derive(Debug)]
struct Tally {
    faults: AtomicU64,
    /// Calls that streamed their replies.
    streams: AtomicU64,
    took: [AtomicU64; STEPS * POWERS],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            faults: AtomicU64::new(0),
            streams: AtomicU64::new(0),
            took: array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Tally {
    fn seen(&self) -> Seen {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Seen {
            faults: load(&self.faults),
            streams: load(&self.streams),
            took: self.took.iter().map(load).collect(),
        }
    }
}

/// The step a latency is counted in.
fn step(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let power = (micros | STEPS as u64).ilog2() as usize;
    // Below the first power of two that has all steps, each is a microsecond.
    let first = STEPS.ilog2() as usize;
    let within = (micros >> (power - first)) as usize % (2 * STEPS);
    let place = (power - first) * STEPS + within;
    place.min(STEPS * POWERS - 1)
}

/// The least latency that is counted in a step.
fn least(step: usize) -> Duration {
    let first = STEPS;
    if step < 2 * first {
        return Duration::from_micros(step as u64);
    }
    let power = step / STEPS - 1;
    Duration::from_micros(((step % STEPS + STEPS) as u64) << power)
}

/// The counts of some time.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    faults: u64,
    streams: u64,
    took: Vec<u64>,
}

impl Seen {
    fn since(&self, earlier: &Self) -> Self {
        let took = self.took.iter().zip(&earlier.took);
        Self {
            faults: self.faults.saturating_sub(earlier.faults),
            streams: self.streams.saturating_sub(earlier.streams),
            took: took.map(|(now, then)| now.saturating_sub(*then)).collect(),
        }
    }

    fn timed(&self) -> u64 {
        self.took.iter().sum()
    }

    fn calls(&self) -> u64 {
        self.timed() + self.streams
    }

    /// Percent of the calls that failed.
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    fn errors(&self) -> f64 {
        self.faults as f64 * 100.0 / self.calls().max(1) as f64
    }

    /// What 5 of 100 calls took at least.
    fn latency(&self) -> Duration {
        let slow = self.timed().div_ceil(20);
        let mut slower = 0;
        for (step, count) in self.took.iter().enumerate().rev() {
            slower += count;
            if slower >= slow && slower > 0 {
                return least(step);
            }
        }
        Duration::ZERO
    }

    /// Which bound these calls crossed, where others, of the version beside,
    /// are better.
    fn crossed(&self, bounds: &Bounds, beside: Option<&Self>) -> Option<String> {
        let (calls, errors) = (self.calls(), self.errors());
        let worse = beside.is_none_or(|beside| errors > beside.errors());
        if let Some(limit) = bounds.errors
            && calls >= bounds.calls
            && errors > limit
            && worse
        {
            return Some(format!(
                "{errors:.1} % of {calls} calls failed, more than {limit} %"
            ));
        }
        let latency = self.latency();
        let slower = beside.is_none_or(|beside| latency > beside.latency());
        if let Some(limit) = bounds.latency
            && self.timed() >= bounds.calls
            && latency > limit
            && slower
        {
            return Some(format!(
                "5 of 100 calls took {latency:?} and longer, more than {limit:?}"
            ));
        }
        None
    }
}

/// Counts the calls of a version from its making to its end.
struct Counting {
    deployed: Arc<Deployed>,
    from: Seen,
}

impl Counting {
    fn begin(deployed: Arc<Deployed>) -> Self {
        let watch = &deployed.watch;
        let from = watch.tally.get_or_init(Box::default).seen();
        watch.watchers.fetch_add(1, Ordering::Relaxed);
        Self { deployed, from }
    }

    fn seen(&self) -> Seen {
        let tally = self.deployed.watch.tally.get_or_init(Box::default);
        tally.seen().since(&self.from)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.deployed.watch.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Watches a version that was just put live, until it has shown itself, a
/// change takes its place, or it crosses a bound and is taken back.
pub(crate) async fn watch(home: Home, deployed: Arc<Deployed>, bounds: Bounds) {
    let place = home
        .control()
        .and_then(|control| control.place_of(&deployed));
    let Some(place) = place else { return };
    let (on_trial, beside) = match place.role {
        Role::Trial { beside } => (true, beside.map(Counting::begin)),
        Role::Current { .. } => (false, None),
    };
    let counting = Counting::begin(deployed.clone());
    let until = clock::now() + bounds.time;
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let Some(control) = home.control() else {
            return;
        };
        let watched = match control.place_of(&deployed).map(|place| place.role) {
            Some(Role::Trial { .. }) => on_trial,
            Some(Role::Current { .. }) => !on_trial && clock::now() < until,
            None => false,
        };
        if !watched {
            return;
        }
        let other = beside.as_ref().map(Counting::seen);
        if let Some(why) = counting.seen().crossed(&bounds, other.as_ref()) {
            // What stands in the way is logged there.
            control.retreat(&deployed, &why).await.unwrap_or_default();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(faults: u64, millis: &[u64]) -> Seen {
        let watch = Watch::default();
        watch.tally.get_or_init(Box::default);
        for (call, millis) in (0..).zip(millis) {
            watch.count(call < faults, Some(Duration::from_millis(*millis)));
        }
        watch.tally.get().unwrap().seen()
    }

    #[test]
    fn steps_are_an_eighth_of_a_latency_at_most() {
        let mut last = None;
        for micros in (0..5_000).chain((5_000..100_000_000).step_by(9_973)) {
            let took = Duration::from_micros(micros);
            let step = step(took);
            assert!(last <= Some(step), "{micros}");
            last = Some(step);
            let least = least(step);
            assert!(least <= took && took - least <= took / 8, "{micros}");
        }
        assert_eq!(step(Duration::MAX), STEPS * POWERS - 1);
    }

    #[test]
    fn a_bound_is_crossed_by_enough_calls_that_are_worse_than_the_others() {
        let bounds = Bounds {
            errors: Some(10.0),
            latency: Some(Duration::from_millis(100)),
            calls: 20,
            ..Bounds::default()
        };
        let fast = [1; 20];
        let slow: Vec<u64> = [vec![1; 38], vec![200; 2]].concat();
        let why = |seen: &Seen, beside| seen.crossed(&bounds, beside);
        assert_eq!(why(&seen(2, &fast), None), None);
        assert_eq!(why(&seen(19, &[1; 19]), None), None);
        let bad = seen(3, &fast);
        assert_eq!(
            why(&bad, None).unwrap(),
            "15.0 % of 20 calls failed, more than 10 %"
        );
        assert_eq!(why(&bad, Some(&bad)), None);
        let good = seen(2, &fast);
        assert!(why(&bad, Some(&good)).is_some());
        assert!(why(&seen(0, &slow[1..]), None).is_some());
        let slow = seen(0, &slow);
        let words = why(&slow, None).unwrap();
        assert!(words.starts_with("5 of 100 calls took 19"), "{words}");
        assert!(words.ends_with("more than 100ms"), "{words}");
        assert_eq!(why(&slow, Some(&slow)), None);
        let one = [vec![1; 39], vec![200]].concat();
        assert_eq!(why(&seen(0, &one), None), None);
    }

    #[test]
    fn only_calls_since_are_counted() {
        let (before, after) = (seen(1, &[1, 1]), seen(3, &[1, 1, 7, 7, 7]));
        assert_eq!(after.since(&before).calls(), 3);
        assert_eq!(after.since(&before).faults, 2);
    }
}
