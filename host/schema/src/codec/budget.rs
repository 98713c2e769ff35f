//! How many values one message may hold.

use super::DecodeError;

/// A few bytes (`{}`, or none at all) can stand for a record of many fields, so
/// that the size of a message does not bound the memory its values take; this
/// does, at about 40 MiB.
const MAX_VALUES: usize = 1 << 20;

/// What is left for one message.
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_VALUES)
    }
}

impl Budget {
    #[inline]
    pub(super) fn take(&mut self, values: usize) -> Result<(), DecodeError> {
        let left = self.0.checked_sub(values);
        self.0 = left.ok_or_else(|| {
            DecodeError::new(format!("the message holds more than {MAX_VALUES} values"))
        })?;
        Ok(())
    }
}
