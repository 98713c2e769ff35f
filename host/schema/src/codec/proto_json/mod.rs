//! The canonical JSON of proto3, straight between bytes and [`Value`].

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
    _bytes: &[u8],
    _max_depth: usize,
) -> Result<Value, DecodeError> {
    Err(DecodeError::new("proto3 JSON is not read yet"))
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
    Err(EncodeError::new("proto3 JSON is not written yet"))
}
