//! The last values of a stream.

use std::collections::VecDeque;

use ostler_guest::Status;

use crate::analytics::Window;

/// What a window can hold: every value looks at all of them.
const SIZES: std::ops::RangeInclusive<u32> = 1..=1000;

/// The values in a window.
pub(crate) struct Values {
    size: usize,
    values: VecDeque<f64>,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            size: 10,
            values: VecDeque::new(),
        }
    }
}

impl Values {
    /// Changes the size; what no longer fits is forgotten, the oldest first.
    pub(crate) fn resize(&mut self, size: u32) -> Result<(), Status> {
        if !SIZES.contains(&size) {
            return Err(Status::invalid_argument(format!(
                "a window holds 1 to 1,000 values, not {size}"
            )));
        }
        self.size = size as usize;
        self.shrink();
        Ok(())
    }

    /// Adds a value; gives the window after it.
    pub(crate) fn push(&mut self, value: f64) -> Window {
        self.values.push_back(value);
        self.shrink();
        let count = self.values.len();
        Window {
            count: count as u32,
            min: self.values.iter().copied().fold(value, f64::min),
            max: self.values.iter().copied().fold(value, f64::max),
            mean: self.values.iter().sum::<f64>() / count as f64,
        }
    }

    fn shrink(&mut self) {
        let surplus = self.values.len().saturating_sub(self.size);
        self.values.drain(..surplus);
    }
}
