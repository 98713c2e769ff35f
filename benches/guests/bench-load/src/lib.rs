//! The bare cost of an item, and an input that is never read.

use std::time::Duration;

use load::{Load, User};
use ostler_guest::{Sink, Status, Stream, context, poll};

ostler_guest::service!("wit");

struct Service;

impl Load for Service {
    fn send_each(count: u32, mut out: Sink<User>) -> Result<(), Status> {
        for id in 1..=count {
            out.send(user(id))?;
        }
        Ok(())
    }

    fn send_all(count: u32, mut out: Sink<User>) -> Result<(), Status> {
        out.send_all((1..=count).map(user))?;
        Ok(())
    }

    fn receive(users: Stream<User>) -> Result<u64, Status> {
        users
            .into_iter()
            .try_fold(0, |count, user| user.map(|_| count + 1))
    }

    fn hold(data: Stream<Vec<u8>>) -> Result<(), Status> {
        while !context::cancelled() {
            poll::sleep(Duration::from_secs(1));
        }
        drop(data);
        Ok(())
    }
}

fn user(id: u32) -> User {
    User {
        username: format!("user-{id}"),
        age: 18 + id % 64,
    }
}
