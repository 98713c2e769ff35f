//! [`Value`] → JSON text.

use crate::codec::EncodeError;
use crate::codec::text::{expected, has_key_text, known_text};
use crate::codec::write::{base64, float, json_object, quoted, write_string};
use crate::{Plan, Record, Type, TypeId, Value, WellKnown};

type Result = std::result::Result<(), EncodeError>;

/// Appends `value`, which is of type `ty`.
pub(super) fn value(plan: &Plan, ty: TypeId, value: &Value, out: &mut Vec<u8>) -> Result {
    match (&plan[ty], value) {
        (Type::String, Value::String(text)) => write_string(text, out),
        (Type::Record(of), Value::Record(fields)) => return record(plan, of, fields, out),
        (Type::List(item), Value::List(items)) => return list(plan, *item, items, out),
        (Type::Option(_), Value::Option(None)) => out.extend_from_slice(b"null"),
        (Type::Option(inner), Value::Option(Some(some))) => {
            return option(plan, *inner, some, out);
        }
        (Type::Enum(of), Value::Enum(case)) => match of.cases.get(*case as usize) {
            Some(name) => quoted(&name.plain, out),
            None => return Err(mismatch(plan, ty)),
        },
        (Type::Variant(_), Value::Variant(..)) => return variant(plan, ty, value, out),
        (Type::Result { ok, err }, Value::Result(result)) => {
            return match result {
                Ok(payload) => tagged(plan, "ok", *ok, payload.as_deref(), out),
                Err(payload) => tagged(plan, "err", *err, payload.as_deref(), out),
            };
        }
        (Type::Tuple(types), Value::Record(items)) => return tuple(plan, types, items, out),
        (Type::Map(..), Value::Map(_)) => return map(plan, ty, value, out),
        (Type::Flags(_), Value::Flags(bits)) => return flags(plan, ty, *bits, out),
        _ => return scalar(plan, ty, value, out),
    }
    Ok(())
}

#[inline]
fn scalar(plan: &Plan, ty: TypeId, value: &Value, out: &mut Vec<u8>) -> Result {
    match (&plan[ty], value) {
        (Type::Bool, Value::Bool(true)) => out.extend_from_slice(b"true"),
        (Type::Bool, Value::Bool(false)) => out.extend_from_slice(b"false"),
        (Type::U8 | Type::U16 | Type::U32 | Type::U64, Value::Uint(number)) => {
            out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
        }
        (Type::S8 | Type::S16 | Type::S32 | Type::S64, Value::Int(number)) => {
            out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
        }
        (Type::F32 | Type::F64, Value::Float(number)) => {
            float(matches!(plan[ty], Type::F32), *number, out);
        }
        (Type::Char, Value::Char(c)) => write_string(c.encode_utf8(&mut [0; 4]), out),
        (Type::Bytes, Value::Bytes(bytes)) => base64(bytes, out),
        _ => return Err(mismatch(plan, ty)),
    }
    Ok(())
}

#[cold]
fn mismatch(plan: &Plan, ty: TypeId) -> EncodeError {
    EncodeError::new(format!(
        "the value is not of its declared type ({})",
        expected(plan, ty)
    ))
}

#[inline(never)]
fn record(plan: &Plan, of: &Record, fields: &[Value], out: &mut Vec<u8>) -> Result {
    match of.well_known {
        None | Some(WellKnown::Any) => {}
        Some(known) => return well_known(known, fields, out),
    }
    if fields.len() != of.fields.len() {
        return Err(EncodeError::new(format!(
            "a record of {} fields has {} values",
            of.fields.len(),
            fields.len()
        )));
    }
    out.push(b'{');
    // A key brings the comma before it.
    let mut comma = 1;
    for (field, item) in of.fields.iter().zip(fields) {
        out.extend_from_slice(&field.json_key.as_bytes()[comma..]);
        comma = 0;
        if let Err(error) = value(plan, field.ty, item, out) {
            return Err(error.within(&field.name.plain));
        }
    }
    out.push(b'}');
    Ok(())
}

fn well_known(known: WellKnown, fields: &[Value], out: &mut Vec<u8>) -> Result {
    if let (WellKnown::Struct, [Value::String(json)]) = (known, fields) {
        return json_object(json, out);
    }
    match known_text(known, fields)? {
        Some(text) => write_string(&text, out),
        None => return Err(EncodeError::new(format!("the value is no {known:?}"))),
    }
    Ok(())
}

#[inline(never)]
fn list(plan: &Plan, item: TypeId, items: &[Value], out: &mut Vec<u8>) -> Result {
    out.push(b'[');
    for (i, entry) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        value(plan, item, entry, out).map_err(|error| error.at(i))?;
    }
    out.push(b']');
    Ok(())
}

#[inline(never)]
fn tuple(plan: &Plan, types: &[TypeId], items: &[Value], out: &mut Vec<u8>) -> Result {
    if types.len() != items.len() {
        return Err(EncodeError::new(format!(
            "a tuple of {} has {} values",
            types.len(),
            items.len()
        )));
    }
    out.push(b'[');
    for (i, (ty, item)) in types.iter().zip(items).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        value(plan, *ty, item, out).map_err(|error| error.at(i))?;
    }
    out.push(b']');
    Ok(())
}

#[inline(never)]
fn option(plan: &Plan, inner: TypeId, some: &Value, out: &mut Vec<u8>) -> Result {
    match &plan[inner] {
        Type::Option(_) => tagged(plan, "some", Some(inner), Some(some), out),
        _ => value(plan, inner, some, out),
    }
}

#[inline(never)]
fn variant(plan: &Plan, ty: TypeId, of: &Value, out: &mut Vec<u8>) -> Result {
    let (Type::Variant(variant), Value::Variant(place, payload)) = (&plan[ty], of) else {
        return Err(mismatch(plan, ty));
    };
    let Some(case) = variant.cases.get(*place as usize) else {
        return Err(mismatch(plan, ty));
    };
    if case.ty.is_none() && payload.is_none() {
        quoted(&case.name.plain, out);
        return Ok(());
    }
    tagged(plan, &case.name.plain, case.ty, payload.as_deref(), out)
}

/// `{"tag":payload}`, where an absent payload is `null`.
#[inline(never)]
fn tagged(
    plan: &Plan,
    tag: &str,
    ty: Option<TypeId>,
    payload: Option<&Value>,
    out: &mut Vec<u8>,
) -> Result {
    out.push(b'{');
    quoted(tag, out);
    out.push(b':');
    match (ty, payload) {
        (Some(ty), Some(payload)) => {
            value(plan, ty, payload, out).map_err(|error| error.within(tag))?;
        }
        (None, None) => out.extend_from_slice(b"null"),
        _ => return Err(EncodeError::new("the payload of a case is not as declared").within(tag)),
    }
    out.push(b'}');
    Ok(())
}

#[inline(never)]
fn flags(plan: &Plan, ty: TypeId, bits: u32, out: &mut Vec<u8>) -> Result {
    let Type::Flags(of) = &plan[ty] else {
        return Err(mismatch(plan, ty));
    };
    out.push(b'[');
    let mut comma = false;
    for (bit, name) in of.flags.iter().enumerate() {
        if bits >> bit & 1 == 1 {
            if comma {
                out.push(b',');
            }
            comma = true;
            quoted(&name.plain, out);
        }
    }
    out.push(b']');
    Ok(())
}

#[inline(never)]
fn map(plan: &Plan, ty: TypeId, of: &Value, out: &mut Vec<u8>) -> Result {
    let (Type::Map(key_ty, value_ty), Value::Map(entries)) = (&plan[ty], of) else {
        return Err(mismatch(plan, ty));
    };
    let as_object = has_key_text(&plan[*key_ty]);
    out.push(if as_object { b'{' } else { b'[' });
    for (i, (key, entry)) in entries.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if as_object {
            map_key(plan, *key_ty, key, out).map_err(|error| error.at(i))?;
            out.push(b':');
        } else {
            out.push(b'[');
            value(plan, *key_ty, key, out).map_err(|error| error.at(i))?;
            out.push(b',');
        }
        value(plan, *value_ty, entry, out).map_err(|error| error.at(i))?;
        if !as_object {
            out.push(b']');
        }
    }
    out.push(if as_object { b'}' } else { b']' });
    Ok(())
}

/// A key as a string, whatever its type.
fn map_key(plan: &Plan, ty: TypeId, key: &Value, out: &mut Vec<u8>) -> Result {
    if let Value::String(_) | Value::Char(_) = key {
        return value(plan, ty, key, out);
    }
    out.push(b'"');
    scalar(plan, ty, key, out)?;
    out.push(b'"');
    Ok(())
}
