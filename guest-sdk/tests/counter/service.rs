use counter::{Counter, Reading, Summary};
use ostler_guest::{Sink, Status, Stream};

ostler_guest::service!("wit");

struct Service;

impl Counter for Service {
    fn half(number: u32) -> Result<u32, Status> {
        if number % 2 == 1 {
            return Err(Status::invalid_argument(format!("{number} is odd")));
        }
        Ok(number / 2)
    }

    fn count(to: u32, mut out: Sink<u32>) -> Result<(), Status> {
        out.send_all(1..=to)?;
        Ok(())
    }

    fn aggregate(readings: Stream<Reading>) -> Result<Summary, Status> {
        let (mut count, mut sum) = (0, 0.0);
        for reading in readings {
            sum += reading?.value;
            count += 1;
        }
        let average = if count == 0 { 0.0 } else { sum / count as f64 };
        Ok(Summary { count, average })
    }

    fn echo(words: Stream<String>, mut out: Sink<String>) -> Result<(), Status> {
        for word in words {
            out.send(word?)?;
        }
        Ok(())
    }
}
