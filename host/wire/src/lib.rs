//! Framing as state machines: bytes in, messages out. No I/O, no clock, and
//! any input, however cut or hostile, gives messages or one error.
//!
//! Every splitter has the same three methods. Push a chunk, take messages
//! until there is none, push the next chunk; after the last one, `finish`
//! until there is none. A splitter that failed keeps answering that error.

#[cfg(test)]
mod arbitrary;
pub mod array;
pub mod envelope;
mod error;
pub mod grpc;
mod input;
pub mod ndjson;
pub mod percent;
pub mod raw;
pub mod sse;

pub use error::FramingError;
