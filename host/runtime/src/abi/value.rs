//! Conversion along the plan. The recursion is as deep as the type, which the
//! contract bounds.

use bytes::Bytes;
use ostler_call::Status;
use ostler_schema::{Enum, Flags, Name, Plan, Type, TypeId, Value, Variant};
use wasmtime::component::Val;
use wasmtime::{Result, format_err};

use crate::host::rpc_types;

/// A value as wasmtime takes it.
///
/// # Errors
/// When the value is not of the type, which is a fault of the host.
pub(super) fn to_val(plan: &Plan, ty: TypeId, value: Value) -> Result<Val> {
    Ok(match (&plan[ty], value) {
        (Type::Bool, Value::Bool(b)) => Val::Bool(b),
        (Type::U8, Value::Uint(n)) => Val::U8(u8::try_from(n)?),
        (Type::U16, Value::Uint(n)) => Val::U16(u16::try_from(n)?),
        (Type::U32, Value::Uint(n)) => Val::U32(u32::try_from(n)?),
        (Type::U64, Value::Uint(n)) => Val::U64(n),
        (Type::S8, Value::Int(n)) => Val::S8(i8::try_from(n)?),
        (Type::S16, Value::Int(n)) => Val::S16(i16::try_from(n)?),
        (Type::S32, Value::Int(n)) => Val::S32(i32::try_from(n)?),
        (Type::S64, Value::Int(n)) => Val::S64(n),
        (Type::F32, Value::Float(x)) => Val::Float32(narrow(x)),
        (Type::F64, Value::Float(x)) => Val::Float64(x),
        (Type::Char, Value::Char(c)) => Val::Char(c),
        (Type::String, Value::String(s)) => Val::String(s),
        (Type::Bytes, Value::Bytes(b)) => Val::List(b.iter().map(|b| Val::U8(*b)).collect()),
        (Type::List(item), Value::List(items)) => Val::List(many(plan, *item, items)?),
        (Type::Option(some), Value::Option(value)) => Val::Option(boxed(plan, Some(*some), value)?),
        (Type::Result { ok, err }, Value::Result(value)) => Val::Result(match value {
            Ok(value) => Ok(boxed(plan, *ok, value)?),
            Err(value) => Err(boxed(plan, *err, value)?),
        }),
        (Type::Tuple(types), Value::Record(items)) => Val::Tuple(
            types
                .iter()
                .zip(items)
                .map(|(ty, item)| to_val(plan, *ty, item))
                .collect::<Result<_>>()?,
        ),
        (Type::Record(record), Value::Record(items)) => Val::Record(
            record
                .fields
                .iter()
                .zip(items)
                .map(|(field, item)| {
                    Ok((field.name.wit.to_string(), to_val(plan, field.ty, item)?))
                })
                .collect::<Result<_>>()?,
        ),
        (Type::Variant(variant), Value::Variant(case, value)) => {
            let case = variant
                .cases
                .get(case as usize)
                .ok_or_else(|| mismatch("variant case"))?;
            Val::Variant(case.name.wit.to_string(), boxed(plan, case.ty, value)?)
        }
        (Type::Enum(en), Value::Enum(case)) => Val::Enum(
            en.cases
                .get(case as usize)
                .ok_or_else(|| mismatch("enum case"))?
                .wit
                .to_string(),
        ),
        (Type::Flags(flags), Value::Flags(bits)) => Val::Flags(set_flags(flags, bits)),
        (Type::Map(key, value), Value::Map(entries)) => Val::Map(
            entries
                .into_iter()
                .map(|(k, v)| Ok((to_val(plan, *key, k)?, to_val(plan, *value, v)?)))
                .collect::<Result<_>>()?,
        ),
        _ => return Err(mismatch("value")),
    })
}

/// What a guest handed over.
///
/// # Errors
/// When it is not of the type: the component lies about its own interface.
pub(super) fn from_val(plan: &Plan, ty: TypeId, val: Val) -> Result<Value> {
    Ok(match (&plan[ty], val) {
        (_, Val::Bool(b)) => Value::Bool(b),
        (_, Val::U8(n)) => Value::Uint(n.into()),
        (_, Val::U16(n)) => Value::Uint(n.into()),
        (_, Val::U32(n)) => Value::Uint(n.into()),
        (_, Val::U64(n)) => Value::Uint(n),
        (_, Val::S8(n)) => Value::Int(n.into()),
        (_, Val::S16(n)) => Value::Int(n.into()),
        (_, Val::S32(n)) => Value::Int(n.into()),
        (_, Val::S64(n)) => Value::Int(n),
        (_, Val::Float32(x)) => Value::Float(x.into()),
        (_, Val::Float64(x)) => Value::Float(x),
        (_, Val::Char(c)) => Value::Char(c),
        (_, Val::String(s)) => Value::String(s),
        (Type::Bytes, Val::List(items)) => Value::Bytes(bytes(items)?),
        (Type::List(item), Val::List(items)) => Value::List(
            items
                .into_iter()
                .map(|v| from_val(plan, *item, v))
                .collect::<Result<_>>()?,
        ),
        (Type::Option(some), Val::Option(val)) => Value::Option(unboxed(plan, Some(*some), val)?),
        (Type::Result { ok, err }, Val::Result(val)) => Value::Result(match val {
            Ok(val) => Ok(unboxed(plan, *ok, val)?),
            Err(val) => Err(unboxed(plan, *err, val)?),
        }),
        (Type::Tuple(types), Val::Tuple(items)) => Value::Record(
            types
                .iter()
                .zip(items)
                .map(|(ty, v)| from_val(plan, *ty, v))
                .collect::<Result<_>>()?,
        ),
        (Type::Record(record), Val::Record(fields)) => Value::Record(
            record
                .fields
                .iter()
                .zip(fields)
                .map(|(field, (_, v))| from_val(plan, field.ty, v))
                .collect::<Result<_>>()?,
        ),
        (Type::Variant(variant), Val::Variant(name, val)) => {
            from_variant(plan, variant, &name, val)?
        }
        (Type::Enum(en), Val::Enum(name)) => Value::Enum(case_of(en, &name)?),
        (Type::Flags(flags), Val::Flags(names)) => Value::Flags(flag_bits(flags, &names)?),
        (Type::Map(key, value), Val::Map(entries)) => Value::Map(
            entries
                .into_iter()
                .map(|(k, v)| Ok((from_val(plan, *key, k)?, from_val(plan, *value, v)?)))
                .collect::<Result<_>>()?,
        ),
        _ => return Err(mismatch("value")),
    })
}

/// A status as the record of `ostler:rpc/types`.
pub(super) fn status_val(status: &Status) -> Val {
    let details = status
        .details()
        .iter()
        .map(|any| {
            let value = any.value.iter().map(|b| Val::U8(*b)).collect();
            Val::Record(vec![
                ("type-name".to_owned(), Val::String(any.type_name.clone())),
                ("value".to_owned(), Val::List(value)),
            ])
        })
        .collect();
    Val::Record(vec![
        (
            "code".to_owned(),
            Val::Enum(rpc_types::code_name(status.code())),
        ),
        (
            "message".to_owned(),
            Val::String(status.message().to_owned()),
        ),
        ("details".to_owned(), Val::List(details)),
    ])
}

fn many(plan: &Plan, item: TypeId, items: Vec<Value>) -> Result<Vec<Val>> {
    items
        .into_iter()
        .map(|value| to_val(plan, item, value))
        .collect()
}

fn boxed(plan: &Plan, ty: Option<TypeId>, value: Option<Box<Value>>) -> Result<Option<Box<Val>>> {
    match (ty, value) {
        (Some(ty), Some(value)) => Ok(Some(Box::new(to_val(plan, ty, *value)?))),
        (_, None) => Ok(None),
        (None, Some(_)) => Err(mismatch("payload")),
    }
}

fn unboxed(plan: &Plan, ty: Option<TypeId>, val: Option<Box<Val>>) -> Result<Option<Box<Value>>> {
    match (ty, val) {
        (Some(ty), Some(val)) => Ok(Some(Box::new(from_val(plan, ty, *val)?))),
        (_, None) => Ok(None),
        (None, Some(_)) => Err(mismatch("payload")),
    }
}

fn from_variant(
    plan: &Plan,
    variant: &Variant,
    name: &str,
    val: Option<Box<Val>>,
) -> Result<Value> {
    let (i, case) = variant
        .cases
        .iter()
        .enumerate()
        .find(|(_, case)| *case.name.wit == *name)
        .ok_or_else(|| mismatch("variant case"))?;
    Ok(Value::Variant(
        u32::try_from(i)?,
        unboxed(plan, case.ty, val)?,
    ))
}

fn case_of(en: &Enum, name: &str) -> Result<u32> {
    position(&en.cases, name)
}

fn flag_bits(flags: &Flags, names: &[String]) -> Result<u32> {
    names.iter().try_fold(0, |bits, name| {
        Ok(bits | 1u32 << position(&flags.flags, name)?)
    })
}

fn set_flags(flags: &Flags, bits: u32) -> Vec<String> {
    flags
        .flags
        .iter()
        .enumerate()
        .filter(|(i, _)| bits >> i & 1 == 1)
        .map(|(_, name)| name.wit.to_string())
        .collect()
}

fn position(names: &[Name], name: &str) -> Result<u32> {
    let i = names
        .iter()
        .position(|n| *n.wit == *name)
        .ok_or_else(|| mismatch("name"))?;
    Ok(u32::try_from(i)?)
}

fn bytes(items: Vec<Val>) -> Result<Bytes> {
    items
        .into_iter()
        .map(|item| match item {
            Val::U8(b) => Ok(b),
            _ => Err(mismatch("byte")),
        })
        .collect()
}

/// Exact: the codec has rounded already.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the value came from an f32 or was rounded to one"
)]
fn narrow(x: f64) -> f32 {
    x as f32
}

fn mismatch(what: &str) -> wasmtime::Error {
    format_err!("a {what} does not match the contract")
}
