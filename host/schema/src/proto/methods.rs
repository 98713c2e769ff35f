//! Which message stands for a request, a reply or an error.

use super::keys::{Keys, Part};
use super::lock::Lock;
use crate::{ErrorType, Method, Plan, Service, Type, TypeId};

/// What a message of a method is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// It is that type's own message.
    Own(TypeId),
    /// Its fields are the parameters, which are the fields of that record.
    Spread(TypeId),
    /// It wraps a value of that type.
    Wrapped(TypeId),
    /// It has no fields, and a name that the lock gives it.
    Nothing,
    /// `google.protobuf.Empty` for that record of no parameters.
    NoParameters(TypeId),
    /// `google.protobuf.Empty`.
    Empty,
}

impl Source {
    /// The type it is of.
    pub(super) fn ty(self) -> Option<TypeId> {
        match self {
            Self::Own(ty) | Self::Spread(ty) | Self::Wrapped(ty) => Some(ty),
            Self::NoParameters(_) | Self::Nothing | Self::Empty => None,
        }
    }

    /// Whether it needs a name of its own.
    pub(super) fn is_made(self) -> bool {
        matches!(self, Self::Spread(_) | Self::Wrapped(_) | Self::Nothing)
    }
}

/// Decides for the methods of a contract.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    pub(super) plan: &'a Plan,
    pub(super) lock: &'a Lock,
    pub(super) keys: &'a Keys,
}

impl Sources<'_> {
    /// The request, the response and, for an error of the method's own type,
    /// the error.
    pub(super) fn of(self, service: &Service, method: &Method) -> [(Part, Option<Source>); 3] {
        let error = match method.error {
            // A detail is any message, so a variant needs nothing around it.
            ErrorType::Other(Some(ty)) if matches!(self.plan[ty], Type::Variant(_)) => {
                Some(Source::Own(ty))
            }
            ErrorType::Other(Some(ty)) => Some(self.value(ty)),
            _ => None,
        };
        [
            (Part::Request, Some(self.request(service, method))),
            (Part::Response, Some(self.response(service, method))),
            (Part::Error, error),
        ]
    }

    fn request(self, service: &Service, method: &Method) -> Source {
        let ty = method.request.message;
        if !method.request.spread {
            return self.value(ty);
        }
        let is_empty = matches!(&self.plan[ty], Type::Record(of) if of.fields.is_empty());
        if is_empty && !self.is_locked(service, method, Part::Request) {
            return Source::NoParameters(ty);
        }
        Source::Spread(ty)
    }

    fn response(self, service: &Service, method: &Method) -> Source {
        match method.response.message {
            Some(ty) => self.value(ty),
            None if self.is_locked(service, method, Part::Response) => Source::Nothing,
            None => Source::Empty,
        }
    }

    fn is_locked(self, service: &Service, method: &Method, part: Part) -> bool {
        let key = self.keys.part(service, method, part);
        self.lock.messages.contains_key(&key)
    }

    fn value(self, ty: TypeId) -> Source {
        let is_message = match &self.plan[ty] {
            Type::Record(_) => self.plan.origin(ty).is_some(),
            Type::Enum(_) => self.is_empty_message(ty),
            _ => false,
        };
        match is_message {
            true => Source::Own(ty),
            false => Source::Wrapped(ty),
        }
    }

    /// Whether the lock has an enum as a message without fields.
    pub(super) fn is_empty_message(self, ty: TypeId) -> bool {
        let key = self.keys.ty(self.plan, ty);
        key.is_some_and(|key| self.lock.messages.contains_key(&key))
    }
}
