//! Which calls a version on trial gets.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use ostler_call::Metadata;

/// What a share is counted in: hundredths of a percent.
const WHOLE: u64 = 10_000;

/// The part of the calls that a version on trial gets.
#[derive(Debug)]
pub struct Share {
    /// Of [`WHOLE`].
    weight: u64,
    /// Metadata whose value decides, so that a caller stays where it is.
    key: Option<Box<str>>,
    calls: AtomicU64,
}

impl Share {
    /// `percent` of the calls, from 0 to 100; with `key`, those whose metadata
    /// of that name falls into that part, each always or never.
    pub fn new(percent: f64, key: Option<String>) -> Option<Self> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to 10,000"
        )]
        let weight = (percent * 100.0).round() as u64;
        Some(Self {
            weight,
            key: key.map(|key| key.to_ascii_lowercase().into()),
            calls: AtomicU64::new(0),
        })
    }

    /// The share in percent.
    #[expect(clippy::cast_precision_loss, reason = "it is 10,000 at most")]
    pub fn percent(&self) -> f64 {
        self.weight as f64 / 100.0
    }

    /// The metadata whose value decides.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether a call with this metadata is in the share.
    pub(crate) fn has(&self, metadata: &Metadata) -> bool {
        let of_caller = self.key.as_deref().and_then(|key| metadata.get(key));
        let number = match of_caller {
            Some(value) => hashed(value),
            None => self.next(),
        };
        number % WHOLE < self.weight
    }

    /// Numbers that fall evenly over any range, without a source of chance.
    fn next(&self) -> u64 {
        // The golden ratio of 64 bits: each step lands in the widest gap.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let count = self.calls.fetch_add(1, Ordering::Relaxed);
        let fraction = count.wrapping_mul(STEP) >> 32;
        (fraction * WHOLE) >> 32
    }
}

fn hashed(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str, value: &str) -> Metadata {
        let mut metadata = Metadata::new();
        metadata.insert(key, value).unwrap();
        metadata
    }

    #[test]
    fn as_many_calls_as_were_said() {
        for percent in [0.0, 0.5, 1.0, 10.0, 33.33, 50.0, 99.0, 100.0] {
            let share = Share::new(percent, None).unwrap();
            let none = Metadata::new();
            let got = (0..10_000).filter(|_| share.has(&none)).count();
            let wanted = percent * 100.0;
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            let off = (got as f64 - wanted).abs();
            assert!(off <= 20.0, "{percent} %: {got} of 10,000");
        }
        assert!(Share::new(100.1, None).is_none());
        assert!(Share::new(-1.0, None).is_none());
        assert!(Share::new(f64::NAN, None).is_none());
    }

    #[test]
    fn a_caller_stays() {
        let share = Share::new(30.0, Some("X-User".to_owned())).unwrap();
        let mut got = 0;
        for user in 0..10_000 {
            let caller = with("x-user", &user.to_string());
            let first = share.has(&caller);
            assert!((0..5).all(|_| share.has(&caller) == first));
            got += u32::from(first);
        }
        assert!((2_800..=3_200).contains(&got), "{got} of 10,000");
    }
}
