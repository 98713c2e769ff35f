//! How one definition may mention another: as short as it stays clear.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, FileDescriptorProto};

/// Everything that has a name.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Messages, enums and packages, by full name.
    known: BTreeSet<String>,
    packages: BTreeSet<String>,
}

impl Scope {
    pub(super) fn new(files: &[FileDescriptorProto]) -> Self {
        let mut scope = Self::default();
        for file in files {
            let package = file.package();
            scope.packages.insert(package.to_owned());
            let mut outer = package;
            while !outer.is_empty() {
                scope.known.insert(outer.to_owned());
                outer = parent(outer);
            }
            for of in &file.enum_type {
                scope.known.insert(join(package, of.name()));
            }
            for message in &file.message_type {
                scope.message(package, message);
            }
        }
        scope
    }

    fn message(&mut self, outer: &str, message: &DescriptorProto) {
        let name = join(outer, message.name());
        for of in &message.enum_type {
            self.known.insert(join(&name, of.name()));
        }
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
        self.known.insert(name);
    }

    /// What `name` (`.demo.users.v1.User`) is called inside `place`: without
    /// the package where both have it in common, unless that would mean
    /// something else there.
    pub(super) fn reference(&self, place: &str, name: &str) -> String {
        let name = name.trim_start_matches('.');
        let package = self.package(name);
        let local = match package {
            "" => name,
            package => &name[package.len() + 1..],
        };
        let starts = local.match_indices('.').map(|(at, _)| &local[at + 1..]);
        let mut shorter: Vec<&str> = starts.chain([local]).collect();
        shorter.sort_by_key(|candidate| candidate.len());
        let is_here = self.package(place) == package;
        let candidates = shorter.into_iter().filter(|_| is_here).chain([name]);
        let mut fitting = candidates.filter(|candidate| self.resolve(place, candidate) == name);
        fitting
            .next()
            .map_or_else(|| format!(".{name}"), str::to_owned)
    }

    fn package<'n>(&self, name: &'n str) -> &'n str {
        let mut outer = name;
        while !outer.is_empty() && !self.packages.contains(outer) {
            outer = parent(outer);
        }
        outer
    }

    /// What protobuf's compiler takes a name for: the innermost scope that has
    /// its first part.
    fn resolve(&self, place: &str, name: &str) -> String {
        let first = name.split('.').next().unwrap_or(name);
        let mut scope = place;
        while !scope.is_empty() && !self.known.contains(&join(scope, first)) {
            scope = parent(scope);
        }
        join(scope, name)
    }
}

fn parent(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(parent, _)| parent)
}

pub(super) fn join(outer: &str, name: &str) -> String {
    match outer.is_empty() {
        true => name.to_owned(),
        false => format!("{outer}.{name}"),
    }
}
