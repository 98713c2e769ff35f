//! Handles values nested as deep as a contract may nest them, with its own
//! stack in use.

use std::hint::black_box;

use deep::{Deep, Item};
use ostler_guest::{Sink, Status, Stream};

ostler_guest::service!("wit");

struct Service;

impl Deep for Service {
    fn echo(mut items: Stream<Item>, mut out: Sink<Item>) -> Result<(), Status> {
        let Some(first) = items.next() else {
            return Ok(());
        };
        let mut result = Ok(());
        descend(first?.calls, &mut || {
            result = match items.next() {
                Some(Ok(item)) => out.send(item).map_err(Into::into),
                Some(Err(status)) => Err(status),
                None => Ok(()),
            };
        });
        result
    }
}

/// Works `calls` levels further down. Nothing large is kept in a level: that
/// would be on the stack in memory, not on the one the host shares.
fn descend(calls: u32, work: &mut dyn FnMut()) -> u32 {
    if calls == 0 {
        work();
        return 0;
    }
    black_box(descend(calls - 1, work)) + 1
}
