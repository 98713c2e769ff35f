//! Plain HTTP: JSON, NDJSON and raw chunks, in the plain profile.

pub mod client;
pub mod server;

mod names;
