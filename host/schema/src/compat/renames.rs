//! What has another name and the number it had.

use std::collections::HashMap;

use super::both::Both;
use super::spell::spell;
use crate::proto::{EnumId, Kind, MessageId, Shape, Slot};
use crate::{Plan, Type, TypeId};

/// A field or case with its number.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) step: &'a str,
    pub(super) number: i64,
    pub(super) ty: Option<TypeId>,
}

/// New names by old ones: of parts that are gone, those whose number a new part
/// of the same type has.
pub(super) fn renames<'a>(
    plans: Both<&Plan>,
    parts: Both<&[Part<'a>]>,
) -> HashMap<&'a str, &'a str> {
    let names = parts.map(|parts| {
        parts
            .iter()
            .map(|part| (part.step, ()))
            .collect::<HashMap<_, _>>()
    });
    let fresh = parts
        .new
        .iter()
        .filter(|part| !names.old.contains_key(part.step));
    let fresh: HashMap<i64, &Part<'a>> = fresh.map(|part| (part.number, part)).collect();
    let gone = parts
        .old
        .iter()
        .filter(|part| !names.new.contains_key(part.step));
    let renamed = gone.filter_map(|old| {
        let new = fresh.get(&old.number)?;
        let is_same = spell(plans.old, old.ty) == spell(plans.new, new.ty);
        is_same.then_some((old.step, new.step))
    });
    renamed.collect()
}

/// Where the types of a plan are in its layout.
#[derive(Debug)]
pub(super) struct Index<'a> {
    plan: &'a Plan,
    messages: HashMap<TypeId, MessageId>,
    enums: HashMap<TypeId, EnumId>,
}

impl<'a> Index<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let mut index = Self {
            plan,
            messages: HashMap::new(),
            enums: HashMap::new(),
        };
        for (id, message) in (0..).map(MessageId).zip(plan.proto().messages()) {
            if let Shape::Record(ty) | Shape::Variant(ty) = message.shape {
                index.messages.entry(ty).or_insert(id);
            }
            for field in &message.fields {
                if let (Kind::Enum(id), Some(ty)) = (field.kind, field.ty) {
                    index.enums.entry(ty).or_insert(id);
                }
            }
        }
        index
    }

    /// The fields or cases of a type, with their numbers.
    pub(super) fn parts(&self, ty: TypeId) -> Vec<Part<'a>> {
        match &self.plan[ty] {
            Type::Record(of) => self.numbered(ty, |slot| match slot {
                Slot::Place(place) => {
                    let field = of.fields.get(place as usize)?;
                    Some((&*field.name.wit, Some(field.ty)))
                }
                _ => None,
            }),
            Type::Variant(of) => self.numbered(ty, |slot| match slot {
                Slot::Case(case) => {
                    let case = of.cases.get(case as usize)?;
                    Some((&*case.name.wit, case.ty))
                }
                _ => None,
            }),
            Type::Enum(of) => self.values(ty, |case| of.cases.get(case as usize)),
            Type::Flags(of) => self.values(ty, |bit| of.flags.get(bit as usize)),
            _ => Vec::new(),
        }
    }

    fn numbered(
        &self,
        ty: TypeId,
        part: impl Fn(Slot) -> Option<(&'a str, Option<TypeId>)>,
    ) -> Vec<Part<'a>> {
        let Some(&id) = self.messages.get(&ty) else {
            return Vec::new();
        };
        let fields = self.plan.proto().message(id).fields.iter();
        let parts = fields.filter_map(|field| {
            let (step, ty) = part(field.slot)?;
            let number = field.number.into();
            Some(Part { step, number, ty })
        });
        parts.collect()
    }

    fn values(&self, ty: TypeId, name: impl Fn(u32) -> Option<&'a crate::Name>) -> Vec<Part<'a>> {
        let Some(&id) = self.enums.get(&ty) else {
            return Vec::new();
        };
        let values = self.plan.proto().enumeration(id).values.iter();
        let parts = values.filter_map(|value| {
            Some(Part {
                step: &name(value.case?)?.wit,
                number: value.number.into(),
                ty: None,
            })
        });
        parts.collect()
    }
}
