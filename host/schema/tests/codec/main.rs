//! The codecs of both profiles on random contracts and values: what is written
//! reads back, and another implementation of protobuf reads and writes the same.

mod contracts;
mod values;

mod agreement;
mod compat;
mod round_trip;
