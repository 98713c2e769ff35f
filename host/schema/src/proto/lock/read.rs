//! A lock from its text.

use std::collections::BTreeMap;

use ::toml::de::DeValue;

use super::toml::{Node, Source};
use super::{
    EnumLock, FieldLock, Lock, MessageLock, OneofLock, Pinned, Reserved, ServiceLock, ValueLock,
};
use crate::ContractError;
use crate::proto::numbers::{KEPT, MAX_FIELD};

/// The only format there is.
const FORMAT: i32 = 1;

/// The most packages of protobuf; every full name is looked for in them.
const MAX_PACKAGES: usize = 100;

/// Reads the text of a lock.
pub(super) fn read(text: &str) -> Result<Lock, ContractError> {
    let source = Source { text };
    let mut lock = Lock::default();
    let mut format = None;
    for (key, node) in &source.parse()? {
        match &**key.get_ref() {
            "format" => format = Some(source.integer(node)?),
            "packages" => lock.packages = source.packages(node)?,
            "services" => lock.services = source.each(node, Source::service)?,
            "messages" => lock.messages = source.each(node, Source::message)?,
            "enums" => lock.enums = source.each(node, Source::enumeration)?,
            _ => return Err(source.unknown(key, "format, packages, services, messages, enums")),
        }
    }
    match format {
        Some(FORMAT) => Ok(lock),
        Some(other) => {
            let problem = format!("format {other} is unknown (this version reads {FORMAT})");
            Err(source.refuse(0, problem, "update ostler"))
        }
        None => Err(source.refuse(0, "it says no `format`", "restore it, or write it again")),
    }
}

impl<'s> Source<'s> {
    fn packages(self, node: &Node<'s>) -> Result<Vec<String>, ContractError> {
        let items = self.array(node)?;
        if items.len() > MAX_PACKAGES {
            let problem = format!("there are more than {MAX_PACKAGES} packages");
            return Err(self.refuse(node.span().start, problem, "split the contract"));
        }
        items.iter().map(|item| self.full_name(item)).collect()
    }

    /// A table of such things by name.
    fn each<T>(
        self,
        node: &Node<'s>,
        read: impl Fn(Self, &Node<'s>) -> Result<T, ContractError>,
    ) -> Result<BTreeMap<String, T>, ContractError> {
        let mut all = BTreeMap::new();
        for (key, node) in self.table(node)? {
            all.insert(key.get_ref().to_string(), read(self, node)?);
        }
        Ok(all)
    }

    fn service(self, node: &Node<'s>) -> Result<ServiceLock, ContractError> {
        let mut service = ServiceLock::default();
        for (key, node) in self.table(node)? {
            match &**key.get_ref() {
                "full-name" => service.full_name = Some(self.full_name(node)?),
                "methods" => service.methods = self.each(node, Self::name)?,
                _ => return Err(self.unknown(key, "full-name, methods")),
            }
        }
        Ok(service)
    }

    fn message(self, node: &Node<'s>) -> Result<MessageLock, ContractError> {
        let mut message = MessageLock::default();
        for (key, node) in self.table(node)? {
            match &**key.get_ref() {
                "name" => message.name = Some(Pinned::Short(self.name(node)?)),
                "full-name" => message.name = Some(Pinned::Full(self.full_name(node)?)),
                "fields" => message.fields = self.each(node, Self::field)?,
                "oneofs" => message.oneofs = self.each(node, Self::oneof)?,
                "reserved" => message.reserved.numbers = self.reserved(node, 1, MAX_FIELD)?,
                "reserved-names" => message.reserved.names = self.names(node)?,
                _ => {
                    let known = "name, full-name, fields, oneofs, reserved, reserved-names";
                    return Err(self.unknown(key, known));
                }
            }
        }
        message.reserved = tidy(message.reserved);
        let oneofs = message.oneofs.values().flat_map(|oneof| &oneof.fields);
        let fields = message.fields.iter().chain(oneofs);
        let numbers =
            fields.filter_map(|(name, field)| Some((name, i32::try_from(field.number?).ok()?)));
        self.check_numbers(node, numbers, &message.reserved)?;
        Ok(message)
    }

    fn oneof(self, node: &Node<'s>) -> Result<OneofLock, ContractError> {
        let mut oneof = OneofLock::default();
        for (key, node) in self.table(node)? {
            match &**key.get_ref() {
                "name" => oneof.name = Some(self.name(node)?),
                "fields" => oneof.fields = self.each(node, Self::field)?,
                _ => return Err(self.unknown(key, "name, fields")),
            }
        }
        Ok(oneof)
    }

    /// A number alone, or a table with whatever else there is.
    fn field(self, node: &Node<'s>) -> Result<FieldLock, ContractError> {
        let mut field = FieldLock::default();
        let DeValue::Table(table) = node.get_ref() else {
            field.number = Some(self.field_number(node)?);
            return Ok(field);
        };
        for (key, node) in table {
            match &**key.get_ref() {
                "number" => field.number = Some(self.field_number(node)?),
                "name" => field.name = Some(self.name(node)?),
                "json-name" => field.json_name = Some(self.json_name(node)?),
                "kind" => field.kind = Some(self.text(node)?),
                "key-kind" => field.key_kind = Some(self.text(node)?),
                "any" => field.any = Some(self.text(node)?),
                "packed" => field.packed = Some(self.flag(node)?),
                _ => {
                    let known = "number, name, json-name, kind, key-kind, any, packed";
                    return Err(self.unknown(key, known));
                }
            }
        }
        Ok(field)
    }

    fn field_number(self, node: &Node<'s>) -> Result<u32, ContractError> {
        let number = self.integer(node)?;
        if (1..=MAX_FIELD).contains(&number) && !KEPT.contains(&number) {
            return Ok(number.unsigned_abs());
        }
        let problem = format!("{number} cannot be the number of a field");
        let remedy = format!(
            "use 1 to {MAX_FIELD}, but not {} to {}, which protobuf keeps for itself",
            KEPT.start(),
            KEPT.end()
        );
        Err(self.refuse(node.span().start, problem, &remedy))
    }

    fn enumeration(self, node: &Node<'s>) -> Result<EnumLock, ContractError> {
        let mut of = EnumLock::default();
        for (key, node) in self.table(node)? {
            match &**key.get_ref() {
                "name" => of.name = Some(Pinned::Short(self.name(node)?)),
                "full-name" => of.name = Some(Pinned::Full(self.full_name(node)?)),
                "values" => of.values = self.each(node, Self::value)?,
                "zero" => of.zero = Some(self.name(node)?),
                "reserved" => of.reserved.numbers = self.reserved(node, i32::MIN, i32::MAX)?,
                "reserved-names" => of.reserved.names = self.names(node)?,
                _ => {
                    let known = "name, full-name, values, zero, reserved, reserved-names";
                    return Err(self.unknown(key, known));
                }
            }
        }
        of.reserved = tidy(of.reserved);
        let numbers = of
            .values
            .iter()
            .filter_map(|(name, value)| Some((name, value.number?)));
        self.check_numbers(node, numbers, &of.reserved)?;
        Ok(of)
    }

    fn value(self, node: &Node<'s>) -> Result<ValueLock, ContractError> {
        let mut value = ValueLock::default();
        let DeValue::Table(table) = node.get_ref() else {
            value.number = Some(self.integer(node)?);
            return Ok(value);
        };
        for (key, node) in table {
            match &**key.get_ref() {
                "number" => value.number = Some(self.integer(node)?),
                "name" => value.name = Some(self.name(node)?),
                _ => return Err(self.unknown(key, "number, name")),
            }
        }
        Ok(value)
    }

    fn names(self, node: &Node<'s>) -> Result<Vec<String>, ContractError> {
        self.array(node)?
            .iter()
            .map(|item| self.name(item))
            .collect()
    }

    /// Numbers, and ranges such as `"5-9"`.
    fn reserved(
        self,
        node: &Node<'s>,
        min: i32,
        max: i32,
    ) -> Result<Vec<(i32, i32)>, ContractError> {
        let mut ranges = Vec::new();
        for item in self.array(node)? {
            let range = match item.get_ref().as_str() {
                Some(text) => range(text),
                None => {
                    let number = self.integer(item)?;
                    Some((number, number))
                }
            };
            let fits = range.filter(|(first, last)| min <= *first && first <= last && *last <= max);
            ranges.push(fits.ok_or_else(|| {
                let problem = "it is no number, or range of numbers, that could be used";
                self.refuse(item.span().start, problem, "write 5, or \"5-9\"")
            })?);
        }
        Ok(ranges)
    }

    fn check_numbers<'n>(
        self,
        node: &Node<'s>,
        numbers: impl Iterator<Item = (&'n String, i32)>,
        reserved: &Reserved,
    ) -> Result<(), ContractError> {
        let mut seen = BTreeMap::new();
        for (name, number) in numbers {
            if let Some(other) = seen.insert(number, name) {
                let problem = format!("{other} and {name} both have number {number}");
                return Err(self.refuse(node.span().start, problem, "give the newer one another"));
            }
            if reserved.end_of(number).is_some() {
                let problem = format!("{name} has number {number}, which is reserved");
                return Err(self.refuse(node.span().start, problem, "give it another"));
            }
        }
        Ok(())
    }
}

fn tidy(reserved: Reserved) -> Reserved {
    Reserved::new(reserved.numbers, reserved.names)
}

/// `5-9`; a minus may be in front of either.
fn range(text: &str) -> Option<(i32, i32)> {
    let dash = text.char_indices().skip(1).find(|(_, c)| *c == '-')?.0;
    Some((text[..dash].parse().ok()?, text[dash + 1..].parse().ok()?))
}
