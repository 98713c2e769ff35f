//! The canonical JSON of proto3 (protobuf.dev/programming-guides/json), straight
//! between text and [`Value`] along the [`Layout`](crate::proto::Layout).
//!
//! | protobuf | JSON |
//! |---|---|
//! | message | object with `lowerCamelCase` names; read in the names of `.proto` too; unknown ones are ignored |
//! | 32-bit integers | number, read from strings too (`1.0` and `1e2` are integers) |
//! | 64-bit integers | string, read from numbers too |
//! | float, double | number, or `"NaN"`, `"Infinity"`, `"-Infinity"`; read from strings too |
//! | string, bool | themselves |
//! | bytes | base64, read in either alphabet, padded or not |
//! | enum | its value's name, read from the number too |
//! | repeated, map | array; object with keys as strings |
//! | `Timestamp` | RFC 3339 |
//! | `Duration` | `"1.5s"` |
//! | `FieldMask` | one string of lowerCamelCase paths joined by commas |
//! | `Struct` | the object itself |
//! | `Int64Value` and its like | the value |
//! | `Any` | object with `@type`, if the contract has that type |
//!
//! Zeros are written where presence is known, and never `null`; `null` is read
//! as absence, and absence as in protobuf's binary form. Of a name that occurs
//! again the last wins; two members of a oneof are an error.
//!
//! Recursion follows the types of the plan; where those say `any`, `max_depth`
//! bounds it. It takes as much stack as protobuf's binary form.

mod any;
mod decode;
mod encode;
mod known;

use self::decode::Decoder;
use self::encode::Encoder;
use super::lexer::Lexer;
use super::{DecodeError, EncodeError};
use crate::proto::MessageId;
use crate::{Plan, Value};

/// Reads one message. Arrays and objects may nest `max_depth` deep, those of
/// ignored fields included.
///
/// # Errors
/// [`DecodeError`] naming the place and what was expected there.
pub fn decode(
    plan: &Plan,
    message: MessageId,
    bytes: &[u8],
    max_depth: usize,
) -> Result<Value, DecodeError> {
    Decoder::new(Lexer::new(bytes, max_depth)?, plan, bytes.len()).root(message)
}

/// Appends `value` to `out` as one line without white space. After an error
/// `out` holds a part of it.
///
/// # Errors
/// [`EncodeError`] when the value is not of that message, or has no JSON form
/// (an `any` of a type that the contract does not have).
pub fn encode(
    plan: &Plan,
    message: MessageId,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    Encoder::new(plan, out).message(message, value)
}

#[cfg(test)]
mod tests;
