//! Framing as state machines: bytes in, messages out. No I/O, no clock, and
//! any input, however cut or hostile, gives messages or one error.
//!
//! Every splitter has the same three methods. Push a chunk, take messages
//! until there is none, push the next chunk; after the last one, `finish`
//! until there is none. A splitter that failed keeps answering that error.

#[cfg(test)]
mod arbitrary;
pub mod array;
pub mod compression;
pub mod connect;
pub mod envelope;
mod error;
pub mod frame;
pub mod grpc;
pub mod grpc_web;
mod input;
pub mod ndjson;
pub mod percent;
pub mod raw;
mod split;
pub mod sse;

pub use error::FramingError;
pub use split::Split;
