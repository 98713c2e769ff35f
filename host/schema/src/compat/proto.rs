//! Messages as protobuf: by number, or by name in its JSON.

use std::collections::{HashMap, HashSet};

use super::absent::Zeros;
use super::both::Both;
use super::findings::Findings;
use super::place::{self, Place};
use super::reason::Reason;
use super::renames::{Part, renames};
use super::spell::{change, spell};
use super::{Effect, Side, Wire, kinds};
use crate::proto::{FieldLayout, Form, Kind, Label, MessageId, MessageLayout, Shape, Slot};
use crate::{Plan, Type, TypeId, WellKnown};

/// One walk of one side of one wire.
pub(super) struct Proto<'a, 'f> {
    pub(super) plans: Both<&'a Plan>,
    pub(super) side: Side,
    pub(super) wire: Wire,
    pub(super) findings: &'f mut Findings,
    pub(super) memory: &'f mut Memory,
}

/// What need not be looked at again on a side of a wire.
#[derive(Debug, Default)]
pub(super) struct Memory {
    messages: HashSet<Both<MessageId>>,
    pub(super) enums: HashSet<Both<TypeId>>,
    zeros: Zeros,
}

impl Memory {
    /// What becomes of the value at a place of a message of whoever reads.
    pub(super) fn absent(&mut self, plan: &Plan, message: &MessageLayout, place: usize) -> Reason {
        self.zeros.absent(plan, message, place)
    }
}

/// A field and its name in WIT; of a member of a oneof, `field.case`.
type Named<'a> = (String, &'a FieldLayout);

/// A message, and its fields by their names in WIT.
struct Message<'a> {
    plan: &'a Plan,
    layout: &'a MessageLayout,
    fields: Vec<Named<'a>>,
    places: HashMap<String, usize>,
}

impl<'a> Message<'a> {
    fn new(plan: &'a Plan, id: MessageId) -> Self {
        let layout = plan.proto().message(id);
        let fields: Vec<_> = (layout.fields.iter())
            .map(|field| (step(plan, layout.shape, field.slot), field))
            .collect();
        let places = fields.iter().map(|(step, _)| step.clone()).zip(0..);
        Self {
            plan,
            layout,
            places: places.collect(),
            fields,
        }
    }

    fn find(&self, step: &str) -> Option<&'a FieldLayout> {
        self.places.get(step).map(|place| self.fields[*place].1)
    }

    /// Whether it has some member of the oneof that this field is one of.
    fn has_sibling(&self, of: &str, field: &FieldLayout) -> bool {
        let oneof = |step: &str, slot: Slot| match slot {
            Slot::Case(_) => Some(String::new()),
            Slot::Oneof { .. } => step.split_once('.').map(|(field, _)| field.to_owned()),
            _ => None,
        };
        let wanted = oneof(of, field.slot);
        wanted.is_some()
            && (self.fields.iter()).any(|(step, field)| oneof(step, field.slot) == wanted)
    }

    /// The variant that a field of the record is, or has in an option.
    fn variant(&self, field: &str) -> Option<TypeId> {
        let Shape::Record(ty) = self.layout.shape else {
            return None;
        };
        let Type::Record(of) = &self.plan[ty] else {
            return None;
        };
        let at = of.fields.iter().position(|of| *of.name.wit == *field)?;
        member_type(self.plan, ty, u32::try_from(at).ok()?)
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let parts = self.fields.iter().map(|(step, field)| Part {
            step,
            number: field.number.into(),
            ty: match field.slot {
                Slot::Oneof { .. } => field.ty,
                _ => whole(self.plan, self.layout.shape, field),
            },
        });
        parts.collect()
    }
}

impl<'a, 'f> Proto<'a, 'f> {
    pub(super) fn messages(&mut self, place: &Place, pair: Both<MessageId>) {
        if !self.findings.step() || !self.memory.messages.insert(pair) {
            return;
        }
        let layouts = self
            .plans
            .zip(pair)
            .map(|(plan, id)| plan.proto().message(id));
        let named = match layouts.map(|layout| own_type(layout.shape)) {
            Both {
                old: Some(old),
                new: Some(new),
            } => place::of_types(self.plans, Both { old, new }),
            _ => None,
        };
        let before = self.findings.notes();
        let place = named.as_ref().unwrap_or(place);
        match self.is_other_form(layouts) {
            Some(true) => self.changed(place, layouts.map(|of| ty(of.shape)), Reason::OtherType),
            Some(false) => self.fields(
                place,
                &self.plans.zip(pair).map(|(p, id)| Message::new(p, id)),
            ),
            None => {}
        }
        if named.is_none() && self.findings.notes() != before {
            self.memory.messages.remove(&pair);
        }
    }

    /// Whether two messages have nothing in common; `None` when nothing can
    /// differ.
    fn is_other_form(&self, layouts: Both<&MessageLayout>) -> Option<bool> {
        let known = self
            .plans
            .zip(layouts)
            .map(|(plan, of)| well_known(plan, of.shape));
        if known.old == known.new && known.old.is_some() {
            return None;
        }
        let Both { old, new } = self
            .plans
            .zip(layouts)
            .map(|(plan, of)| kind(plan, of.shape));
        let is_struct = |known| known == Some(WellKnown::Struct);
        Some(match self.wire {
            _ if old != new => true,
            Wire::Protobuf => is_struct(known.old) || is_struct(known.new),
            _ => known.old != known.new || is_bare(layouts.old) != is_bare(layouts.new),
        })
    }

    fn fields(&mut self, place: &Place, of: &Both<Message<'a>>) {
        let parts = of.as_ref().map(Message::parts);
        let mut renamed = renames(self.plans, parts.as_ref().map(Vec::as_slice));
        // A field that moves into a oneof, or out of it, is another.
        renamed.retain(|old, new| old.contains('.') == new.contains('.'));
        let new_names: HashSet<&str> = renamed.values().copied().collect();
        for field in &of.old.fields {
            let (step, old) = (&field.0, field.1);
            if !self.findings.step() {
                return;
            }
            let here = self.part(place, of, field, of.old.layout.shape);
            let to = renamed.get(step.as_str()).copied();
            match of.new.find(to.unwrap_or(step)) {
                Some(new) => self.known(&here, of, Both { old, new }, to),
                None => self.removed(&here, of, step, old),
            }
        }
        for field in &of.new.fields {
            let (step, new) = (&field.0, field.1);
            if !self.findings.step() {
                return;
            }
            if of.old.find(step).is_none() && !new_names.contains(step.as_str()) {
                let here = self.part(place, of, field, of.new.layout.shape);
                self.added(&here, of, step, new);
            }
        }
    }

    /// A field that both have, under another name perhaps.
    fn known(
        &mut self,
        place: &Place,
        of: &Both<Message<'a>>,
        fields: Both<&'a FieldLayout>,
        to: Option<&str>,
    ) {
        let (written, read) = fields.written_and_read(self.side);
        let (_, reader) = of.as_ref().written_and_read(self.side);
        let found = match self.wire {
            Wire::Protobuf => reader.layout.find(written.number),
            _ => reader.layout.find_name(&written.json_name, usize::MAX),
        };
        let is_found = found.is_some_and(|found| std::ptr::eq(&reader.layout.fields[found], read));
        match (self.wire, to, is_found) {
            (Wire::Protobuf, Some(to), _) => {
                self.note(place, format!("renamed {to}"), Reason::SameNumber);
            }
            (_, Some(to), false) => {
                return self.note(place, format!("renamed {to}"), Reason::Renamed);
            }
            (Wire::Protobuf, None, false) => {
                let numbers = fields.map(|field| field.number);
                let change = format!("number {} → {}", numbers.old, numbers.new);
                return self.note(place, change, Reason::OtherNumber);
            }
            (_, None, false) => {
                let change = format!(
                    "JSON name {} → {}",
                    fields.old.json_name, fields.new.json_name
                );
                return self.note(place, change, Reason::OtherJsonName);
            }
            (_, _, true) => {}
        }
        self.labels(place, of, fields);
    }

    fn removed(&mut self, place: &Place, of: &Both<Message<'a>>, step: &str, field: &FieldLayout) {
        let change = removal("removed", &of.old, field);
        let reason = match self.side {
            Side::Request => self.unread(&of.new, field),
            Side::Response => self.absent(&of.old, &of.new, step, field),
        };
        self.note(place, change, reason);
    }

    fn added(&mut self, place: &Place, of: &Both<Message<'a>>, step: &str, field: &FieldLayout) {
        let change = removal("added", &of.new, field);
        let reason = match self.side {
            Side::Request => self.absent(&of.new, &of.old, step, field),
            Side::Response => self.unread(&of.old, field),
        };
        self.note(place, change, reason);
    }

    /// A field that is written, of which the reader does not know.
    fn unread(&self, reader: &Message<'a>, field: &FieldLayout) -> Reason {
        let taken = match self.wire {
            Wire::Protobuf => reader.layout.find(field.number),
            _ => reader.layout.find_name(&field.json_name, usize::MAX),
        };
        match field.label {
            Label::Oneof => Reason::UnknownCase,
            _ if taken.is_some() => Reason::Reused,
            _ => Reason::Ignored,
        }
    }

    /// A field that is read, and never written.
    fn absent(
        &mut self,
        reader: &Message<'a>,
        writer: &Message<'a>,
        step: &str,
        field: &FieldLayout,
    ) -> Reason {
        if writer.has_sibling(step, field) {
            return Reason::UnusedCase;
        }
        self.memory
            .absent(reader.plan, reader.layout, field.slot.place())
    }

    fn labels(&mut self, place: &Place, of: &Both<Message<'a>>, fields: Both<&'a FieldLayout>) {
        let (written, read) = fields.written_and_read(self.side);
        let (_, reader) = of.as_ref().written_and_read(self.side);
        let is_flags = self
            .plans
            .zip(fields)
            .map(|(plan, of)| has_flags(plan, of.ty));
        let is_optional = |field: &FieldLayout| match field.slot {
            Slot::Oneof { optional, .. } => optional,
            _ => field.label == Label::Optional,
        };
        let here = match (written.label, read.label) {
            (Label::Repeated { .. }, Label::Repeated { .. }) if is_flags.old == is_flags.new => {
                match is_flags.old || is_entry(self.plans.old, fields.old) {
                    true => place.clone(),
                    false => place.items(),
                }
            }
            (
                Label::Map { key: from, key_ty },
                Label::Map {
                    key: to,
                    key_ty: to_ty,
                },
            ) => {
                let keys = Both::of(self.side, (from, Some(key_ty)), (to, Some(to_ty)));
                self.kinds(&place.part("key"), keys);
                place.part("value")
            }
            (Label::Oneof, Label::Oneof) => {
                if is_optional(written) && !is_optional(read) {
                    self.whole_changed(place, of, fields, Reason::NoneIsRefused);
                }
                place.clone()
            }
            (
                Label::Implicit | Label::Optional | Label::Defaulted,
                Label::Implicit | Label::Optional | Label::Defaulted,
            ) => {
                match (is_optional(written), is_optional(read)) {
                    (true, false) => {
                        let absent =
                            self.memory
                                .absent(reader.plan, reader.layout, read.slot.place());
                        let reason = match absent {
                            Reason::MissingIsDefault => Reason::NoneIsDefault,
                            Reason::MissingIsZero => Reason::NoneIsZero,
                            _ => Reason::NoneIsRefused,
                        };
                        self.whole_changed(place, of, fields, reason);
                    }
                    (false, true) => {
                        let (plan, _) = self.plans.written_and_read(self.side);
                        let reason = match written.label == Label::Implicit
                            && may_be_left_out(plan, written)
                        {
                            true => Reason::ZeroIsNone,
                            false => Reason::AlwaysThere,
                        };
                        self.whole_changed(place, of, fields, reason);
                    }
                    _ => {}
                }
                place.clone()
            }
            _ => return self.whole_changed(place, of, fields, Reason::OtherType),
        };
        self.kinds(&here, fields.map(|field| (field.kind, field.ty)));
    }

    /// One occurrence of a field.
    fn kinds(&mut self, place: &Place, of: Both<(Kind, Option<TypeId>)>) {
        if !self.findings.step() {
            return;
        }
        let types = of.map(|(_, ty)| ty);
        let kinds = of.map(|(kind, _)| kind);
        let Both {
            old: Some(old),
            new: Some(new),
        } = types
        else {
            if types.old != types.new {
                self.changed(place, types, Reason::OtherType);
            }
            return;
        };
        let pair = Both { old, new };
        match (kinds.old, kinds.new) {
            (Kind::Message(old) | Kind::Opaque(old), Kind::Message(new) | Kind::Opaque(new)) => {
                self.messages(place, Both { old, new });
            }
            (Kind::Enum(old), Kind::Enum(new)) => self.enums(place, pair, Both { old, new }),
            (Kind::Message(_) | Kind::Opaque(_) | Kind::Enum(_), _)
            | (_, Kind::Message(_) | Kind::Opaque(_) | Kind::Enum(_)) => {
                self.changed(place, types, Reason::OtherType);
            }
            _ => self.scalars(place, pair, kinds),
        }
    }

    fn scalars(&mut self, place: &Place, types: Both<TypeId>, of: Both<Kind>) {
        let plans = self.plans.zip(types).map(|(plan, ty)| &plan[ty]);
        let (written, read) = plans.written_and_read(self.side);
        let reason = kinds::types(written, read);
        let is_same = kinds::is_same_encoding(self.wire, of.old, of.new);
        match (reason, is_same) {
            (None, true) => {}
            (None, false) => {
                let change = format!("{} → {}", kinds::name(of.old), kinds::name(of.new));
                self.note(place, change, Reason::OtherType);
            }
            (Some(reason), true) => self.changed(place, types.map(Some), reason),
            (Some(_), false) => self.changed(place, types.map(Some), Reason::OtherType),
        }
    }

    /// Where the walk along the types finds the same part.
    fn part(
        &self,
        place: &Place,
        of: &Both<Message<'a>>,
        field: &Named<'a>,
        shape: Shape,
    ) -> Place {
        let step = field.0.as_str();
        match (shape, field.1.slot) {
            (Shape::Wrapper(_), _) => place.clone(),
            (_, Slot::Oneof { .. }) => {
                let (field, case) = step.split_once('.').unwrap_or((step, step));
                let variants = of.as_ref().map(|of| of.variant(field));
                let variant = match variants {
                    Both {
                        old: Some(old),
                        new: Some(new),
                    } => place::of_types(self.plans, Both { old, new }),
                    _ => None,
                };
                variant.unwrap_or_else(|| place.part(field)).part(case)
            }
            _ => place.part(step),
        }
    }

    fn whole_changed(
        &mut self,
        place: &Place,
        of: &Both<Message<'a>>,
        fields: Both<&FieldLayout>,
        reason: Reason,
    ) {
        let types = of
            .as_ref()
            .zip(fields)
            .map(|(of, field)| whole(of.plan, of.layout.shape, field));
        self.changed(place, types, reason);
    }

    pub(super) fn changed(&mut self, place: &Place, types: Both<Option<TypeId>>, reason: Reason) {
        self.note(place, change(self.plans, types), reason);
    }

    pub(super) fn note(&mut self, place: &Place, change: String, reason: Reason) {
        let effect = Effect::new(self.side, self.wire, reason);
        self.findings.note(place.path(), change, effect);
    }
}

/// The name in WIT of a field or case.
fn step(plan: &Plan, shape: Shape, slot: Slot) -> String {
    let of = |place: u32| match shape {
        Shape::Record(ty) => match &plan[ty] {
            Type::Record(of) => of
                .fields
                .get(place as usize)
                .map(|field| field.name.wit.to_string()),
            _ => Some(place.to_string()),
        },
        _ => Some(place.to_string()),
    };
    let name = match slot {
        Slot::Place(place) => of(place),
        Slot::Whole(part) => match shape {
            Shape::Entry(_) => Some(["key", "value"][part.min(1) as usize].to_owned()),
            _ => Some("value".to_owned()),
        },
        Slot::Case(case) => match shape {
            Shape::Variant(ty) => case_name(plan, ty, case),
            _ => Some(["ok", "err"][case.min(1) as usize].to_owned()),
        },
        Slot::Oneof { place, case, .. } => {
            let ty = match shape {
                Shape::Record(ty) => member_type(plan, ty, place),
                _ => None,
            };
            let name = ty.and_then(|ty| case_name(plan, ty, case));
            of(place)
                .zip(name)
                .map(|(field, case)| format!("{field}.{case}"))
        }
    };
    name.unwrap_or_default()
}

fn case_name(plan: &Plan, ty: TypeId, case: u32) -> Option<String> {
    match &plan[ty] {
        Type::Variant(of) => of
            .cases
            .get(case as usize)
            .map(|case| case.name.wit.to_string()),
        _ => None,
    }
}

/// The variant at a place of a record, in an option or not.
fn member_type(plan: &Plan, record: TypeId, place: u32) -> Option<TypeId> {
    let Type::Record(of) = &plan[record] else {
        return None;
    };
    let ty = of.fields.get(place as usize)?.ty;
    Some(match plan[ty] {
        Type::Option(inner) => inner,
        _ => ty,
    })
}

/// The type of all that a field stands for.
fn whole(plan: &Plan, shape: Shape, field: &FieldLayout) -> Option<TypeId> {
    match (shape, field.slot) {
        (Shape::Record(ty), Slot::Place(place) | Slot::Oneof { place, .. }) => match &plan[ty] {
            Type::Record(of) => of.fields.get(place as usize).map(|field| field.ty),
            Type::Tuple(items) => items.get(place as usize).copied(),
            _ => None,
        },
        (Shape::Wrapper(ty), _) => Some(ty),
        (Shape::Entry(ty), Slot::Whole(part)) => match plan[ty] {
            Type::Map(key, value) => Some(if part == 0 { key } else { value }),
            _ => None,
        },
        _ => field.ty,
    }
}

fn ty(shape: Shape) -> Option<TypeId> {
    match shape {
        Shape::Record(ty) | Shape::Variant(ty) | Shape::Result(ty) => Some(ty),
        Shape::Wrapper(ty) | Shape::Entry(ty) => Some(ty),
        Shape::Empty(ty) => ty,
    }
}

/// The type that a message stands for by itself.
fn own_type(shape: Shape) -> Option<TypeId> {
    match shape {
        Shape::Record(ty) | Shape::Variant(ty) | Shape::Empty(Some(ty)) => Some(ty),
        Shape::Result(_) | Shape::Wrapper(_) | Shape::Entry(_) | Shape::Empty(None) => None,
    }
}

/// Messages of one kind have fields that can be compared.
fn kind(plan: &Plan, shape: Shape) -> u8 {
    match shape {
        Shape::Record(ty) if matches!(plan[ty], Type::Tuple(_)) => 1,
        Shape::Record(_) | Shape::Wrapper(_) | Shape::Empty(None) => 0,
        Shape::Entry(_) => 2,
        Shape::Variant(_) => 3,
        Shape::Result(_) => 4,
        Shape::Empty(Some(_)) => 5,
    }
}

fn well_known(plan: &Plan, shape: Shape) -> Option<WellKnown> {
    match shape {
        Shape::Record(ty) => match &plan[ty] {
            Type::Record(of) => of.well_known,
            _ => None,
        },
        _ => None,
    }
}

fn is_bare(message: &MessageLayout) -> bool {
    message.form() == Form::Scalar
}

fn has_flags(plan: &Plan, ty: Option<TypeId>) -> bool {
    ty.is_some_and(|ty| matches!(plan[ty], Type::Flags(_)))
}

fn is_entry(plan: &Plan, field: &FieldLayout) -> bool {
    match field.kind {
        Kind::Message(id) => matches!(plan.proto().message(id).shape, Shape::Entry(_)),
        _ => false,
    }
}

/// Whether a value of a field without presence may be one that is not written.
pub(super) fn may_be_left_out(plan: &Plan, field: &FieldLayout) -> bool {
    match field.kind {
        Kind::Message(_) | Kind::Opaque(_) => false,
        Kind::Enum(id) => {
            let zero = plan.proto().enumeration(id).find(0);
            zero.is_some_and(|zero| zero.case.is_some())
        }
        _ => !field.ty.is_some_and(|ty| matches!(plan[ty], Type::Char)),
    }
}

/// `removed (u32)`; of a case, `removed`.
fn removal(what: &str, of: &Message<'_>, field: &FieldLayout) -> String {
    match field.label {
        Label::Oneof => what.to_owned(),
        _ => {
            let ty = whole(of.plan, of.layout.shape, field);
            format!("{what} ({})", spell(of.plan, ty))
        }
    }
}
