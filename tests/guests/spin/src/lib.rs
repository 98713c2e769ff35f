//! Uses CPU, or none.

use std::hint::black_box;
use std::time::Duration;

use ostler_guest::poll;
use spin::Spin;

ostler_guest::service!("wit");

/// Rounds that take about a millisecond; a guest has no clock to measure by.
const ROUNDS_PER_MS: u64 = 500_000;

struct Service;

impl Spin for Service {
    fn spin(ms: u32) -> u64 {
        let last = match ms {
            0 => u64::MAX,
            ms => u64::from(ms) * ROUNDS_PER_MS,
        };
        let mut round = 0;
        while black_box(round) < last {
            round += 1;
        }
        round
    }

    fn quick(number: u64) -> u64 {
        number
    }

    fn sleep(ms: u32) {
        poll::sleep(Duration::from_millis(u64::from(ms)));
    }
}
