//! A request record as a URL query: `limit=10&name=ada&tag=a&tag=b`.
//!
//! A field is one parameter of its snake_case name. Strings, chars, enums,
//! timestamps, durations, field masks and base64 stand bare, numbers and bools
//! as in JSON; a list of those is the parameter repeated, or one JSON array;
//! everything else is JSON. Unknown parameters are ignored, of repeated ones
//! the last wins; an optional field is absent or its value.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::text::{from_bare, mismatch};
use super::{DecodeError, EncodeError, json};
use crate::{Field, Plan, Record, Type, TypeId, Value, WellKnown};

/// What RFC 3986 calls unreserved needs no escape.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Reads a query, without its `?`, as a value of the record type `ty`.
///
/// # Errors
/// [`DecodeError`] naming the field and what was expected.
pub fn decode(
    plan: &Plan,
    ty: TypeId,
    query: &[u8],
    max_depth: usize,
) -> Result<Value, DecodeError> {
    let Type::Record(record) = &plan[ty] else {
        return Err(mismatch(plan, ty, "a query"));
    };
    let mut texts: Vec<Vec<Cow<'_, str>>> = vec![Vec::new(); record.fields.len()];
    for pair in query.split(|&byte| byte == b'&').filter(|p| !p.is_empty()) {
        parameter(record, pair, &mut texts)?;
    }
    let fields = record
        .fields
        .iter()
        .zip(&texts)
        .map(|(field, texts)| match texts.last() {
            None => json::absent(plan, field),
            Some(last) => value(plan, field.ty, texts, last, max_depth)
                .map_err(|error| error.embedded(&field.name.plain)),
        });
    fields.collect::<Result<_, _>>().map(Value::Record)
}

/// Files the text of `name=text` under its field.
fn parameter<'a>(
    record: &Record,
    pair: &'a [u8],
    texts: &mut [Vec<Cow<'a, str>>],
) -> Result<(), DecodeError> {
    let equals = pair.iter().position(|&byte| byte == b'=');
    let (name, text) = match equals {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, &[][..]),
    };
    let Some(place) = unescape(name).and_then(|name| record.find(&name, 0)) else {
        return Ok(());
    };
    let text = unescape(text).ok_or_else(|| {
        DecodeError::new("invalid UTF-8").within(&record.fields[place].name.plain)
    })?;
    texts[place].push(text);
    Ok(())
}

/// Percent escapes and `+` for a space; `None` when the result is not UTF-8.
fn unescape(text: &[u8]) -> Option<Cow<'_, str>> {
    if text.contains(&b'+') {
        let spaced: Vec<u8> = text
            .iter()
            .map(|&b| if b == b'+' { b' ' } else { b })
            .collect();
        let decoded = percent_decode(&spaced).decode_utf8().ok()?;
        return Some(Cow::Owned(decoded.into_owned()));
    }
    percent_decode(text).decode_utf8().ok()
}

fn value(
    plan: &Plan,
    ty: TypeId,
    texts: &[Cow<'_, str>],
    last: &str,
    max_depth: usize,
) -> Result<Value, DecodeError> {
    match &plan[ty] {
        Type::Option(inner) if !matches!(plan[*inner], Type::Option(_)) => {
            let value = value(plan, *inner, texts, last, max_depth)?;
            Ok(Value::Option(Some(Box::new(value))))
        }
        Type::List(item) if is_bare(plan, *item) && !is_json_array(texts) => {
            let items = texts
                .iter()
                .enumerate()
                .map(|(i, text)| from_bare(plan, *item, text).map_err(|error| error.at(i)));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        Type::Variant(_) if !last.starts_with(['{', '"']) => from_bare(plan, ty, last),
        _ if is_bare(plan, ty) => from_bare(plan, ty, last),
        _ => json::decode(plan, ty, last.as_bytes(), max_depth),
    }
}

fn is_json_array(texts: &[Cow<'_, str>]) -> bool {
    matches!(texts, [only] if only.starts_with('['))
}

/// Whether a value of the type stands as bare text.
fn is_bare(plan: &Plan, ty: TypeId) -> bool {
    match &plan[ty] {
        Type::Record(record) => matches!(
            record.well_known,
            Some(WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask)
        ),
        Type::List(_)
        | Type::Option(_)
        | Type::Result { .. }
        | Type::Tuple(_)
        | Type::Variant(_)
        | Type::Flags(_)
        | Type::Map(..) => false,
        _ => true,
    }
}

/// Appends a request record as a query, without `?`: absent options are left
/// out, lists go as one JSON array.
///
/// # Errors
/// [`EncodeError`] when the value is no record of that type.
pub fn encode(
    plan: &Plan,
    ty: TypeId,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let (Type::Record(record), Value::Record(values)) = (&plan[ty], value) else {
        return Err(EncodeError::new("only a record can be a query"));
    };
    let mut ampersand = false;
    for (field, value) in record.fields.iter().zip(values) {
        if *value == Value::Option(None) {
            continue;
        }
        if ampersand {
            out.push(b'&');
        }
        ampersand = true;
        encode_parameter(plan, field, value, out)?;
    }
    Ok(())
}

fn encode_parameter(
    plan: &Plan,
    field: &Field,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    out.extend_from_slice(field.name.plain.as_bytes());
    out.push(b'=');
    if let Some(text) = plain_string(plan, field.ty, value) {
        escape(text, out);
        return Ok(());
    }
    let mut json = Vec::new();
    json::encode(plan, field.ty, value, &mut json)
        .map_err(|error| error.within(&field.name.plain))?;
    match serde_json::from_slice::<String>(&json) {
        Ok(text) if bare_type(plan, field.ty) => escape(text, out),
        _ => escape(String::from_utf8_lossy(&json), out),
    }
    Ok(())
}

/// The text of a string or char, which may need no JSON escapes.
fn plain_string<'a>(plan: &Plan, ty: TypeId, value: &'a Value) -> Option<Cow<'a, str>> {
    match (&plan[ty], value) {
        (Type::Option(inner), Value::Option(Some(some))) => plain_string(plan, *inner, some),
        (_, Value::String(text)) => Some(text.into()),
        (_, Value::Char(c)) => Some(c.to_string().into()),
        _ => None,
    }
}

fn bare_type(plan: &Plan, ty: TypeId) -> bool {
    match &plan[ty] {
        Type::Option(inner) => bare_type(plan, *inner),
        _ => is_bare(plan, ty),
    }
}

fn escape(text: impl AsRef<str>, out: &mut Vec<u8>) {
    for part in utf8_percent_encode(text.as_ref(), ESCAPED) {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests;
