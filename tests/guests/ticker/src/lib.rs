//! Ticks while its input is silent, by both ways of waiting.

use std::time::Duration;

use ostler_guest::poll::{self, poll};
use ostler_guest::{Sink, Status, Stream};
use ticker::{Beat, Ticker};

ostler_guest::service!("wit");

const TICK: Duration = Duration::from_millis(20);

struct Service;

impl Ticker for Service {
    fn run(mut words: Stream<String>, mut out: Sink<Beat>) -> Result<(), Status> {
        let mut ticks = 0;
        loop {
            match words.next_timeout(TICK) {
                Ok(None) => return Ok(()),
                Ok(Some(word)) => out.send(Beat { text: word?, ticks })?,
                Err(_) => out.send(tick(&mut ticks))?,
            }
        }
    }

    fn run_kept(mut words: Stream<String>, mut out: Sink<Beat>) -> Result<(), Status> {
        let input = words.subscribe();
        let mut timer = poll::after(TICK);
        let mut ticks = 0;
        loop {
            let ready = poll(&[&input, &timer]);
            if ready.contains(&0) {
                let Some(word) = words.next() else {
                    return Ok(());
                };
                out.send(Beat { text: word?, ticks })?;
            } else {
                out.send(tick(&mut ticks))?;
            }
            timer = poll::after(TICK);
        }
    }
}

fn tick(ticks: &mut u32) -> Beat {
    *ticks += 1;
    Beat {
        text: "tick".to_owned(),
        ticks: *ticks,
    }
}
