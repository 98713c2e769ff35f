//! Places in WIT, as `ostler.lock` names them: `demo:users/users.user`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Method, Origin, PackageName, Plan, Service, TypeId};

/// The part of a method that a message is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Request,
    Response,
    Error,
}

impl Part {
    /// As in a key.
    fn key(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Error => "error",
        }
    }

    /// What follows a method's name in that of the message.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Error => "Error",
        }
    }
}

/// Makes keys: without the version of a package, so that they outlast it,
/// unless types of two versions meet in one contract.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    versioned: BTreeSet<String>,
}

impl Keys {
    pub(super) fn new<'a>(packages: impl IntoIterator<Item = &'a PackageName>) -> Self {
        let mut versions = BTreeMap::<String, BTreeSet<Option<&str>>>::new();
        for package in packages {
            let of = versions.entry(unversioned(package)).or_default();
            of.insert(package.version.as_deref());
        }
        versions.retain(|_, versions| versions.len() > 1);
        Self {
            versioned: versions.into_keys().collect(),
        }
    }

    /// Of an interface: `demo:users/users`.
    pub(super) fn interface(&self, package: &PackageName, interface: &str) -> String {
        let name = unversioned(package);
        match &package.version {
            Some(version) if self.versioned.contains(&name) => {
                format!("{name}@{version}/{interface}")
            }
            _ => format!("{name}/{interface}"),
        }
    }

    /// Of a type that has a name.
    pub(super) fn origin(&self, origin: &Origin) -> String {
        let interface = self.interface(&origin.package, &origin.interface);
        format!("{interface}.{}", origin.name)
    }

    /// Of a type of the plan, if it has a name.
    pub(super) fn ty(&self, plan: &Plan, ty: TypeId) -> Option<String> {
        Some(self.origin(plan.origin(ty)?))
    }

    /// Of an interface that is a service.
    pub(super) fn service(&self, service: &Service) -> String {
        self.interface(&service.package, &service.name.wit)
    }

    /// Of a message that a method needs beside types.
    pub(super) fn part(&self, service: &Service, method: &Method, part: Part) -> String {
        let service = self.service(service);
        format!("{service}.{}.{}", method.name.wit, part.key())
    }
}

fn unversioned(package: &PackageName) -> String {
    format!("{}:{}", package.namespace, package.name)
}
