//! Types whose JSON form is a string, and scalars written as bare text in
//! queries and map keys.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::number::{Integer, integer, is_number};
use super::{DecodeError, EncodeError, time};
use crate::{Plan, Type, TypeId, Value, WellKnown};

type Result<T> = std::result::Result<T, DecodeError>;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The value of a JSON string.
#[inline]
pub(super) fn from_text(plan: &Plan, ty: TypeId, text: Cow<'_, str>) -> Result<Value> {
    match &plan[ty] {
        Type::String => Ok(Value::String(text.into_owned())),
        _ => from_special_text(plan, ty, &text),
    }
}

fn from_special_text(plan: &Plan, ty: TypeId, text: &str) -> Result<Value> {
    match &plan[ty] {
        Type::Bytes => bytes(text),
        Type::Char => one_char(text),
        Type::U64 | Type::S64 if is_number(text) => number(plan, ty, text),
        Type::F32 | Type::F64 => match text {
            "NaN" => Ok(Value::Float(f64::NAN)),
            "Infinity" => Ok(Value::Float(f64::INFINITY)),
            "-Infinity" => Ok(Value::Float(f64::NEG_INFINITY)),
            _ => Err(mismatch(plan, ty, "string")),
        },
        Type::Enum(of) => match of.find(text) {
            Some(case) => Ok(Value::Enum(narrow(case))),
            None => Err(unknown_name(
                "case",
                text,
                of.cases.iter().map(|case| &*case.plain),
            )),
        },
        Type::Variant(of) => match of.find(text) {
            Some(case) if of.cases[case].ty.is_none() => Ok(Value::Variant(narrow(case), None)),
            Some(_) => Err(DecodeError::new(format!(
                "case {text:?} needs a value; write {{{text:?}: …}}"
            ))),
            None => Err(unknown_name(
                "case",
                text,
                of.cases.iter().map(|c| &*c.name.plain),
            )),
        },
        Type::Record(record) => match record.well_known {
            Some(known) => from_known_text(plan, ty, known, text),
            None => Err(mismatch(plan, ty, "string")),
        },
        _ => Err(mismatch(plan, ty, "string")),
    }
}

fn from_known_text(plan: &Plan, ty: TypeId, known: WellKnown, text: &str) -> Result<Value> {
    let pair = match known {
        WellKnown::Timestamp => time::parse_timestamp(text),
        WellKnown::Duration => time::parse_duration(text),
        WellKnown::FieldMask => return Ok(Value::Record(vec![field_mask(text)])),
        WellKnown::Any | WellKnown::Struct => return Err(mismatch(plan, ty, "string")),
    };
    match pair {
        Some((seconds, nanos)) => Ok(Value::Record(vec![
            Value::Int(seconds),
            Value::Int(nanos.into()),
        ])),
        None => Err(mismatch(plan, ty, &excerpt(text))),
    }
}

/// A field mask is one string of paths joined by commas, as in protobuf's
/// JSON, but its paths keep their snake_case.
fn field_mask(text: &str) -> Value {
    let paths = text.split(',').filter(|path| !path.is_empty());
    Value::List(paths.map(|path| Value::String(path.to_owned())).collect())
}

/// The string of a well-known record; `None` when the type has none.
pub(super) fn known_text(
    known: WellKnown,
    fields: &[Value],
) -> std::result::Result<Option<String>, EncodeError> {
    let mut text = String::new();
    let written = match (known, fields) {
        (WellKnown::Timestamp, [Value::Int(seconds), Value::Int(nanos)]) => i32::try_from(*nanos)
            .ok()
            .and_then(|nanos| time::write_timestamp(*seconds, nanos, &mut text)),
        (WellKnown::Duration, [Value::Int(seconds), Value::Int(nanos)]) => i32::try_from(*nanos)
            .ok()
            .and_then(|nanos| time::write_duration(*seconds, nanos, &mut text)),
        (WellKnown::FieldMask, [Value::List(paths)]) => join_paths(paths, &mut text),
        _ => return Ok(None),
    };
    match (written, known) {
        (Some(()), _) => Ok(Some(text)),
        (None, WellKnown::Timestamp) => Err(EncodeError::new(
            "a timestamp outside the years 1 to 9999, or nanos outside 0 to 999999999",
        )),
        (None, WellKnown::Duration) => Err(EncodeError::new(
            "a duration beyond 10000 years, or seconds and nanos of different signs",
        )),
        (None, _) => Err(EncodeError::new(
            "a field-mask path that is empty or has a comma",
        )),
    }
}

fn join_paths(paths: &[Value], text: &mut String) -> Option<()> {
    for path in paths {
        let Value::String(path) = path else {
            return None;
        };
        if path.is_empty() || path.contains(',') {
            return None;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(path);
    }
    Some(())
}

/// A scalar written without quotes or braces; strings are themselves.
pub(super) fn from_bare(plan: &Plan, ty: TypeId, text: &str) -> Result<Value> {
    match &plan[ty] {
        Type::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(mismatch(plan, ty, &excerpt(text))),
        },
        scalar if is_numeric(scalar) && is_number(text) => number(plan, ty, text),
        scalar if is_numeric(scalar) => {
            from_special_text(plan, ty, text).map_err(|_| mismatch(plan, ty, &excerpt(text)))
        }
        _ => from_text(plan, ty, Cow::Borrowed(text)),
    }
}

/// Whether a JSON number is a value of the type.
pub(super) fn is_numeric(ty: &Type) -> bool {
    integer_bounds(ty).is_some() || matches!(ty, Type::F32 | Type::F64)
}

fn integer_bounds(ty: &Type) -> Option<(i128, i128)> {
    Some(match ty {
        Type::U8 => (0, u8::MAX.into()),
        Type::U16 => (0, u16::MAX.into()),
        Type::U32 => (0, u32::MAX.into()),
        Type::U64 => (0, u64::MAX.into()),
        Type::S8 => (i8::MIN.into(), i8::MAX.into()),
        Type::S16 => (i16::MIN.into(), i16::MAX.into()),
        Type::S32 => (i32::MIN.into(), i32::MAX.into()),
        Type::S64 => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}

/// The value of a number of JSON's grammar.
#[inline]
pub(super) fn number(plan: &Plan, ty: TypeId, text: &str) -> Result<Value> {
    match &plan[ty] {
        // Parsed as what it is: through f64 it would be rounded twice.
        Type::F32 => finite(text.parse::<f32>().map(f64::from), plan, ty, text),
        Type::F64 => finite(text.parse::<f64>(), plan, ty, text),
        scalar => match integer_bounds(scalar) {
            Some(bounds) => whole(plan, ty, text, bounds),
            None => Err(mismatch(plan, ty, "number")),
        },
    }
}

fn finite<E>(
    number: std::result::Result<f64, E>,
    plan: &Plan,
    ty: TypeId,
    text: &str,
) -> Result<Value> {
    match number {
        Ok(number) if number.is_finite() => Ok(Value::Float(number)),
        _ => Err(DecodeError::new(format!(
            "{} is out of range for {}",
            cut(text),
            expected(plan, ty)
        ))),
    }
}

#[inline]
fn whole(plan: &Plan, ty: TypeId, text: &str, (min, max): (i128, i128)) -> Result<Value> {
    match integer(text) {
        Integer::Exact(number) if (min..=max).contains(&number) => Ok(match min {
            0 => Value::Uint(number as u64),
            _ => Value::Int(number as i64),
        }),
        Integer::Fraction => Err(mismatch(plan, ty, &cut(text))),
        Integer::Exact(_) | Integer::Huge => Err(DecodeError::new(format!(
            "{} is out of range for {} ({min} to {max})",
            cut(text),
            expected(plan, ty)
        ))),
    }
}

pub(super) fn one_char(text: &str) -> Result<Value> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Value::Char(c)),
        _ => Err(DecodeError::new(format!(
            "expected one character, found {}",
            text.chars().count()
        ))),
    }
}

/// Base64 in either alphabet, padded or not.
fn bytes(text: &str) -> Result<Value> {
    let engine = if text.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    match engine.decode(text) {
        Ok(bytes) => Ok(Value::Bytes(bytes.into())),
        Err(error) => Err(DecodeError::new(format!("not base64: {error}"))),
    }
}

pub(super) fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// `expected u32, found string`.
#[cold]
pub(super) fn mismatch(plan: &Plan, ty: TypeId, found: &str) -> DecodeError {
    DecodeError::new(format!("expected {}, found {found}", expected(plan, ty)))
}

/// How many names an error lists.
const LISTED: usize = 8;

#[cold]
pub(super) fn unknown_name<'a>(
    what: &str,
    found: &str,
    cases: impl ExactSizeIterator<Item = &'a str>,
) -> DecodeError {
    DecodeError::new(format!(
        "unknown {what} {}, expected one of {}",
        excerpt(found),
        listed(cases)
    ))
}

/// The first names of a list.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = if names.len() > LISTED { ", …" } else { "" };
    names.take(LISTED).collect::<Vec<_>>().join(", ") + more
}

/// A quoted text, cut when it is long.
pub(super) fn excerpt(text: &str) -> String {
    format!("{:?}", cut(text))
}

/// The start of a text the caller sent.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// What JSON a type wants.
pub(super) fn expected(plan: &Plan, ty: TypeId) -> Cow<'static, str> {
    match &plan[ty] {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "string of one character",
        Type::String => "string",
        Type::Bytes => "base64 string",
        Type::List(_) => "array",
        Type::Flags(_) => "array of names",
        Type::Tuple(items) => return format!("array of {}", items.len()).into(),
        Type::Option(inner) if matches!(plan[*inner], Type::Option(_)) => "object with \"some\"",
        Type::Option(inner) => return expected(plan, *inner),
        Type::Result { .. } => "object with \"ok\" or \"err\"",
        Type::Enum(_) => "name of a case",
        Type::Variant(_) => "name of a case, or object with one",
        Type::Map(key, _) if has_key_text(&plan[*key]) => "object",
        Type::Map(..) => "array of pairs",
        Type::Record(record) => match record.well_known {
            Some(WellKnown::Timestamp) => "RFC 3339 timestamp",
            Some(WellKnown::Duration) => "ISO 8601 duration such as \"PT1.5S\"",
            Some(WellKnown::FieldMask) => "string of field paths joined by commas",
            Some(WellKnown::Any | WellKnown::Struct) | None => "object",
        },
    }
    .into()
}

/// Whether a map of such keys is an object (else an array of pairs).
pub(super) fn has_key_text(key: &Type) -> bool {
    integer_bounds(key).is_some() || matches!(key, Type::String | Type::Bool | Type::Char)
}
