//! Whether a plain JSON value fits a type: the host's plain profile, applied
//! to the few values of `@default` when a contract is checked.

use serde_json::{Map, Value};
use wit_parser::{Record, Resolve, Type, TypeDefKind, TypeId, TypeOwner, Variant};

use crate::names::{dealias, is_bytes, kind, nearest, primitive};
use crate::parse;

/// What was expected where, and what was found.
type Wrong = String;

pub(crate) fn check(resolve: &Resolve, ty: Type, value: &Value) -> Result<(), Wrong> {
    Checker { resolve }.value(ty, value, &mut Vec::new())
}

struct Checker<'a> {
    resolve: &'a Resolve,
}

type Path = Vec<String>;

impl Checker<'_> {
    /// Recursion is bounded by the type's nesting, since every step descends
    /// into the type.
    fn value(&self, ty: Type, value: &Value, path: &mut Path) -> Result<(), Wrong> {
        match dealias(self.resolve, ty) {
            Type::Id(id) => self.defined(id, value, path),
            ty if fits_primitive(ty, value) => Ok(()),
            ty => Err(wrong(path, expected_primitive(ty), value)),
        }
    }

    fn defined(&self, id: TypeId, value: &Value, path: &mut Path) -> Result<(), Wrong> {
        if let Some(outcome) = self.well_known(id, value, path) {
            return outcome;
        }
        match &self.resolve.types[id].kind {
            TypeDefKind::Record(record) => self.record(record, value, path),
            TypeDefKind::Variant(variant) => self.variant(variant, value, path),
            TypeDefKind::Enum(cases) => {
                let names: Vec<_> = cases.cases.iter().map(|case| plain(&case.name)).collect();
                one_of(&names, value, path)
            }
            TypeDefKind::Flags(flags) => {
                let names: Vec<_> = flags.flags.iter().map(|flag| plain(&flag.name)).collect();
                each(list(value, path)?, path, |value, path| {
                    one_of(&names, value, path)
                })
            }
            TypeDefKind::List(_) if is_bytes(self.resolve, Type::Id(id)) => match value {
                Value::String(text) if is_base64(text) => Ok(()),
                _ => Err(wrong(path, "a base64 text", value)),
            },
            TypeDefKind::List(item) => each(list(value, path)?, path, |value, path| {
                self.value(*item, value, path)
            }),
            TypeDefKind::Tuple(tuple) => self.tuple(&tuple.types, value, path),
            TypeDefKind::Option(inner) => self.option(*inner, value, path),
            TypeDefKind::Result(result) => {
                let (name, payload) = only_member(value, path, "{\"ok\":…} or {\"err\":…}")?;
                match name {
                    "ok" => self.payload(result.ok, payload, "ok", path),
                    "err" => self.payload(result.err, payload, "err", path),
                    _ => Err(wrong(path, "{\"ok\":…} or {\"err\":…}", value)),
                }
            }
            TypeDefKind::Map(key, item) => self.map(*key, *item, value, path),
            other => Err(wrong(path, other.as_str(), value)),
        }
    }

    fn record(&self, record: &Record, value: &Value, path: &mut Path) -> Result<(), Wrong> {
        let members = value
            .as_object()
            .ok_or_else(|| wrong(path, "an object", value))?;
        let names: Vec<_> = (record.fields.iter())
            .map(|field| plain(&field.name))
            .collect();
        // A wire ignores unknown fields; here one is a slip of the pen.
        if let Some(unknown) = members.keys().find(|key| !names.contains(key)) {
            let nearest = nearest(unknown, names.iter().map(String::as_str)).unwrap_or_default();
            return Err(at(
                path,
                &format!("no field `{unknown}`, the nearest is `{nearest}`"),
            ));
        }
        for (field, name) in record.fields.iter().zip(&names) {
            let member = members.get(name).unwrap_or(&Value::Null);
            within(path, name, |path| self.value(field.ty, member, path))?;
        }
        Ok(())
    }

    fn variant(&self, variant: &Variant, value: &Value, path: &mut Path) -> Result<(), Wrong> {
        let bare: Vec<_> = (variant.cases.iter())
            .filter(|case| case.ty.is_none())
            .map(|case| plain(&case.name))
            .collect();
        if value.is_string() {
            return one_of(&bare, value, path);
        }
        let (name, payload) = only_member(value, path, "{\"case_name\":payload}")?;
        match variant.cases.iter().find(|case| plain(&case.name) == name) {
            Some(case) => self.payload(case.ty, payload, name, path),
            None => Err(at(path, &format!("no case `{name}`"))),
        }
    }

    fn payload(
        &self,
        ty: Option<Type>,
        value: &Value,
        name: &str,
        path: &mut Path,
    ) -> Result<(), Wrong> {
        within(path, name, |path| match ty {
            Some(ty) => self.value(ty, value, path),
            None if value.is_null() => Ok(()),
            None => Err(wrong(path, "null", value)),
        })
    }

    fn tuple(&self, types: &[Type], value: &Value, path: &mut Path) -> Result<(), Wrong> {
        let items = list(value, path)?;
        if items.len() != types.len() {
            return Err(at(
                path,
                &format!("expected {} values, found {}", types.len(), items.len()),
            ));
        }
        for (index, (ty, item)) in types.iter().zip(items).enumerate() {
            within(path, &index.to_string(), |path| self.value(*ty, item, path))?;
        }
        Ok(())
    }

    fn option(&self, inner: Type, value: &Value, path: &mut Path) -> Result<(), Wrong> {
        if value.is_null() {
            return Ok(());
        }
        if !matches!(kind(self.resolve, inner), Some(TypeDefKind::Option(_))) {
            return self.value(inner, value, path);
        }
        // An option of an option needs to tell its two nulls apart.
        match only_member(value, path, "null or {\"some\":…}")? {
            ("some", payload) => within(path, "some", |path| self.value(inner, payload, path)),
            _ => Err(wrong(path, "null or {\"some\":…}", value)),
        }
    }

    fn map(&self, key: Type, item: Type, value: &Value, path: &mut Path) -> Result<(), Wrong> {
        let key = dealias(self.resolve, key);
        let has_text_key = !matches!(key, Type::F32 | Type::F64 | Type::Id(_));
        if !has_text_key {
            let pairs = list(value, path)?;
            return each(pairs, path, |pair, path| {
                self.tuple(&[key, item], pair, path)
            });
        }
        let members = value
            .as_object()
            .ok_or_else(|| wrong(path, "an object", value))?;
        for (name, member) in members {
            if !fits_key(key, name) {
                return Err(at(
                    path,
                    &format!("key `{name}` is not {}", expected_primitive(key)),
                ));
            }
            within(path, name, |path| self.value(item, member, path))?;
        }
        Ok(())
    }

    /// Records of `ostler:rpc/types` that have a JSON form of their own.
    fn well_known(&self, id: TypeId, value: &Value, path: &Path) -> Option<Result<(), Wrong>> {
        let def = &self.resolve.types[id];
        let types = parse::rpc_interface(self.resolve, "types")?;
        if def.owner != TypeOwner::Interface(types) {
            return None;
        }
        let text = value.as_str();
        let (fits, expected) = match def.name.as_deref()? {
            "timestamp" => (
                text.is_some_and(is_timestamp),
                "an RFC 3339 time ending in Z",
            ),
            "duration" => (
                text.is_some_and(is_duration),
                "an ISO 8601 time such as PT1.5S",
            ),
            "struct" => (value.is_object(), "an object"),
            // Their forms depend on types that only the host knows.
            "any" | "field-mask" => {
                return Some(Err(at(path, "a default cannot hold this type")));
            }
            _ => return None,
        };
        Some(if fits {
            Ok(())
        } else {
            Err(wrong(path, expected, value))
        })
    }
}

fn fits_primitive(ty: Type, value: &Value) -> bool {
    match ty {
        Type::Bool => value.is_boolean(),
        Type::F32 | Type::F64 => {
            value.is_number() || matches!(value.as_str(), Some("NaN" | "Infinity" | "-Infinity"))
        }
        Type::Char => value.as_str().is_some_and(|text| text.chars().count() == 1),
        Type::String => value.is_string(),
        _ => fits_integer(ty, value),
    }
}

fn fits_integer(ty: Type, value: &Value) -> bool {
    let number = match (value, ty) {
        // Wires accept 64-bit integers as texts too.
        (Value::String(text), Type::U64 | Type::S64) => text.parse::<i128>().ok(),
        (Value::Number(number), _) => {
            (number.as_u64().map(i128::from)).or_else(|| number.as_i64().map(i128::from))
        }
        _ => None,
    };
    match (number, range(ty)) {
        (Some(number), Some((low, high))) => (low..=high).contains(&number),
        _ => false,
    }
}

fn range(ty: Type) -> Option<(i128, i128)> {
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

/// Keys of an object are texts, whatever the key type.
fn fits_key(ty: Type, key: &str) -> bool {
    match (ty, range(ty)) {
        (Type::String, _) => true,
        (Type::Bool, _) => matches!(key, "true" | "false"),
        (Type::Char, _) => key.chars().count() == 1,
        (_, Some((low, high))) => key
            .parse::<i128>()
            .is_ok_and(|number| (low..=high).contains(&number)),
        _ => false,
    }
}

fn expected_primitive(ty: Type) -> &'static str {
    match ty {
        Type::Char => "a text of one character",
        Type::String => "a text",
        Type::Bool => "true or false",
        Type::F32 | Type::F64 => "a number",
        ty => primitive(ty),
    }
}

fn one_of(names: &[String], value: &Value, path: &Path) -> Result<(), Wrong> {
    match value.as_str() {
        Some(name) if names.iter().any(|known| known == name) => Ok(()),
        _ if names.is_empty() => Err(wrong(path, "{\"case_name\":payload}", value)),
        _ => {
            let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
            Err(wrong(path, &format!("one of {}", names.join(", ")), value))
        }
    }
}

fn list<'v>(value: &'v Value, path: &Path) -> Result<&'v [Value], Wrong> {
    let items = value
        .as_array()
        .ok_or_else(|| wrong(path, "an array", value))?;
    Ok(items)
}

fn each(
    items: &[Value],
    path: &mut Path,
    mut f: impl FnMut(&Value, &mut Path) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    for (index, item) in items.iter().enumerate() {
        within(path, &index.to_string(), |path| f(item, path))?;
    }
    Ok(())
}

fn only_member<'v>(
    value: &'v Value,
    path: &Path,
    expected: &str,
) -> Result<(&'v str, &'v Value), Wrong> {
    let only = |members: &'v Map<String, Value>| match members.len() {
        1 => members.iter().next(),
        _ => None,
    };
    let member = value.as_object().and_then(only);
    let (name, payload) = member.ok_or_else(|| wrong(path, expected, value))?;
    Ok((name, payload))
}

fn within(
    path: &mut Path,
    step: &str,
    f: impl FnOnce(&mut Path) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    path.push(step.to_owned());
    f(path)?;
    path.pop();
    Ok(())
}

fn wrong(path: &Path, expected: &str, value: &Value) -> Wrong {
    let mut found = value.to_string();
    if found.len() > 60 {
        let end = (0..=57).rev().find(|end| found.is_char_boundary(*end));
        found.truncate(end.unwrap_or(0));
        found.push('…');
    }
    at(path, &format!("expected {expected}, found {found}"))
}

fn at(path: &Path, what: &str) -> Wrong {
    if path.is_empty() {
        what.to_owned()
    } else {
        format!("at `{}` {what}", path.join("."))
    }
}

fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// Standard alphabet, padded.
fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(in_alphabet)
}

/// `2024-01-31T10:00:00.5Z`; the host checks the calendar.
fn is_timestamp(text: &str) -> bool {
    let Some((seconds, fraction)) = text
        .strip_suffix('Z')
        .and_then(|text| text.split_at_checked(19))
    else {
        return false;
    };
    let shape = |(byte, pattern): (u8, u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        _ => byte == pattern,
    };
    let fraction_fits = match fraction.strip_prefix('.') {
        Some(digits) => (1..=9).contains(&digits.len()) && is_digits(digits),
        None => fraction.is_empty(),
    };
    seconds.bytes().zip(*b"0000-00-00T00:00:00").all(shape) && fraction_fits
}

/// `PT1.5S`, `-PT3S`.
fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let seconds = text
        .strip_prefix("PT")
        .and_then(|text| text.strip_suffix('S'));
    let Some(seconds) = seconds else { return false };
    match seconds.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction) && fraction.len() <= 9,
        None => is_digits(seconds),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
