//! Says what it knows of its call, and ends as it is told.

use std::time::{Duration, SystemTime};

use control::{CallContext, Control, Error, Failure, Pair};
use ostler_guest::types::{Any, Code};
use ostler_guest::{Sink, Status, Stream, context, log};

ostler_guest::service!("wit");

struct Service;

impl Control for Service {
    fn context() -> CallContext {
        CallContext {
            metadata: context::metadata().into_iter().map(pair).collect(),
            remaining: context::remaining().map(millis),
            deadline: context::deadline().map(since_1970),
            cancelled: context::cancelled(),
            draining: context::draining(),
            service: context::service(),
            method: context::method(),
            call_id: context::call_id(),
            tenant: context::tenant(),
            peer: context::peer(),
            principal: context::principal().map(|principal| principal.name),
        }
    }

    fn get(key: String) -> Option<String> {
        context::get(&key)
    }

    fn set(headers: Vec<Pair>, trailers: Vec<Pair>) -> Vec<String> {
        let headers = headers
            .iter()
            .map(|pair| context::set_header(&pair.key, &pair.value));
        let trailers = trailers
            .iter()
            .map(|pair| context::set_trailer(&pair.key, &pair.value));
        headers
            .chain(trailers)
            .filter_map(|set| set.err().map(|status| status.to_string()))
            .collect()
    }

    fn fail(failure: Failure) -> Result<(), Status> {
        let status = Status::new(failure.code, failure.message);
        Err(failure.details.iter().fold(status, |status, text| {
            status.with_detail(string_value(text))
        }))
    }

    fn fail_own(which: u32) -> Result<String, Error> {
        match which {
            0 => Ok("fine".to_owned()),
            1 => Err(Error::Empty),
            2 => Err(Error::TooMany(7)),
            _ => Err(Error::Named(Pair {
                key: "a".to_owned(),
                value: "b".to_owned(),
            })),
        }
    }

    fn send(items: u32, code: Option<Code>, mut out: Sink<u32>) -> Result<(), Status> {
        context::set_header("x-first", "before the items")?;
        for item in 1..=items {
            out.send(item)?;
        }
        context::set_trailer("x-last", "after the items")?;
        match code {
            Some(code) => Err(Status::new(code, format!("after {items} items"))),
            None => Ok(()),
        }
    }

    fn flush(numbers: Stream<u32>, mut out: Sink<u32>) -> Result<(), Status> {
        context::set_header("x-flushed", "yes")?;
        context::flush_headers();
        let mut count = 0;
        for number in numbers {
            number?;
            count += 1;
        }
        out.send(count)?;
        Ok(())
    }

    fn end_early(numbers: Stream<u32>, mut out: Sink<u32>) -> Result<(), Status> {
        out.send(1)?;
        drop(out);
        let count = numbers.take_while(Result::is_ok).count();
        log::info!("read {count} items after the end of the output");
        Ok(())
    }

    fn read_some(mut numbers: Stream<u32>, mut out: Sink<u32>) -> Result<(), Status> {
        let first = numbers.next().transpose()?;
        drop(numbers);
        out.send(first.unwrap_or(0))?;
        Ok(())
    }

    fn add(number: i32, step: i32) -> i32 {
        number.wrapping_add(step)
    }

    fn nothing() {}
}

fn pair((key, value): (String, String)) -> Pair {
    Pair { key, value }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, millis)
}

/// `google.protobuf.StringValue`: field 1 is the text, of at most 127 bytes
/// here, so that its length is one byte.
fn string_value(text: &str) -> Any {
    let length = text.len().min(127);
    let mut value = vec![0x0a, length as u8];
    value.extend_from_slice(&text.as_bytes()[..length]);
    Any::new("google.protobuf.StringValue", value)
}
