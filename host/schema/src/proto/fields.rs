//! The label and kind of a field.

use super::build::Builder;
use super::draft::Draft;
use super::scope::Scope;
use super::{FieldLayout, Kind, Label, MessageId, MessageLayout, Shape, kinds};
use crate::{ContractError, Type, TypeId, WellKnown};

impl<'a> Builder<'a> {
    /// The field of a draft; what its type needs is nested in `scope`.
    pub(super) fn field(
        &mut self,
        scope: &mut Scope<'a>,
        message: MessageId,
        draft: Draft<'a>,
    ) -> Result<FieldLayout, ContractError> {
        let (label, kind, ty) = match draft.ty {
            None => (Label::Oneof, Kind::Message(MessageId(0)), None),
            Some(ty) if draft.is_case() => {
                let kind = self.occurrence(scope, message, &draft, ty)?;
                (Label::Oneof, kind, Some(ty))
            }
            Some(ty) => {
                let (label, kind, ty) = self.of_type(scope, message, &draft, ty)?;
                (label, kind, Some(ty))
            }
        };
        Ok(FieldLayout {
            number: draft.number,
            name: draft.name.into(),
            json_name: draft.json_name.into(),
            slot: draft.slot,
            label,
            kind,
            ty,
        })
    }

    fn of_type(
        &mut self,
        scope: &mut Scope<'a>,
        message: MessageId,
        draft: &Draft<'a>,
        ty: TypeId,
    ) -> Result<(Label, Kind, TypeId), ContractError> {
        let packed = draft.lock.is_none_or(|lock| lock.packed != Some(false));
        Ok(match self.plan[ty] {
            Type::Option(inner) => {
                let kind = self.occurrence(scope, message, draft, inner)?;
                (Label::Optional, kind, inner)
            }
            Type::List(item) => {
                let kind = self.occurrence(scope, message, draft, item)?;
                let packed = packed && kinds::is_packable(kind);
                (Label::Repeated { packed }, kind, item)
            }
            Type::Flags(_) => {
                let kind = Kind::Enum(self.enum_of(ty)?);
                (Label::Repeated { packed }, kind, ty)
            }
            Type::Map(key, value) => self.map(scope, message, draft, (ty, key, value))?,
            _ => {
                let label = match draft.defaulted {
                    true => Label::Defaulted,
                    false => Label::Implicit,
                };
                (label, self.occurrence(scope, message, draft, ty)?, ty)
            }
        })
    }

    fn map(
        &mut self,
        scope: &mut Scope<'a>,
        message: MessageId,
        draft: &Draft<'a>,
        (ty, key, value): (TypeId, TypeId, TypeId),
    ) -> Result<(Label, Kind, TypeId), ContractError> {
        if kinds::is_map_key(&self.plan[key]) {
            let pinned = draft.lock.and_then(|lock| lock.key_kind.as_deref());
            let key_kind = kinds::scalar(&self.plan[key], pinned)
                .map_err(|problem| refuse_kind(scope, draft, problem))?;
            let label = Label::Map {
                key: key_kind.unwrap_or(Kind::String),
                key_ty: key,
            };
            let kind = self.occurrence(scope, message, draft, value)?;
            return Ok((label, kind, value));
        }
        let nested = scope.nested(&draft.name, &draft.wit);
        let parts = vec![
            Draft::whole(0, "key", key, None),
            Draft::whole(1, "value", value, None),
        ];
        let entry = self.message(nested, Shape::Entry(ty), parts)?;
        let label = Label::Repeated { packed: false };
        Ok((label, Kind::Message(entry), ty))
    }

    /// Whether a field of that type is a `map` of protobuf.
    pub(super) fn is_map(&self, ty: TypeId) -> bool {
        matches!(self.plan[ty], Type::Map(key, _) if kinds::is_map_key(&self.plan[key]))
    }

    /// How one value of a type is written: what can be absent or repeated by
    /// itself has a message around it.
    fn occurrence(
        &mut self,
        scope: &mut Scope<'a>,
        message: MessageId,
        draft: &Draft<'a>,
        ty: TypeId,
    ) -> Result<Kind, ContractError> {
        let pinned = draft.lock.and_then(|lock| lock.kind.as_deref());
        if let Some(key) = draft.lock.and_then(|lock| lock.any.as_deref()) {
            return self.opaque(scope, message, draft, ty, key);
        }
        if let Some(wrapper) = pinned.and_then(|kind| kind.strip_prefix("google.protobuf.")) {
            return self.google_wrapper(scope, draft, ty, wrapper);
        }
        let scalar = kinds::scalar(&self.plan[ty], pinned)
            .map_err(|problem| refuse_kind(scope, draft, problem))?;
        if let Some(kind) = scalar {
            return Ok(kind);
        }
        let plan = self.plan;
        let (shape, parts) = match &plan[ty] {
            Type::Enum(_) if !self.sources.is_empty_message(ty) => {
                return Ok(Kind::Enum(self.enum_of(ty)?));
            }
            Type::Record(_) | Type::Variant(_) | Type::Enum(_) => {
                return Ok(Kind::Message(self.message_of(ty)?));
            }
            Type::Tuple(items) => (Shape::Record(ty), Draft::items(items)),
            Type::Result { ok, err } => (Shape::Result(ty), Draft::sides(*ok, *err)),
            _ => {
                let value = Draft::whole(0, "value", ty, None);
                (Shape::Wrapper(ty), vec![value])
            }
        };
        let nested = scope.nested(&draft.name, &draft.wit);
        Ok(Kind::Message(self.message(nested, shape, parts)?))
    }

    fn opaque(
        &mut self,
        scope: &Scope<'a>,
        message: MessageId,
        draft: &Draft<'a>,
        ty: TypeId,
        key: &str,
    ) -> Result<Kind, ContractError> {
        let is_any =
            matches!(&self.plan[ty], Type::Record(of) if of.well_known == Some(WellKnown::Any));
        if !is_any {
            return Err(scope.refuse(
                format!(
                    "ostler.lock says `any` of field {}, which is none",
                    draft.wit
                ),
                "remove it there, or use `any` of ostler:rpc/types",
            ));
        }
        self.opaque.push((message, draft.number, key.to_owned()));
        Ok(Kind::Opaque(MessageId(0)))
    }

    /// A message of `google/protobuf/wrappers.proto` around a scalar.
    fn google_wrapper(
        &mut self,
        scope: &Scope<'a>,
        draft: &Draft<'a>,
        ty: TypeId,
        name: &str,
    ) -> Result<Kind, ContractError> {
        let scalar = kinds::wrapped(&self.plan[ty], name);
        let kind = scalar.map_err(|problem| refuse_kind(scope, draft, problem))?;
        let value = FieldLayout {
            number: 1,
            name: "value".into(),
            json_name: "value".into(),
            slot: super::Slot::Whole(0),
            label: Label::Implicit,
            kind,
            ty: Some(ty),
        };
        let full_name = format!("google.protobuf.{name}");
        let wrapper = MessageLayout::new(full_name, Shape::Wrapper(ty), vec![value]);
        Ok(Kind::Message(self.push(wrapper)))
    }
}

fn refuse_kind(scope: &Scope<'_>, draft: &Draft<'_>, problem: String) -> ContractError {
    scope.refuse(
        format!(
            "ostler.lock says of field {} what cannot be: {problem}",
            draft.wit
        ),
        "give it a kind of its type, or none",
    )
}
