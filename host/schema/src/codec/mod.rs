//! Bytes ⇄ [`Value`] along the plan, one module a format.

mod error;
pub mod json;
mod number;
pub mod query;
mod text;
mod time;

use bytes::Bytes;
use ostler_call::Encoding;

use crate::{Plan, Type, TypeId, Value};

pub use self::error::{DecodeError, EncodeError};

/// Reads one message of type `ty`. A raw message is the bytes of a chunk, of
/// type `list<u8>`, and is not copied.
///
/// # Errors
/// [`DecodeError`], whose text is meant for the caller.
pub fn decode(
    encoding: Encoding,
    plan: &Plan,
    ty: TypeId,
    bytes: &Bytes,
    max_depth: usize,
) -> Result<Value, DecodeError> {
    match encoding {
        Encoding::PlainJson => json::decode(plan, ty, bytes, max_depth),
        Encoding::Query => query::decode(plan, ty, bytes, max_depth),
        Encoding::Raw if matches!(plan[ty], Type::Bytes) => Ok(Value::Bytes(bytes.clone())),
        Encoding::Raw => Err(text::mismatch(plan, ty, "raw bytes")),
    }
}

/// Writes one message of type `ty`. The bytes of a raw chunk are not copied.
///
/// # Errors
/// [`EncodeError`], the guest's fault or the host's.
pub fn encode(
    encoding: Encoding,
    plan: &Plan,
    ty: TypeId,
    value: &Value,
) -> Result<Bytes, EncodeError> {
    if let (Encoding::Raw, Value::Bytes(bytes)) = (encoding, value) {
        return Ok(bytes.clone());
    }
    let mut out = Vec::with_capacity(128);
    encode_into(encoding, plan, ty, value, &mut out)?;
    Ok(out.into())
}

/// Appends one message of type `ty` to a buffer of the caller's.
///
/// # Errors
/// [`EncodeError`], the guest's fault or the host's; `out` then holds a part
/// of the message.
pub fn encode_into(
    encoding: Encoding,
    plan: &Plan,
    ty: TypeId,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match (encoding, value) {
        (Encoding::PlainJson, _) => json::encode(plan, ty, value, out),
        (Encoding::Query, _) => query::encode(plan, ty, value, out),
        (Encoding::Raw, Value::Bytes(bytes)) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        (Encoding::Raw, _) => Err(EncodeError::new("only the chunks of a chunk stream go raw")),
    }
}

#[cfg(test)]
mod tests;
