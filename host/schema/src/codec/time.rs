//! Timestamps as RFC 3339 and durations as ISO 8601, in the form of
//! `google.protobuf`'s pair of seconds and nanoseconds.

use std::fmt::Write as _;

/// 0001-01-01T00:00:00Z, as protobuf bounds a timestamp.
const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const MAX_SECONDS: i64 = 253_402_300_799;
/// 10,000 years, as protobuf bounds a duration.
const MAX_DURATION: i64 = 315_576_000_000;

const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Reads RFC 3339 with any offset and up to nine digits of a fraction.
pub(super) fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let mut rest = Cursor(text.as_bytes());
    let year = rest.fixed(4)?;
    rest.eat(b"-")?;
    let month = rest.fixed(2)?;
    rest.eat(b"-")?;
    let day = rest.fixed(2)?;
    rest.eat(b"Tt")?;
    let hour = rest.fixed(2)?;
    rest.eat(b":")?;
    let minute = rest.fixed(2)?;
    rest.eat(b":")?;
    let second = rest.fixed(2)?;
    let nanos = rest.fraction()?;
    let offset = rest.offset()?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range || !rest.0.is_empty() {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = days * DAY + hour * 3600 + minute * 60 + second - offset;
    let nanos = i32::try_from(nanos).ok()?;
    is_timestamp(seconds, nanos).then_some((seconds, nanos))
}

/// Writes RFC 3339 in UTC with 0, 3, 6 or 9 digits of a fraction; `None`
/// outside the years 1 to 9999.
pub(super) fn write_timestamp(seconds: i64, nanos: i32, out: &mut String) -> Option<()> {
    if !is_timestamp(seconds, nanos) {
        return None;
    }
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let (hour, minute, second) = {
        let s = seconds.rem_euclid(DAY);
        (s / 3600, s / 60 % 60, s % 60)
    };
    write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    )
    .ok()?;
    write_fraction(nanos, out)?;
    out.push('Z');
    Some(())
}

/// Reads ISO 8601 (`P1DT2H3M4.5S`, `-PT1.5S`; weeks too, but no months or
/// years, whose length varies) and protobuf's `1.5s`.
pub(super) fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let mut rest = Cursor(text.as_bytes());
    let negative = rest.sign();
    let (seconds, nanos) = if rest.eat(b"P").is_some() {
        rest.iso_duration()?
    } else {
        rest.proto_duration()?
    };
    let nanos = i32::try_from(nanos).ok()?;
    if !rest.0.is_empty() || !is_duration(seconds, nanos) {
        return None;
    }
    Some(if negative {
        (-seconds, -nanos)
    } else {
        (seconds, nanos)
    })
}

/// Writes `PT1.5S`, with no more digits than needed; `None` beyond 10,000 years
/// or when the signs differ.
pub(super) fn write_duration(seconds: i64, nanos: i32, out: &mut String) -> Option<()> {
    if !is_duration(seconds, nanos) {
        return None;
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    write!(out, "{sign}PT{}", seconds.unsigned_abs()).ok()?;
    if nanos != 0 {
        let digits = format!("{:09}", nanos.abs());
        write!(out, ".{}", digits.trim_end_matches('0')).ok()?;
    }
    out.push('S');
    Some(())
}

/// Writes `1.5s` with 0, 3, 6 or 9 digits of a fraction; `None` as above.
pub(super) fn write_proto_duration(seconds: i64, nanos: i32, out: &mut String) -> Option<()> {
    if !is_duration(seconds, nanos) {
        return None;
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    write!(out, "{sign}{}", seconds.unsigned_abs()).ok()?;
    write_fraction(nanos.abs(), out)?;
    out.push('s');
    Some(())
}

fn is_timestamp(seconds: i64, nanos: i32) -> bool {
    (MIN_SECONDS..=MAX_SECONDS).contains(&seconds) && (0..1_000_000_000).contains(&nanos)
}

fn is_duration(seconds: i64, nanos: i32) -> bool {
    let same_sign = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
    same_sign
        && seconds.unsigned_abs() <= MAX_DURATION as u64
        && nanos.unsigned_abs() < NANOS as u32
}

fn write_fraction(nanos: i32, out: &mut String) -> Option<()> {
    match nanos {
        0 => Ok(()),
        n if n % 1_000_000 == 0 => write!(out, ".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => write!(out, ".{:06}", n / 1_000),
        n => write!(out, ".{n:09}"),
    }
    .ok()
}

/// What is left of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Takes one of `bytes`.
    fn eat(&mut self, bytes: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        bytes.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn sign(&mut self) -> bool {
        self.eat(b"+-") == Some(b'-')
    }

    /// Exactly `count` digits.
    fn fixed(&mut self, count: usize) -> Option<i64> {
        let digits = self.0.get(..count)?;
        let number = digits.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })?;
        self.0 = &self.0[count..];
        Some(number)
    }

    /// One to fifteen digits.
    fn digits(&mut self) -> Option<i64> {
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (1..=15).contains(&count).then(|| self.fixed(count))?
    }

    /// Nanoseconds of `.` and one to nine digits; zero when there is no `.`.
    fn fraction(&mut self) -> Option<i64> {
        if self.eat(b".").is_none() {
            return Some(0);
        }
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if !(1..=9).contains(&count) {
            return None;
        }
        Some(self.fixed(count)? * 10_i64.pow(9 - count as u32))
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.eat(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.fixed(2)?;
        self.eat(b":")?;
        let minutes = self.fixed(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }

    /// What follows `P`.
    fn iso_duration(&mut self) -> Option<(i64, i64)> {
        let mut seconds = 0_i64;
        let mut any = false;
        // Each designator may stand once, in this order.
        let mut units: &[(u8, i64)] = &[(b'W', 7 * DAY), (b'D', DAY)];
        loop {
            if self.eat(b"T").is_some() {
                if units.first().is_some_and(|unit| unit.1 < DAY) {
                    return None;
                }
                units = &[(b'H', 3600), (b'M', 60), (b'S', 1)];
                any = false;
            }
            if self.0.is_empty() {
                return any.then_some((seconds, 0));
            }
            let number = self.digits()?;
            let nanos = self.fraction()?;
            let letter = self.eat(b"WDHMS")?;
            let place = units.iter().position(|unit| unit.0 == letter)?;
            seconds = seconds.checked_add(number.checked_mul(units[place].1)?)?;
            units = &units[place + 1..];
            any = true;
            if letter == b'S' {
                return Some((seconds, nanos));
            }
            if nanos != 0 {
                return None;
            }
        }
    }

    /// `1.5s`.
    fn proto_duration(&mut self) -> Option<(i64, i64)> {
        let seconds = self.digits()?;
        let nanos = self.fraction()?;
        self.eat(b"s")?;
        Some((seconds, nanos))
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar. The year is
/// counted from March, so that a leap day is its last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            (
                "2024-02-29T12:34:56.789Z",
                Some((1_709_210_096, 789_000_000)),
            ),
            ("2024-02-29t12:34:56.000000001z", Some((1_709_210_096, 1))),
            ("1970-01-01T01:30:00+01:30", Some((0, 0))),
            ("1969-12-31T22:00:00-02:00", Some((0, 0))),
            ("1969-12-31T23:59:59.5Z", Some((-1, 500_000_000))),
            ("0001-01-01T00:00:00Z", Some((MIN_SECONDS, 0))),
            (
                "9999-12-31T23:59:59.999999999Z",
                Some((MAX_SECONDS, 999_999_999)),
            ),
            ("0001-01-01T00:00:00+00:01", None),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-12-01T24:00:00Z", None),
            ("2023-12-01T23:59:60Z", None),
            ("2023-12-01T00:00:00", None),
            ("2023-12-01 00:00:00Z", None),
            ("2023-12-01T00:00:00.Z", None),
            ("2023-12-01T00:00:00.1234567890Z", None),
            ("2023-12-01T00:00:00Zx", None),
            ("", None),
        ] {
            assert_eq!(parse_timestamp(text), want, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, want) in [
            ("PT1.5S", Some((1, 500_000_000))),
            ("-PT1.5S", Some((-1, -500_000_000))),
            ("PT0S", Some((0, 0))),
            ("P1DT2H3M4.000000005S", Some((93_784, 5))),
            ("P1W2D", Some((777_600, 0))),
            ("PT36H", Some((129_600, 0))),
            ("1.5s", Some((1, 500_000_000))),
            ("-3s", Some((-3, 0))),
            ("PT315576000000S", Some((MAX_DURATION, 0))),
            ("PT315576000001S", None),
            ("PT99999999999999999999S", None),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("P1M", None),
            ("P1Y", None),
            ("PT1.5H", None),
            ("PT1S1M", None),
            ("PT1M1M", None),
            ("PTT1S", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(parse_duration(text), want, "{text}");
        }
    }

    #[test]
    fn every_day_and_fraction_returns() {
        for days in (-719_162..2_932_896).step_by(37) {
            for nanos in [0, 5, 1_000, 250_000_000] {
                let seconds = days * DAY + 12_345;
                let mut text = String::new();
                write_timestamp(seconds, nanos, &mut text).unwrap();
                assert_eq!(parse_timestamp(&text), Some((seconds, nanos)), "{text}");
            }
        }
    }

    #[test]
    fn what_has_no_text() {
        let mut out = String::new();
        for (seconds, nanos) in [
            (MAX_SECONDS + 1, 0),
            (0, -1),
            (0, 1_000_000_000),
            (i64::MIN, 0),
        ] {
            assert_eq!(write_timestamp(seconds, nanos, &mut out), None);
        }
        for (seconds, nanos) in [(1, -1), (-1, 1), (i64::MIN, 0), (0, i32::MIN)] {
            assert_eq!(write_duration(seconds, nanos, &mut out), None);
        }
        assert_eq!(out, "");
    }

    #[test]
    fn durations_are_short() {
        for (seconds, nanos, want) in [
            (0, 0, "PT0S"),
            (1, 500_000_000, "PT1.5S"),
            (0, -10, "-PT0.00000001S"),
            (-90_061, -1, "-PT90061.000000001S"),
        ] {
            let mut text = String::new();
            write_duration(seconds, nanos, &mut text).unwrap();
            assert_eq!(text, want);
            assert_eq!(parse_duration(want), Some((seconds, nanos)));
        }
    }
}
