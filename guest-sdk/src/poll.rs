//! Waiting for one of several things, and for time to pass.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use ostler_guest::poll::{self, poll};
//! use ostler_guest::{Sink, Status, Stream};
//!
//! /// Echoes what comes, and says something every second in between.
//! fn chat(mut messages: Stream<String>, mut out: Sink<String>) -> Result<(), Status> {
//!     let input = messages.subscribe();
//!     let mut tick = poll::after(Duration::from_secs(1));
//!     loop {
//!         let ready = poll(&[&input, &tick]);
//!         if ready.contains(&0) {
//!             let Some(message) = messages.next() else {
//!                 return Ok(());
//!             };
//!             out.send(message?)?;
//!         }
//!         if ready.contains(&1) {
//!             out.send("still here".to_owned())?;
//!             tick = poll::after(Duration::from_secs(1));
//!         }
//!     }
//! }
//! ```

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::bindings::ostler::rpc::poll as host;

/// Something that becomes ready.
pub struct Pollable {
    /// `None` is ready at once.
    handle: Option<host::Pollable>,
    /// What the guest itself knows: items that crossed over with earlier ones.
    or: Option<Rc<Cell<bool>>>,
}

impl Pollable {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub fn from_host(handle: host::Pollable) -> Self {
        Self {
            handle: Some(handle),
            or: None,
        }
    }

    pub(crate) fn always_ready() -> Self {
        Self {
            handle: None,
            or: None,
        }
    }

    pub(crate) fn or_when(self, flag: Rc<Cell<bool>>) -> Self {
        Self {
            or: Some(flag),
            ..self
        }
    }

    /// Whether it is ready now.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.to_ask().is_none_or(host::Pollable::ready)
    }

    /// Waits until it is ready.
    pub fn block(&self) {
        if let Some(handle) = self.to_ask() {
            handle.block();
        }
    }

    /// Waits until it is ready, but no longer than that.
    pub(crate) fn ready_within(&self, timeout: Duration) -> bool {
        // What is ready wins over a timer that is too.
        self.ready() || poll(&[self, &after(timeout)]).contains(&0)
    }

    /// The host's handle, unless it is known to be ready without asking.
    fn to_ask(&self) -> Option<&host::Pollable> {
        if self.or.as_ref().is_some_and(|flag| flag.get()) {
            return None;
        }
        self.handle.as_ref()
    }
}

impl fmt::Debug for Pollable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pollable").finish_non_exhaustive()
    }
}

/// Waits until at least one is ready and gives the places of those that are,
/// in order. An empty list, or one of more than 1,024, would wait for ever and
/// is a panic.
#[must_use]
pub fn poll(pollables: &[&Pollable]) -> Vec<usize> {
    assert!(
        (1..=1024).contains(&pollables.len()),
        "poll takes 1 to 1,024 pollables, not {}",
        pollables.len()
    );
    let handles: Option<Vec<_>> = pollables.iter().map(|pollable| pollable.to_ask()).collect();
    match handles {
        Some(handles) => host::poll(&handles)
            .into_iter()
            .map(|place| place as usize)
            .collect(),
        // One is ready without asking: nothing to wait for, but the others
        // get their turn too.
        None => (0..pollables.len())
            .filter(|&place| pollables[place].ready())
            .collect(),
    }
}

/// Ready when that much time has passed.
#[must_use]
pub fn after(time: Duration) -> Pollable {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Pollable::from_host(host::subscribe_duration(nanoseconds))
}

/// Waits that long, without using CPU. It does not end earlier when the call
/// is cancelled: see [`context::cancelled`](crate::context::cancelled).
pub fn sleep(time: Duration) {
    after(time).block();
}
