//! The text of a lock: a line for each field, in order of number, so that
//! changes are easy to see.

use std::fmt::Write as _;

use super::{
    EnumLock, FieldLock, Lock, MessageLock, OneofLock, Pinned, Reserved, ServiceLock, ValueLock,
};

const HEAD: &str = "\
# What protobuf calls the parts of this contract. `ostler lock` extends it; keep it
# with the WIT, so that numbers stay when the WIT changes.
format = 1
";

impl Lock {
    /// Its text; the same lock always gives the same.
    pub fn write(&self) -> String {
        let mut out = HEAD.to_owned();
        if !self.packages.is_empty() {
            line(&mut out, "packages", &texts(&self.packages));
        }
        for (key, service) in &self.services {
            section(&mut out, "services", key);
            write_service(&mut out, service);
        }
        for (key, message) in &self.messages {
            section(&mut out, "messages", key);
            write_message(&mut out, message);
        }
        for (key, of) in &self.enums {
            section(&mut out, "enums", key);
            write_enum(&mut out, of);
        }
        out
    }
}

fn section(out: &mut String, group: &str, key: &str) {
    // Writing to a string does not fail.
    let _ok = writeln!(out, "\n[{group}.{}]", text(key));
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ok = writeln!(out, "{key} = {value}");
}

fn write_service(out: &mut String, service: &ServiceLock) {
    if let Some(name) = &service.full_name {
        line(out, "full-name", &text(name));
    }
    for (function, method) in &service.methods {
        line(out, &format!("methods.{function}"), &text(method));
    }
}

fn write_message(out: &mut String, message: &MessageLock) {
    write_name(out, message.name.as_ref());
    write_fields(out, "fields", &message.fields);
    for (wit, OneofLock { name, fields }) in &message.oneofs {
        if let Some(name) = name {
            line(out, &format!("oneofs.{wit}.name"), &text(name));
        }
        write_fields(out, &format!("oneofs.{wit}.fields"), fields);
    }
    write_reserved(out, &message.reserved);
}

fn write_fields<'f>(
    out: &mut String,
    group: &str,
    fields: impl IntoIterator<Item = (&'f String, &'f FieldLock)>,
) {
    let mut fields: Vec<_> = fields.into_iter().collect();
    fields.sort_by_key(|(_, field)| field.number.unwrap_or(u32::MAX));
    for (name, field) in fields {
        line(out, &format!("{group}.{name}"), &field_value(field));
    }
}

fn field_value(field: &FieldLock) -> String {
    let number = field.number.map(|number| number.to_string());
    let quoted = |value: &Option<String>| value.as_deref().map(text);
    let packed = field.packed.map(|packed| packed.to_string());
    inline(&[
        ("number", number),
        ("name", quoted(&field.name)),
        ("json-name", quoted(&field.json_name)),
        ("kind", quoted(&field.kind)),
        ("key-kind", quoted(&field.key_kind)),
        ("any", quoted(&field.any)),
        ("packed", packed),
    ])
}

fn write_enum(out: &mut String, of: &EnumLock) {
    write_name(out, of.name.as_ref());
    let mut values: Vec<_> = of.values.iter().collect();
    values.sort_by_key(|(_, value)| value.number.unwrap_or(i32::MAX));
    for (
        name,
        ValueLock {
            number,
            name: pinned,
        },
    ) in values
    {
        let number = number.map(|number| number.to_string());
        let value = inline(&[("number", number), ("name", pinned.as_deref().map(text))]);
        line(out, &format!("values.{name}"), &value);
    }
    if let Some(zero) = &of.zero {
        line(out, "zero", &text(zero));
    }
    write_reserved(out, &of.reserved);
}

fn write_name(out: &mut String, name: Option<&Pinned>) {
    match name {
        Some(Pinned::Short(name)) => line(out, "name", &text(name)),
        Some(Pinned::Full(name)) => line(out, "full-name", &text(name)),
        None => {}
    }
}

fn write_reserved(out: &mut String, reserved: &Reserved) {
    let ranges = reserved
        .numbers
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("\"{first}-{last}\""),
        });
    let ranges: Vec<String> = ranges.collect();
    if !ranges.is_empty() {
        line(out, "reserved", &format!("[{}]", ranges.join(", ")));
    }
    if !reserved.names.is_empty() {
        line(out, "reserved-names", &texts(&reserved.names));
    }
}

/// A number alone, or all that there is.
fn inline(parts: &[(&str, Option<String>)]) -> String {
    let there: Vec<_> = (parts.iter())
        .filter_map(|(key, value)| Some((*key, value.as_ref()?)))
        .collect();
    if let [("number", number)] = &there[..] {
        return (*number).clone();
    }
    let there: Vec<String> = there
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", there.join(", "))
}

fn text(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let special = match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        };
        special.chars().collect::<Vec<_>>()
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn texts(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|one| text(one)).collect();
    format!("[{}]", all.join(", "))
}
