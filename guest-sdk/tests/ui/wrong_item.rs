use counter::Counter;
use ostler_guest::{Sink, Status, Stream};

ostler_guest::service!("counter");

struct Service;

impl Counter for Service {
    fn half(number: u32) -> Result<u32, Status> {
        Ok(number / 2)
    }

    fn count(to: u32, mut out: Sink<u32>) -> Result<(), Status> {
        out.send_all((1..=to).map(u64::from))?;
        Ok(())
    }

    fn aggregate(readings: Stream<f64>) -> Result<f64, Status> {
        readings.sum()
    }
}

fn main() {}
