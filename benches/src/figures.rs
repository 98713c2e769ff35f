//! Figures by name, and what a noisy machine needs: medians.

use serde_json::{Map, Value};

/// The flat JSON object a benchmark program writes as its last line.
#[derive(Debug, Default)]
pub struct Figures(Map<String, Value>);

impl Figures {
    /// No figures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, kept to five significant digits: the rest is noise.
    pub fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), rounded(value).into());
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(4 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// The middle value; the mean of the two middle ones of an even number.
///
/// # Panics
/// When there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "a median needs a value");
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_not_moved_by_one_bad_round() {
        assert_eq!(median(vec![3.0, 1.0, 900.0]), 3.0);
        assert_eq!(median(vec![1.0, 2.0, 3.0, 900.0]), 2.5);
    }

    #[test]
    fn figures_keep_five_digits() {
        assert_eq!(rounded(123_456.7), 123_460.0);
        assert_eq!(rounded(0.012_345_67), 0.012_346);
        assert_eq!(rounded(0.0), 0.0);
    }
}
