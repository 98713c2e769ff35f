//! Records, variants and enums, and their entries in the lock.

use ostler_schema::proto::lock::{
    EnumLock, FieldLock, Lock, MessageLock, OneofLock, Pinned, Reserved, ValueLock,
};
use ostler_schema::proto::names::{upper_snake, value_name};
use protox::prost_reflect::{
    EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor, OneofDescriptor,
};

use super::comments::{comment, write as write_docs};
use super::fields::Fields;
use super::graph::{declared, special};
use super::names::oneofs;
use super::words::{Taken, escaped, kebab};

/// Writes what an interface defines.
#[derive(Debug)]
pub(super) struct Types<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) out: String,
    pub(super) lock: Lock,
    /// What could not be kept.
    pub(super) notes: Vec<String>,
}

impl Types<'_> {
    /// Everything that methods use.
    pub(super) fn all(&mut self) {
        let graph = self.fields.graph;
        for message in &graph.messages {
            let is_known = special(message).is_some() && message.fields().len() > 0;
            if !is_known {
                self.message(message);
            }
        }
        for of in &graph.enums {
            self.enumeration(of);
        }
    }

    fn message(&mut self, message: &MessageDescriptor) {
        let names = self.fields.names;
        let name = escaped(names.ty(message.full_name()));
        let mut lock = MessageLock {
            name: Some(Pinned::Full(message.full_name().to_owned())),
            reserved: reserved(message),
            ..MessageLock::default()
        };
        self.docs(&message.parent_file(), message.path(), "  ");
        if message.fields().len() == 0 {
            // WIT has no empty record.
            self.out += &format!("  enum {name} {{ {name} }}\n\n");
        } else {
            self.out += &format!("  record {name} {{\n");
            self.members(message, &mut lock);
            self.out += "  }\n\n";
            for oneof in oneofs(message) {
                self.oneof(&oneof);
            }
        }
        self.lock
            .messages
            .insert(names.key(message.full_name()), lock);
    }

    /// The fields of a record; a oneof is one, where its first member is.
    fn members(&mut self, message: &MessageDescriptor, lock: &mut MessageLock) {
        let mut taken = Taken::default();
        for field in declared(message) {
            let oneof = field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic());
            let Some(oneof) = oneof else {
                let wit = taken.take([kebab(field.name())]);
                let (ty, field_lock) = self.fields.field(&field, &wit);
                self.docs(&message.parent_file(), field.path(), "    ");
                self.out += &format!("    {}: {ty},\n", escaped(&wit));
                lock.fields.insert(wit, field_lock);
                continue;
            };
            if members(&oneof).first() == Some(&field) {
                let wit = taken.take([kebab(oneof.name())]);
                let ty = escaped(self.fields.names.ty(oneof.full_name()));
                self.docs(&message.parent_file(), oneof.path(), "    ");
                self.out += &format!("    {}: option<{ty}>,\n", escaped(&wit));
                let is_same = wit.replace('-', "_") == oneof.name();
                let name = (!is_same).then(|| oneof.name().to_owned());
                let fields = self
                    .cases(&oneof)
                    .into_iter()
                    .map(|(wit, _, lock)| (wit, lock));
                lock.oneofs.insert(
                    wit,
                    OneofLock {
                        name,
                        fields: fields.collect(),
                    },
                );
            }
        }
    }

    fn oneof(&mut self, oneof: &OneofDescriptor) {
        let name = escaped(self.fields.names.ty(oneof.full_name()));
        let file = oneof.parent_message().parent_file();
        self.out += &format!("  variant {name} {{\n");
        let members: Vec<_> = members(oneof);
        for ((wit, payload, _), field) in self.cases(oneof).into_iter().zip(members) {
            self.docs(&file, field.path(), "    ");
            let payload = payload.map(|ty| format!("({ty})")).unwrap_or_default();
            self.out += &format!("    {}{payload},\n", escaped(&wit));
        }
        self.out += "  }\n\n";
    }

    /// The cases of a oneof: name, payload, entry in the lock.
    fn cases(&self, oneof: &OneofDescriptor) -> Vec<(String, Option<String>, FieldLock)> {
        let mut taken = Taken::default();
        let cases = members(oneof).into_iter().map(|field| {
            let wit = taken.take([kebab(field.name())]);
            let (payload, lock) = self.fields.case(&field, &wit);
            (wit, payload, lock)
        });
        cases.collect()
    }

    fn enumeration(&mut self, of: &EnumDescriptor) {
        let names = self.fields.names;
        let name = escaped(names.ty(of.full_name()));
        let mut lock = EnumLock {
            name: Some(Pinned::Full(of.full_name().to_owned())),
            reserved: Reserved::new(
                of.reserved_ranges()
                    .map(|range| (*range.start(), *range.end()))
                    .collect(),
                of.reserved_names().map(str::to_owned).collect(),
            ),
            ..EnumLock::default()
        };
        self.docs(&of.parent_file(), of.path(), "  ");
        self.out += &format!("  enum {name} {{\n");
        let prefix = prefix(of);
        let mut taken = Taken::default();
        let mut numbers = Vec::new();
        let declared = of.enum_descriptor_proto().value.iter();
        for value in declared.filter_map(|value| of.get_value_by_name(value.name())) {
            if numbers.contains(&value.number()) {
                let note = "it is another name of a number, and WIT has one name for each";
                self.notes
                    .push(format!("{} is left out: {note}", value.full_name()));
                continue;
            }
            numbers.push(value.number());
            let local = value.name().strip_prefix(&prefix).unwrap_or(value.name());
            let wit = taken.take([kebab(&local.to_ascii_lowercase())]);
            self.docs(&of.parent_file(), value.path(), "    ");
            self.out += &format!("    {},\n", escaped(&wit));
            let is_same = value_name(of.name(), &wit) == value.name();
            lock.values.insert(
                wit,
                ValueLock {
                    number: Some(value.number()),
                    name: (!is_same).then(|| value.name().to_owned()),
                },
            );
        }
        self.out += "  }\n\n";
        self.lock.enums.insert(names.key(of.full_name()), lock);
    }

    fn docs(&mut self, file: &FileDescriptor, path: &[i32], indent: &str) {
        let docs = comment(file.file_descriptor_proto(), path);
        write_docs(&mut self.out, indent, &docs);
    }
}

/// The members of a oneof in order of declaration.
fn members(oneof: &OneofDescriptor) -> Vec<FieldDescriptor> {
    let all = declared(oneof.parent_message());
    let is_member =
        |field: &FieldDescriptor| field.containing_oneof().is_some_and(|of| of == *oneof);
    all.into_iter().filter(is_member).collect()
}

/// What all values begin with, if they follow the style guide.
fn prefix(of: &EnumDescriptor) -> String {
    let prefix = upper_snake(of.name()) + "_";
    let fits = |name: &str| {
        name.strip_prefix(&prefix)
            .is_some_and(|rest| !rest.is_empty())
    };
    match of.values().all(|value| fits(value.name())) {
        true => prefix,
        false => String::new(),
    }
}

pub(super) fn reserved(message: &MessageDescriptor) -> Reserved {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let ranges = message.reserved_ranges();
    let ranges = ranges.map(|range| (number(range.start), number(range.end - 1)));
    let names = message.reserved_names().map(str::to_owned);
    Reserved::new(ranges.collect(), names.collect())
}
