//! The well-known types whose JSON is a string.

use crate::codec::text::{cut, excerpt};
use crate::codec::{DecodeError, EncodeError, time};
use crate::{Value, WellKnown};

type Result<T> = std::result::Result<T, DecodeError>;

/// What a text must be, for an error.
pub(super) fn expected(known: WellKnown) -> &'static str {
    match known {
        WellKnown::Timestamp => "RFC 3339 timestamp",
        WellKnown::Duration => "duration such as \"1.5s\"",
        WellKnown::FieldMask => "string of field paths joined by commas",
        WellKnown::Any | WellKnown::Struct => "object",
    }
}

/// Reads a timestamp, duration or field mask.
pub(super) fn from_text(known: WellKnown, text: &str) -> Result<Value> {
    let pair = match known {
        // The stricter spelling that protobuf asks for.
        WellKnown::Timestamp if !text.contains(['t', 'z']) => time::parse_timestamp(text),
        WellKnown::Duration if !text.contains('P') => time::parse_duration(text),
        WellKnown::FieldMask => return field_mask(text),
        _ => None,
    };
    match pair {
        Some((seconds, nanos)) => Ok(Value::Record(vec![
            Value::Int(seconds),
            Value::Int(nanos.into()),
        ])),
        None => Err(DecodeError::new(format!(
            "expected {}, found {}",
            expected(known),
            excerpt(text)
        ))),
    }
}

fn field_mask(text: &str) -> Result<Value> {
    let paths = text.split(',').filter(|_| !text.is_empty());
    let paths = paths.map(|path| match snake_case(path) {
        Some(path) => Ok(Value::String(path)),
        None => Err(DecodeError::new(format!(
            "{} is no field path in lowerCamelCase",
            excerpt(path)
        ))),
    });
    Ok(Value::Record(vec![Value::List(
        paths.collect::<Result<_>>()?,
    )]))
}

fn snake_case(path: &str) -> Option<String> {
    if path.is_empty() || path.contains('_') {
        return None;
    }
    let mut snake = String::with_capacity(path.len() + 4);
    for c in path.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    Some(snake)
}

/// `None` where it would read back as another path.
fn camel_case(path: &str) -> Option<String> {
    let mut camel = String::with_capacity(path.len());
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '_' => camel.push(
                chars
                    .next()
                    .filter(char::is_ascii_lowercase)?
                    .to_ascii_uppercase(),
            ),
            ',' => return None,
            c if c.is_ascii_uppercase() => return None,
            c => camel.push(c),
        }
    }
    (!path.is_empty()).then_some(camel)
}

/// The text of a timestamp, duration or field mask.
pub(super) fn to_text(known: WellKnown, value: &Value) -> std::result::Result<String, EncodeError> {
    let Value::Record(fields) = value else {
        return Err(EncodeError::new(format!("the value is no {known:?}")));
    };
    let mut text = String::new();
    let written = match (known, &fields[..]) {
        (WellKnown::Timestamp, [Value::Int(seconds), Value::Int(nanos)]) => i32::try_from(*nanos)
            .ok()
            .and_then(|nanos| time::write_timestamp(*seconds, nanos, &mut text)),
        (WellKnown::Duration, [Value::Int(seconds), Value::Int(nanos)]) => i32::try_from(*nanos)
            .ok()
            .and_then(|nanos| time::write_proto_duration(*seconds, nanos, &mut text)),
        (WellKnown::FieldMask, [Value::List(paths)]) => return join(paths),
        _ => return Err(EncodeError::new(format!("the value is no {known:?}"))),
    };
    match (written, known) {
        (Some(()), _) => Ok(text),
        (None, WellKnown::Timestamp) => Err(EncodeError::new(
            "a timestamp outside the years 1 to 9999, or nanos outside 0 to 999999999",
        )),
        (None, _) => Err(EncodeError::new(
            "a duration beyond 10000 years, or seconds and nanos of different signs",
        )),
    }
}

fn join(paths: &[Value]) -> std::result::Result<String, EncodeError> {
    let mut text = String::new();
    for (i, path) in paths.iter().enumerate() {
        let Value::String(path) = path else {
            return Err(EncodeError::new("the value is no FieldMask"));
        };
        let camel = camel_case(path).ok_or_else(|| {
            EncodeError::new(format!("the field path {:?} has no JSON form", cut(path)))
        })?;
        if i > 0 {
            text.push(',');
        }
        text.push_str(&camel);
    }
    Ok(text)
}
