//! Sees its cancellation, or ignores it. Tests read what it logs.

use std::hint::black_box;
use std::time::Duration;

use cancel::Cancel;
use ostler_guest::{Sink, Status, Stream, context, log, poll};

ostler_guest::service!("wit");

struct Service;

impl Cancel for Service {
    fn watch(data: Stream<Vec<u8>>) -> Result<u64, Status> {
        let mut bytes = 0;
        for chunk in data {
            match chunk {
                Ok(chunk) => {
                    if bytes == 0 {
                        log::info!("watch: first chunk is there");
                    }
                    bytes += chunk.len() as u64;
                }
                Err(status) => {
                    log::info!("next failed: {status}");
                    log::info!("cancelled: {}", context::cancelled());
                    return Err(status);
                }
            }
        }
        Ok(bytes)
    }

    fn stubborn(mut data: Stream<Vec<u8>>) -> u64 {
        let first = data.next();
        log::info!("stubborn: first item is there: {}", first.is_some());
        let mut round: u64 = 0;
        loop {
            round = black_box(round).wrapping_add(1);
        }
    }

    fn count(mut out: Sink<u64>) -> Result<(), Status> {
        for number in 0.. {
            if let Err(closed) = out.send(number) {
                log::info!("send failed: {closed}");
                log::info!("cancelled: {}", context::cancelled());
                return Err(closed.into());
            }
        }
        Ok(())
    }

    fn hold(_numbers: Stream<u32>) -> u32 {
        Self::wait();
        0
    }

    fn wait() {
        log::info!("waiting");
        while !context::cancelled() {
            poll::sleep(Duration::from_millis(5));
        }
        log::info!("cancelled: true");
    }

    fn compute() {
        while !context::cancelled() {}
    }
}
