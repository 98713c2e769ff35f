//! Every pattern ends in every way; `matrix-javascript` and `matrix-python` do
//! the same.

use std::time::Duration;

use matrix::Matrix;
use ostler_guest::{Sink, Status, Stream, context, log, poll};

ostler_guest::service!("wit");

struct Service;

impl Matrix for Service {
    fn double(number: u32) -> Result<u32, Status> {
        look_at(number)?;
        Ok(number * 2)
    }

    fn count(items: u32, last: u32, mut out: Sink<u32>) -> Result<(), Status> {
        for item in 1..=items {
            out.send(item)?;
        }
        look_at(last)
    }

    fn sum(numbers: Stream<u32>) -> Result<u32, Status> {
        let mut sum = 0;
        for number in numbers {
            let number = number?;
            look_at(number)?;
            sum += number;
        }
        Ok(sum)
    }

    fn doubles(numbers: Stream<u32>, mut out: Sink<u32>) -> Result<(), Status> {
        for number in numbers {
            let number = number?;
            look_at(number)?;
            out.send(number * 2)?;
        }
        context::set_trailer("x-ended", "in order")
    }
}

fn look_at(number: u32) -> Result<(), Status> {
    match number {
        0 => {
            context::set_trailer("x-ended", "early")?;
            Err(Status::failed_precondition("0 is not allowed: ☺ 100 %"))
        }
        1000 => {
            log::info!("waiting");
            while !context::cancelled() {
                poll::sleep(Duration::from_millis(5));
            }
            log::info!("cancelled");
            Err(Status::cancelled("it was cancelled"))
        }
        _ => Ok(()),
    }
}
