//! Protobuf's binary form, straight between bytes and [`Value`] along the
//! [`Layout`](crate::proto::Layout), whose table is the mapping.
//!
//! Reading: unknown fields, and known numbers framed otherwise, are skipped,
//! groups too; repeated scalars may be packed or not; of a singular scalar, a
//! oneof and a map's key the last wins; a singular message that occurs again is
//! merged. An absent field without presence is the zero of its type: a list is
//! empty, a message is one without fields, an enum its case of number 0. Where
//! there is no such case, or no member of a oneof, the field must be set.
//! Numbers that do not fit the narrower types of WIT are errors.
//!
//! Writing: fields by rising number, zeros only where presence is known.
//!
//! Of `ostler:rpc/types`: `any` names its type without `type.googleapis.com/`,
//! `struct` becomes the text of an object and back; the others are messages
//! like any other.
//!
//! Recursion follows the types of the plan, and in a `struct` the input up to
//! `max_depth`. A level takes about a kilobyte of stack in the dev profile; a
//! test has the deepest contract in 128 KiB.

mod cell;
mod decode;
mod encode;
mod reader;
mod scalar;
mod structs;
mod writer;

use bytes::Bytes;

use self::decode::Decoder;
use super::proto::Source;
use super::{DecodeError, EncodeError};
use crate::proto::MessageId;
use crate::{Plan, Value};

/// Reads one message. Messages may nest `max_depth` deep, those of unknown
/// groups included. Bytes in the value are not copied: they keep the message
/// alive.
///
/// # Errors
/// [`DecodeError`] naming the place and what was expected there.
pub fn decode(
    plan: &Plan,
    message: MessageId,
    bytes: &Bytes,
    max_depth: usize,
) -> Result<Value, DecodeError> {
    Decoder::new(plan, bytes, max_depth).root(message)
}

/// Appends `value` to `out`. After an error `out` holds a part of it.
///
/// # Errors
/// [`EncodeError`] when the value is not of that message, or has no such form
/// (a `struct` whose text is no object).
pub fn encode(
    plan: &Plan,
    message: MessageId,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    encode::message(plan, message, Source::Value(value), out)
}

#[cfg(test)]
mod tests;
