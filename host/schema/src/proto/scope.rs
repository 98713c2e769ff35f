//! The names inside one message.

use std::collections::{BTreeMap, BTreeSet};

use super::lock::MessageLock;
use super::names::{free_name, json_name, map_entry, upper_camel};
use super::{AboutType, FieldLayout};
use crate::ContractError;

/// How deep messages are nested in each other: compilers and readers of
/// descriptors have limits, types of WIT may go deeper. From there on they are
/// beside each other.
const MAX_DEPTH: usize = 8;

/// A message being built: what it is called, and what is taken inside it.
#[derive(Debug)]
pub(super) struct Scope<'l> {
    pub(super) full_name: String,
    pub(super) package: String,
    /// Its place in WIT.
    pub(super) path: String,
    pub(super) lock: Option<&'l MessageLock>,
    anonymous: bool,
    /// How many messages it is nested in.
    depth: usize,
    taken: BTreeSet<String>,
    pub(super) oneofs: Vec<(Option<u32>, Box<str>)>,
}

impl<'l> Scope<'l> {
    pub(super) fn new(full_name: String, package: String, path: String) -> Self {
        Self {
            full_name,
            package,
            path,
            lock: None,
            anonymous: false,
            depth: 0,
            taken: BTreeSet::new(),
            oneofs: Vec::new(),
        }
    }

    pub(super) fn with_lock(self, lock: Option<&'l MessageLock>) -> Self {
        Self { lock, ..self }
    }

    /// Fields go first: what is derived from them yields.
    pub(super) fn take_field(&mut self, name: &str, is_map: bool) {
        self.taken.insert(name.to_owned());
        if is_map {
            self.taken.insert(map_entry(name));
        }
    }

    /// The scope of a message for the type of a field that has no name of its
    /// own; it is called as the field.
    pub(super) fn nested(&mut self, field: &str, wit: &str) -> Self {
        let name = free_name([upper_camel(field)], |name| !self.taken.contains(name));
        self.taken.insert(name.clone());
        let depth = self.depth + 1;
        // Words have no `_` of their own, so this is no one else's name.
        let joint = if depth > MAX_DEPTH { '_' } else { '.' };
        let full_name = format!("{}{joint}{name}", self.full_name);
        let path = format!("{}.{wit}", self.path);
        Self {
            anonymous: true,
            depth,
            ..Self::new(full_name, self.package.clone(), path)
        }
    }

    /// Gives oneofs names that no field has; `own` is that of a variant or
    /// result.
    pub(super) fn name_oneofs(&mut self, own: bool) {
        if own {
            self.oneofs.push((None, "kind".into()));
        }
        for (_, name) in &mut self.oneofs {
            let free = free_name([name.to_string()], |name| !self.taken.contains(name));
            self.taken.insert(free.clone());
            *name = free.into();
        }
    }

    /// What descriptors say of the message.
    pub(super) fn about(&self, fields: &[FieldLayout], deprecated: bool) -> AboutType {
        let reserved = self
            .lock
            .map(|lock| lock.reserved.clone())
            .unwrap_or_default();
        let is_used = |name: &String| fields.iter().any(|field| *field.name == **name);
        let free_names = reserved.names.into_iter().filter(|name| !is_used(name));
        AboutType {
            path: self.path.clone(),
            package: self.package.clone(),
            anonymous: self.anonymous,
            cases: Vec::new(),
            oneofs: self.oneofs.clone(),
            reserved: reserved.numbers,
            reserved_names: free_names.collect(),
            deprecated,
        }
    }

    /// Refuses fields that wires would not tell apart. Protobuf's compiler
    /// minds the names it would make for JSON even where they have others.
    pub(super) fn check(&self, fields: &[FieldLayout]) -> Result<(), ContractError> {
        let rename = "rename one, or give it another `name` in ostler.lock";
        let renumber = "give one of them another in ostler.lock";
        let texts = |field: &FieldLayout| {
            [
                (format!("the name {}", field.name), rename),
                (
                    format!("in JSON the name {}", json_name(&field.name)),
                    rename,
                ),
                (format!("in JSON the name {}", field.json_name), rename),
                (format!("number {}", field.number), renumber),
            ]
        };
        let mut seen = BTreeMap::new();
        for field in fields {
            for (text, remedy) in texts(field) {
                let other = seen.insert(text.clone(), &field.name);
                if let Some(other) = other.filter(|other| **other != field.name) {
                    let problem = format!("fields {other} and {} have {text}", field.name);
                    return Err(self.refuse(problem, remedy));
                }
            }
        }
        // Two of one name say so above, unless they are in fact one name.
        let names: BTreeSet<&str> = fields.iter().map(|field| &*field.name).collect();
        match names.len() < fields.len() {
            true => Err(self.refuse("two of its fields have the same name", rename)),
            false => Ok(()),
        }
    }

    pub(super) fn refuse(&self, problem: impl Into<String>, remedy: &str) -> ContractError {
        ContractError::new(problem, remedy).within(format!("message {}", self.full_name))
    }
}
