//! Streams without a host, for the unit tests of a service: its methods are
//! plain functions, and these are their arguments.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec;

use crate::Status;
use crate::poll::Pollable;
use crate::sink::{Sink, Target};
use crate::stream::{Source, Stream};
use crate::types::Closed;

/// A stream of these items, which then ends.
pub fn stream<T: 'static>(items: impl IntoIterator<Item = T>) -> Stream<T> {
    broken_stream(items, None)
}

/// A stream of these items, which then ends, or breaks with a status.
pub fn broken_stream<T: 'static>(
    items: impl IntoIterator<Item = T>,
    status: impl Into<Option<Status>>,
) -> Stream<T> {
    let items: Vec<T> = items.into_iter().collect();
    Stream::from_source(Items(RefCell::new(items.into_iter()), status.into()))
}

/// A sink, and the list of what was sent into it.
#[must_use]
pub fn sink<T: Clone + 'static>() -> (Sink<T>, Rc<RefCell<Vec<T>>>) {
    let sent = Rc::default();
    (Sink::from_target(List(Rc::clone(&sent))), sent)
}

/// A sink whose peer is gone.
#[must_use]
pub fn closed_sink<T: 'static>() -> Sink<T> {
    Sink::from_target(Gone)
}

struct Items<T>(RefCell<vec::IntoIter<T>>, Option<Status>);

impl<T> Source<T> for Items<T> {
    fn next_batch(&self, max: u32) -> Result<Vec<T>, Status> {
        let batch: Vec<T> = self.0.borrow_mut().by_ref().take(max as usize).collect();
        match &self.1 {
            Some(status) if batch.is_empty() => Err(status.clone()),
            _ => Ok(batch),
        }
    }

    fn subscribe(&self) -> Pollable {
        Pollable::always_ready()
    }
}

struct List<T>(Rc<RefCell<Vec<T>>>);

impl<T: Clone> Target<T> for List<T> {
    fn send(&self, item: T) -> Result<(), Closed> {
        self.0.borrow_mut().push(item);
        Ok(())
    }

    fn send_batch(&self, items: &[T]) -> Result<(), Closed> {
        self.0.borrow_mut().extend_from_slice(items);
        Ok(())
    }

    fn subscribe(&self) -> Pollable {
        Pollable::always_ready()
    }
}

struct Gone;

impl<T> Target<T> for Gone {
    fn send(&self, _item: T) -> Result<(), Closed> {
        Err(Closed::Closed)
    }

    fn send_batch(&self, _items: &[T]) -> Result<(), Closed> {
        Err(Closed::Closed)
    }

    fn subscribe(&self) -> Pollable {
        Pollable::always_ready()
    }
}
