use counter::Counter;
use ostler_guest::{Sink, Status};

ostler_guest::service!("counter");

struct Service;

impl Counter for Service {
    fn half(number: u32) -> Result<u32, Status> {
        Ok(number / 2)
    }

    fn count(to: u32, mut out: Sink<u32>) -> Result<(), Status> {
        out.send_all(1..=to)?;
        Ok(())
    }
}

fn main() {}
