//! Bytes ⇄ [`Value`] along the plan, one module a format.

mod budget;
mod error;
pub mod json;
mod lexer;
mod number;
mod proto;
pub mod proto_json;
pub mod protobuf;
pub mod query;
mod scan;
mod text;
mod time;
mod write;

use bytes::Bytes;
use ostler_call::Encoding;

use crate::{MessageType, Plan, Type, Value};

pub use self::error::{DecodeError, EncodeError};
pub(crate) use self::write::{write_json_or_base64, write_string};

/// Reads one message. A raw message is the bytes of a chunk, of
/// type `list<u8>`, and is not copied.
///
/// # Errors
/// [`DecodeError`], whose text is meant for the caller.
pub fn decode(
    encoding: Encoding,
    plan: &Plan,
    message: MessageType,
    bytes: &Bytes,
    max_depth: usize,
) -> Result<Value, DecodeError> {
    let MessageType { ty, proto } = message;
    match encoding {
        Encoding::PlainJson => json::decode(plan, ty, bytes, max_depth),
        Encoding::Query => query::decode(plan, ty, bytes, max_depth),
        Encoding::Raw if matches!(plan[ty], Type::Bytes) => Ok(Value::Bytes(bytes.clone())),
        Encoding::Raw => Err(text::mismatch(plan, ty, "raw bytes")),
        Encoding::Proto => protobuf::decode(plan, proto, bytes, max_depth),
        Encoding::ProtoJson => proto_json::decode(plan, proto, bytes, max_depth),
    }
}

/// Writes one message. The bytes of a raw chunk are not copied.
///
/// # Errors
/// [`EncodeError`], the guest's fault or the host's.
pub fn encode(
    encoding: Encoding,
    plan: &Plan,
    message: MessageType,
    value: &Value,
) -> Result<Bytes, EncodeError> {
    if let (Encoding::Raw, Value::Bytes(bytes)) = (encoding, value) {
        return Ok(bytes.clone());
    }
    let mut out = Vec::with_capacity(128);
    encode_into(encoding, plan, message, value, &mut out)?;
    Ok(out.into())
}

/// Appends one message to a buffer of the caller's.
///
/// # Errors
/// [`EncodeError`], the guest's fault or the host's; `out` then holds a part
/// of the message.
pub fn encode_into(
    encoding: Encoding,
    plan: &Plan,
    message: MessageType,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let MessageType { ty, proto } = message;
    match (encoding, value) {
        (Encoding::PlainJson, _) => json::encode(plan, ty, value, out),
        (Encoding::Query, _) => query::encode(plan, ty, value, out),
        (Encoding::Proto, _) => protobuf::encode(plan, proto, value, out),
        (Encoding::ProtoJson, _) => proto_json::encode(plan, proto, value, out),
        (Encoding::Raw, Value::Bytes(bytes)) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        (Encoding::Raw, _) => Err(EncodeError::new("only the chunks of a chunk stream go raw")),
    }
}

#[cfg(test)]
mod tests;
