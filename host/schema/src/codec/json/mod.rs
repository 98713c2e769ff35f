//! The plain profile of JSON, straight between bytes and [`Value`].
//!
//! | WIT | JSON |
//! |---|---|
//! | record | object with snake_case names; every field is written; unknown ones are ignored |
//! | option | the value or `null`; absent as a field; an option of an option is `null` or `{"some": …}` |
//! | list, tuple | array |
//! | `list<u8>` | base64, read in either alphabet, padded or not |
//! | variant | `{"case_name": payload}`, or `"case_name"` without a payload |
//! | enum, char, string | string |
//! | flags | array of names |
//! | result | `{"ok": …}` or `{"err": …}` |
//! | map | object when keys are strings, integers, bools or chars; else an array of `[key, value]` |
//! | integers | number (`1.0` and `1e2` are integers); 64-bit ones are read from strings too |
//! | floats | number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//!
//! Of `ostler:rpc/types`: `timestamp` is RFC 3339, `duration` ISO 8601
//! (`PT1.5S`; `1.5s` is read too), `field-mask` one string of snake_case paths
//! joined by commas, `any` `{"type": name, "value": base64}`, `struct` the
//! object itself.
//!
//! Recursion follows the types of the plan, not the input: reading a level
//! takes about 500 bytes of stack (700 in the dev profile), writing one less,
//! and a plan is at most [`MAX_TYPE_DEPTH`](crate::MAX_TYPE_DEPTH) levels deep.
//! So 64 KiB are enough for any message; a test has the deepest one in 128.

mod decode;
mod encode;
mod maps;
mod tagged;

use self::decode::Decoder;
use super::lexer::Lexer;
use super::{DecodeError, EncodeError};
use crate::{Plan, TypeId, Value};

pub(super) use self::decode::absent;

/// Reads one JSON text as a value of type `ty`. Arrays and objects may nest
/// `max_depth` deep, those of ignored fields included. Empty input is no JSON
/// and an error, whatever the type.
///
/// # Errors
/// [`DecodeError`] naming the place and what was expected there.
pub fn decode(
    plan: &Plan,
    ty: TypeId,
    bytes: &[u8],
    max_depth: usize,
) -> Result<Value, DecodeError> {
    Decoder::new(Lexer::new(bytes, max_depth)?, plan).message(ty)
}

/// Appends `value` of type `ty` to `out` as one line of JSON without white
/// space. After an error `out` holds a part of it.
///
/// # Errors
/// [`EncodeError`] when the value is not of that type, or has no JSON form (a
/// timestamp outside its range, a `struct` whose text is no object).
pub fn encode(
    plan: &Plan,
    ty: TypeId,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    encode::value(plan, ty, value, out)
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
