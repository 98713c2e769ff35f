//! Percentiles in bounded memory: values are counted in buckets whose borders
//! grow by 2 %, so that the middle of a bucket is at most 1 % off
//! (Masson, Rim, Lee: "DDSketch", VLDB 2019).

use std::collections::BTreeMap;

/// How far off a percentile may be.
const ERROR: f64 = 0.01;

/// The upper border of a bucket, divided by its lower one.
const GROWTH: f64 = (1.0 + ERROR) / (1.0 - ERROR);

/// Counts of values. All that an `f64` can be falls into 142,000 buckets.
#[derive(Default)]
pub(crate) struct Percentiles {
    below: BTreeMap<i32, u64>,
    zeros: u64,
    above: BTreeMap<i32, u64>,
}

impl Percentiles {
    pub(crate) fn add(&mut self, value: f64) {
        let count = if value < 0.0 {
            self.below.entry(bucket(-value)).or_default()
        } else if value > 0.0 {
            self.above.entry(bucket(value)).or_default()
        } else {
            &mut self.zeros
        };
        *count += 1;
    }

    /// The value that `part` of all values are not above; 0 of nothing.
    pub(crate) fn at(&self, part: f64) -> f64 {
        let total: u64 = self.ascending().map(|(_, count)| count).sum();
        let rank = (total as f64 * part).ceil() as u64;
        let mut passed = 0;
        let found = self.ascending().find(|(_, count)| {
            passed += count;
            passed >= rank
        });
        found.map_or(0.0, |(value, _)| value)
    }

    /// The middle of each bucket and its count.
    fn ascending(&self) -> impl Iterator<Item = (f64, u64)> {
        let below = self.below.iter().rev().map(|(b, n)| (-middle(*b), *n));
        let above = self.above.iter().map(|(b, n)| (middle(*b), *n));
        below.chain([(0.0, self.zeros)]).chain(above)
    }
}

/// The bucket of a positive value.
fn bucket(value: f64) -> i32 {
    (value.ln() / GROWTH.ln()).ceil() as i32
}

/// The value that is as far off from the lower border of a bucket as from the
/// upper one.
fn middle(bucket: i32) -> f64 {
    (f64::from(bucket) * GROWTH.ln()).exp() * 2.0 / (GROWTH + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, exact: f64) {
        let off = (found - exact).abs();
        assert!(
            off <= exact.abs() * ERROR * 1.0001,
            "{found} instead of {exact}"
        );
    }

    #[test]
    fn is_at_most_one_percent_off() {
        let mut percentiles = Percentiles::default();
        (-500..=500).for_each(|n| percentiles.add(f64::from(n)));
        for (part, exact) in [
            (0.001, -499.0),
            (0.25, -250.0),
            (0.5, 0.0),
            (0.9, 400.0),
            (1.0, 500.0),
        ] {
            near(percentiles.at(part), exact);
        }
    }

    #[test]
    fn the_smallest_and_the_largest_values_have_buckets() {
        for value in [f64::MIN_POSITIVE, 1e-320, 1e150] {
            let mut percentiles = Percentiles::default();
            percentiles.add(value);
            near(percentiles.at(0.5), value);
        }
    }
}
