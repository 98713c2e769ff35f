//! Fields before they have a kind: where their values are, and what the lock
//! says of them.

use super::Slot;
use super::lock::{FieldLock, MessageLock, OneofLock};
use super::names::json_name;
use crate::{Field, Name, Plan, Type, TypeId, Variant};

/// A field of a message to be.
#[derive(Clone, Debug)]
pub(super) struct Draft<'l> {
    pub(super) slot: Slot,
    /// 0 for none yet.
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) json_name: String,
    /// Its name in WIT, the last step of the key of what is nested in it.
    pub(super) wit: String,
    /// The type of its value; none for a case without payload.
    pub(super) ty: Option<TypeId>,
    pub(super) lock: Option<&'l FieldLock>,
    /// Whether some method has a default for it.
    pub(super) defaulted: bool,
}

impl<'l> Draft<'l> {
    fn new(slot: Slot, name: &Name, ty: Option<TypeId>, lock: Option<&'l FieldLock>) -> Self {
        let pinned = lock.and_then(|lock| lock.name.clone());
        let proto = pinned.unwrap_or_else(|| name.wit.replace('-', "_"));
        let pinned = lock.and_then(|lock| lock.json_name.clone());
        Self {
            slot,
            number: lock.and_then(|lock| lock.number).unwrap_or(0),
            json_name: pinned.unwrap_or_else(|| json_name(&proto)),
            name: proto,
            wit: name.wit.to_string(),
            ty,
            lock,
            defaulted: false,
        }
    }

    /// A field of a record.
    pub(super) fn field(place: u32, field: &Field, lock: Option<&'l MessageLock>) -> Self {
        let lock = lock.and_then(|lock| lock.fields.get(&*field.name.wit));
        let mut draft = Self::new(Slot::Place(place), &field.name, Some(field.ty), lock);
        draft.defaulted = field.default.is_some();
        draft
    }

    /// The cases of a variant that is a message.
    pub(super) fn cases(of: &Variant, lock: Option<&'l MessageLock>) -> Vec<Self> {
        let cases = (0_u32..).zip(&*of.cases).map(|(case, of)| {
            let lock = lock.and_then(|lock| lock.fields.get(&*of.name.wit));
            Self::new(Slot::Case(case), &of.name, of.ty, lock)
        });
        cases.collect()
    }

    /// The cases of a variant, or of an option of one, that are fields of the
    /// record it is in; `None` when it is something else.
    pub(super) fn inline(
        plan: &Plan,
        place: u32,
        field: &Field,
        lock: &'l OneofLock,
    ) -> Option<Vec<Self>> {
        let (optional, inner) = match plan[field.ty] {
            Type::Option(inner) => (true, inner),
            _ => (false, field.ty),
        };
        let Type::Variant(of) = &plan[inner] else {
            return None;
        };
        let cases = (0_u32..).zip(&*of.cases).map(|(case, of)| {
            let slot = Slot::Oneof {
                place,
                case,
                optional,
            };
            Self::new(slot, &of.name, of.ty, lock.fields.get(&*of.name.wit))
        });
        Some(cases.collect())
    }

    /// The items of a tuple.
    pub(super) fn items(items: &[TypeId]) -> Vec<Self> {
        let items = (0_u32..).zip(items).map(|(place, ty)| {
            let name = Name::new(&format!("f{place}"));
            Self::new(Slot::Place(place), &name, Some(*ty), None)
        });
        items.collect()
    }

    /// The sides of a result.
    pub(super) fn sides(ok: Option<TypeId>, err: Option<TypeId>) -> Vec<Self> {
        let sides = [("ok", ok), ("err", err)];
        let sides = (0_u32..)
            .zip(sides)
            .map(|(case, (name, ty))| Self::new(Slot::Case(case), &Name::new(name), ty, None));
        sides.collect()
    }

    /// The value of a wrapper, or a part of an entry.
    pub(super) fn whole(part: u32, name: &str, ty: TypeId, lock: Option<&'l MessageLock>) -> Self {
        let lock = lock.and_then(|lock| lock.fields.get(name));
        Self::new(Slot::Whole(part), &Name::new(name), Some(ty), lock)
    }

    /// Its place in a record.
    pub(super) fn place(&self) -> Option<u32> {
        match self.slot {
            Slot::Place(place) => Some(place),
            _ => None,
        }
    }

    /// Whether it is a member of a oneof.
    pub(super) fn is_case(&self) -> bool {
        matches!(self.slot, Slot::Case(_) | Slot::Oneof { .. })
    }
}
