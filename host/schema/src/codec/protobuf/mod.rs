//! Protobuf's binary form, straight between bytes and [`Value`].

use bytes::Bytes;

use super::{DecodeError, EncodeError};
use crate::proto::MessageId;
use crate::{Plan, Value};

/// Reads one message.
///
/// # Errors
/// [`DecodeError`] naming the place and what was expected there.
pub fn decode(
    _plan: &Plan,
    _message: MessageId,
    _bytes: &Bytes,
    _max_depth: usize,
) -> Result<Value, DecodeError> {
    Err(DecodeError::new("protobuf is not read yet"))
}

/// Appends `value` to `out`. After an error `out` holds a part of it.
///
/// # Errors
/// [`EncodeError`] when the value is not of that message.
pub fn encode(
    _plan: &Plan,
    _message: MessageId,
    _value: &Value,
    _out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    Err(EncodeError::new("protobuf is not written yet"))
}
