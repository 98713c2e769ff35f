//! JSON numbers as integers, exactly.

/// What a number is, seen as an integer.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Integer {
    /// This one.
    Exact(i128),
    /// It has a fraction.
    Fraction,
    /// Beyond every integer type of WIT.
    Huge,
}

/// More digits than any 64-bit integer has.
const MANY_DIGITS: usize = 25;

/// Reads the text of a JSON number; `1.0` and `1e2` are integers.
#[inline]
pub(super) fn integer(text: &str) -> Integer {
    let bytes = text.as_bytes();
    // Eighteen digits fit into an i64 whatever they are.
    if bytes.len() <= 18 && bytes.iter().all(u8::is_ascii_digit) {
        let number = bytes
            .iter()
            .fold(0, |n: i64, b| n * 10 + i64::from(b - b'0'));
        return Integer::Exact(number.into());
    }
    decimal(text)
}

fn decimal(text: &str) -> Integer {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    let leading_zeros = digits().take_while(|&b| b == b'0').count();
    let trailing_zeros = digits().rev().take_while(|&b| b == b'0').count();
    let count = whole.len() + fraction.len();
    if leading_zeros == count {
        return Integer::Exact(0);
    }
    let significant = count - leading_zeros - trailing_zeros;
    let shift = clamp(trailing_zeros) - clamp(fraction.len()) + parse_exponent(exponent);
    if shift < 0 {
        return Integer::Fraction;
    }
    let shift = shift.unsigned_abs() as usize;
    if significant + shift > MANY_DIGITS {
        return Integer::Huge;
    }
    let number = digits()
        .skip(leading_zeros)
        .take(significant)
        .chain(std::iter::repeat_n(b'0', shift))
        .fold(0_i128, |n, b| n * 10 + i128::from(b - b'0'));
    Integer::Exact(if negative { -number } else { number })
}

/// No text is long enough for the clamp to matter, and sums cannot overflow.
fn clamp(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).min(1 << 40)
}

fn parse_exponent(text: &str) -> i64 {
    let limit = 1 << 50;
    match text.parse::<i64>() {
        Ok(exponent) => exponent.clamp(-limit, limit),
        // Only the size can be wrong: the lexer has checked the grammar.
        Err(_) if text.starts_with('-') => -limit,
        Err(_) => limit,
    }
}

/// Whether `text` is a number in JSON's grammar.
pub(super) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        use Integer::{Exact, Fraction, Huge};
        for (text, want) in [
            ("0", Exact(0)),
            ("-0", Exact(0)),
            ("0.0e9", Exact(0)),
            ("42", Exact(42)),
            ("-42", Exact(-42)),
            ("1.0", Exact(1)),
            ("1e2", Exact(100)),
            ("1E+2", Exact(100)),
            ("150e-1", Exact(15)),
            ("1.5e1", Exact(15)),
            ("0.001e3", Exact(1)),
            ("18446744073709551615", Exact(u64::MAX as i128)),
            ("-9223372036854775808", Exact(i64::MIN as i128)),
            ("1.5", Fraction),
            ("1e-1", Fraction),
            ("1e-99999999999999999999", Fraction),
            ("0e99999999999999999999", Exact(0)),
            ("1e99999999999999999999", Huge),
            ("1e30", Huge),
        ] {
            assert_eq!(integer(text), want, "{text}");
        }
    }

    #[test]
    fn grammar() {
        for text in ["0", "-1", "1.5", "1e2", "1E-2", "10.25e+3"] {
            assert!(is_number(text), "{text}");
        }
        for text in [
            "", "-", "01", "+1", "1.", ".5", "1e", "NaN", "0x1", "1 ", "--1",
        ] {
            assert!(!is_number(text), "{text}");
        }
    }
}
