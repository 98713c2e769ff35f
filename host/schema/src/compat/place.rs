//! Where in a contract a walk is.

use super::both::Both;
use crate::{Origin, Plan, TypeId};

/// A path, and how it goes on.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: String,
    /// Whether its fields are the parameters of a method.
    is_call: bool,
}

impl Place {
    /// `users.get-user → reply`.
    pub(super) fn new(path: String) -> Self {
        Self {
            path,
            is_call: false,
        }
    }

    /// `users.get-user`, whose fields are `users.get-user(user-id)`.
    pub(super) fn call(path: String) -> Self {
        Self {
            path,
            is_call: true,
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A field or case of it.
    pub(super) fn part(&self, step: &str) -> Self {
        Self::new(match self.is_call {
            true => format!("{}({step})", self.path),
            false => format!("{}.{step}", self.path),
        })
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Self {
        Self::new(format!("{}[]", self.path))
    }
}

/// The place of a type that both contracts have under one name, whoever uses
/// it.
pub(super) fn of_types(plans: Both<&Plan>, types: Both<TypeId>) -> Option<Place> {
    let origins = plans.zip(types).map(|(plan, ty)| plan.origin(ty));
    let Both {
        old: Some(old),
        new: Some(new),
    } = origins
    else {
        return None;
    };
    let name = |of: &'_ Origin| {
        let package = (of.package.namespace.clone(), of.package.name.clone());
        (package, of.interface.clone(), of.name.clone())
    };
    (name(old) == name(new)).then(|| Place::new(format!("{}.{}", old.interface, old.name)))
}
