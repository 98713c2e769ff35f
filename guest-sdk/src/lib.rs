//! Writes an Ostler service in Rust.
//!
//! The contract is plain WIT in a folder beside `Cargo.toml`:
//!
//! ```wit
//! package demo:counter@1.0.0;
//!
//! interface counter {
//!   use ostler:rpc/types@0.1.0.{status};
//!
//!   record reading { at: u64, value: f64 }
//!   record summary { count: u64, average: f64 }
//!
//!   half: func(number: u32) -> result<u32, status>;
//!   count: func(to: u32) -> stream<u32>;
//!   aggregate: func(readings: stream<reading>) -> result<summary, status>;
//!   echo: func(words: stream<string>) -> stream<string>;
//! }
//!
//! world service { export counter; }
//! ```
//!
//! [`service!`] makes a module of each exported interface, with its types and
//! a trait. A type that implements the traits serves:
//!
#![doc = concat!("```ignore\n", include_str!("../tests/counter/service.rs"), "```")]
//!
//! The type is called `Service`, unless the macro is told another name:
//! `ostler_guest::service!("wit", Counter)`. The crate is a `cdylib`, built for
//! `wasm32-unknown-unknown` or `wasm32-wasip2`; the WIT, and the `ostler.lock`
//! beside it, travel inside the component.
//!
//! # Patterns
//!
//! | WIT | method |
//! |---|---|
//! | `func(a: u32) -> result<T, status>` | `fn(a: u32) -> Result<T, Status>` |
//! | `func(a: u32) -> stream<T>` | `fn(a: u32, out: Sink<T>) -> Result<(), Status>` |
//! | `func(a: stream<T>) -> result<U, status>` | `fn(a: Stream<T>) -> Result<U, Status>` |
//! | `func(a: stream<T>) -> stream<U>` | `fn(a: Stream<T>, out: Sink<U>) -> Result<(), Status>` |
//!
//! [`Stream`] iterates over what the caller sends, [`Sink`] takes what it is
//! sent, and [`Status`] is how a method fails: `?` turns a broken stream, a
//! closed sink and the usual parse errors into one. Another error type stays
//! as the WIT has it, and reaches the caller as the detail of an `UNKNOWN`
//! status.
//!
//! # Instances
//!
//! **Memory is not shared state.** The host runs many instances of a service,
//! one call at a time in each, and makes and drops them as it sees fit: a
//! static holds what this instance computed, no more. A cache is a good use of
//! one; a counter of calls is not. What must last or be shared belongs outside.
//!
//! A panic ends the call with `INTERNAL` and the instance with it; its message,
//! file and line go to the host's log.
//!
//! # Testing
//!
//! The methods are plain functions, so a service's tests are plain tests, run
//! natively; [`testing`] has the streams for them. What asks the host
//! ([`context`], [`log`], [`poll`]) cannot be called there.

mod bindings;
pub mod context;
pub mod details;
mod lifecycle;
pub mod log;
mod panic;
pub mod poll;
mod sink;
mod status;
mod stream;
pub mod testing;
pub mod types;

pub use lifecycle::{DeploymentLifecycle, Lifecycle};
pub use ostler_guest_macros::service;
pub use sink::Sink;
pub use status::Status;
pub use stream::{Stream, TimedOut};
pub use types::{Closed, Code};

/// What generated code uses; not for services.
#[doc(hidden)]
pub mod __private {
    pub use wit_bindgen::rt;

    pub use crate::bindings::ostler::rpc;
    pub use crate::panic::report_to_host as enter;
    pub use crate::sink::Target;
    pub use crate::stream::Source;
}
