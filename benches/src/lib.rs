//! What the benchmark's programs share: a load generator that checks answers,
//! starting a server on a core of its own, and the figures.
//!
//! Nothing here knows how the host works; `bin/in_process.rs` alone links it.

pub mod clock;
pub mod config;
pub mod cores;
pub mod figures;
pub mod load;
pub mod rounds;
pub mod server;
