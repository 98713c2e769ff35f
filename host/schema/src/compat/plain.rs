//! Types as plain JSON has them: by names.

use std::collections::{HashMap, HashSet};

use super::both::Both;
use super::findings::Findings;
use super::place::{self, Place};
use super::reason::Reason;
use super::renames::{Index, Part, renames};
use super::spell::{change, spell};
use super::{Effect, Side, Wire, kinds};
use crate::{Case, Field, Name, Plan, Record, Type, TypeId};

/// One walk of one side. A pair of types is looked at once, unless it differs
/// and has no name by which to tell of it in one place.
pub(super) struct Plain<'a, 'f> {
    plans: Both<&'a Plan>,
    index: Both<&'f Index<'a>>,
    side: Side,
    findings: &'f mut Findings,
    seen: &'f mut HashSet<(Side, Both<TypeId>)>,
}

/// A case of a variant, or an enum's.
type AnyCase<'a> = (&'a Name, Option<TypeId>);

impl<'a, 'f> Plain<'a, 'f> {
    pub(super) fn new(
        plans: Both<&'a Plan>,
        index: Both<&'f Index<'a>>,
        side: Side,
        findings: &'f mut Findings,
        seen: &'f mut HashSet<(Side, Both<TypeId>)>,
    ) -> Self {
        Self {
            plans,
            index,
            side,
            findings,
            seen,
        }
    }

    pub(super) fn types(&mut self, place: &Place, pair: Both<TypeId>) {
        if !self.findings.step() {
            return;
        }
        let types = self.plans.zip(pair).map(|(plan, ty)| &plan[ty]);
        if is_scalar(types.old) && is_scalar(types.new) {
            let (written, read) = types.written_and_read(self.side);
            if let Some(reason) = kinds::types(written, read) {
                self.changed(place, pair.map(Some), reason);
            }
            return;
        }
        if !self.seen.insert((self.side, pair)) {
            return;
        }
        let named = place::of_types(self.plans, pair);
        let before = self.findings.notes();
        self.compound(named.as_ref().unwrap_or(place), pair);
        if named.is_none() && self.findings.notes() != before {
            self.seen.remove(&(self.side, pair));
        }
    }

    /// What a method need not have.
    pub(super) fn optional(&mut self, place: &Place, pair: Both<Option<TypeId>>) {
        match (pair.old, pair.new) {
            (None, None) => {}
            (Some(old), Some(new)) => self.types(place, Both { old, new }),
            _ => self.changed(place, pair, Reason::OtherType),
        }
    }

    fn compound(&mut self, place: &Place, pair: Both<TypeId>) {
        let types = self.plans.zip(pair).map(|(plan, ty)| &plan[ty]);
        if let (Some(old), Some(new)) = (cases(types.old), cases(types.new)) {
            return self.cases(place, pair, &Both { old, new });
        }
        match (types.old, types.new) {
            (Type::Option(_), _) | (_, Type::Option(_)) => self.option(place, pair),
            (Type::List(old), Type::List(new)) => {
                self.types(
                    &place.items(),
                    Both {
                        old: *old,
                        new: *new,
                    },
                );
            }
            (Type::Tuple(old), Type::Tuple(new)) if old.len() == new.len() => {
                for (step, (old, new)) in old.iter().zip(new).enumerate() {
                    let pair = Both {
                        old: *old,
                        new: *new,
                    };
                    self.types(&place.part(&step.to_string()), pair);
                }
            }
            (Type::Record(old), Type::Record(new)) if old.well_known == new.well_known => {
                if old.well_known.is_none() {
                    self.record(place, pair, Both { old, new });
                }
            }
            (
                Type::Result { ok, err },
                Type::Result {
                    ok: new_ok,
                    err: new_err,
                },
            ) => {
                for (step, old, new) in [("ok", *ok, *new_ok), ("err", *err, *new_err)] {
                    self.optional(&place.part(step), Both { old, new });
                }
            }
            (Type::Flags(old), Type::Flags(new)) => {
                let flags = Both { old, new }.map(|of| of.flags.iter().map(|flag| (flag, None)));
                self.cases(place, pair, &flags.map(Iterator::collect));
            }
            (Type::Map(old_key, old), Type::Map(new_key, new)) => {
                let keys = Both {
                    old: *old_key,
                    new: *new_key,
                };
                self.types(&place.part("key"), keys);
                self.types(
                    &place.part("value"),
                    Both {
                        old: *old,
                        new: *new,
                    },
                );
            }
            _ => self.changed(place, pair.map(Some), Reason::OtherType),
        }
    }

    fn option(&mut self, place: &Place, pair: Both<TypeId>) {
        let inner = self.plans.zip(pair).map(|(plan, ty)| match plan[ty] {
            Type::Option(inner) => (Some(inner), matches!(plan[inner], Type::Option(_))),
            _ => (None, false),
        });
        let (written, read) = inner.written_and_read(self.side);
        match (written.0, read.0) {
            // An option in an option is written around what is in it.
            _ if written.1 != read.1 => self.changed(place, pair.map(Some), Reason::OtherType),
            (Some(written), Some(read)) => {
                self.types(place, Both::of(self.side, written, read));
            }
            (Some(_), None) => self.changed(place, pair.map(Some), Reason::NoneIsRefused),
            (None, _) => {
                self.changed(place, pair.map(Some), Reason::AlwaysThere);
                let (written, _) = pair.written_and_read(self.side);
                if let Some(read) = read.0 {
                    self.types(place, Both::of(self.side, written, read));
                }
            }
        }
    }

    fn record(&mut self, place: &Place, pair: Both<TypeId>, records: Both<&'a Record>) {
        let fields =
            records.map(|record| by_name(record.fields.iter().map(|f| (&*f.name.plain, f))));
        let renamed = self.renames(pair);
        let new_names: HashSet<&str> = renamed.values().copied().collect();
        for old in &records.old.fields {
            if !self.findings.step() {
                return;
            }
            let part = place.part(&old.name.wit);
            match fields.new.get(&*old.name.plain) {
                Some(new) => self.field(&part, Both { old, new }),
                None => match renamed.get(&*old.name.wit) {
                    Some(to) => self.note(&part, format!("renamed {to}"), Reason::Renamed),
                    None => self.removed(&part, old),
                },
            }
        }
        for new in &records.new.fields {
            if !self.findings.step() {
                return;
            }
            let is_known = fields.old.contains_key(&*new.name.plain);
            if !is_known && !new_names.contains(&*new.name.wit) {
                self.added(&place.part(&new.name.wit), new);
            }
        }
    }

    fn field(&mut self, place: &Place, fields: Both<&Field>) {
        let pair = fields.map(|field| field.ty);
        let is_option = self
            .plans
            .zip(pair)
            .map(|(plan, ty)| matches!(plan[ty], Type::Option(_)));
        let (_, read) = fields.written_and_read(self.side);
        // `null` stands for the default where there is one.
        if is_option.written_and_read(self.side) == (true, false) && read.default.is_some() {
            self.changed(place, pair.map(Some), Reason::NoneIsDefault);
            let inner = self.plans.zip(pair).map(|(plan, ty)| match plan[ty] {
                Type::Option(inner) => inner,
                _ => ty,
            });
            return self.types(place, inner);
        }
        self.types(place, pair);
    }

    fn removed(&mut self, place: &Place, field: &Field) {
        let change = format!("removed ({})", spell(self.plans.old, Some(field.ty)));
        let reason = match self.side {
            Side::Request => Reason::Ignored,
            Side::Response => Reason::Missing,
        };
        self.note(place, change, reason);
    }

    fn added(&mut self, place: &Place, field: &Field) {
        let change = format!("added ({})", spell(self.plans.new, Some(field.ty)));
        let reason = match (self.side, &field.default, &self.plans.new[field.ty]) {
            (Side::Response, _, _) => Reason::Ignored,
            (Side::Request, Some(_), _) => Reason::MissingIsDefault,
            (Side::Request, None, Type::Option(_)) => Reason::MissingIsNone,
            (Side::Request, None, _) => Reason::Missing,
        };
        self.note(place, change, reason);
    }

    /// The cases of variants and enums, and flags.
    fn cases(&mut self, place: &Place, pair: Both<TypeId>, cases: &Both<Vec<AnyCase<'a>>>) {
        let by_name = Both {
            old: &cases.old,
            new: &cases.new,
        }
        .map(|cases| by_name(cases.iter().map(|case| (&*case.0.plain, case))));
        let renamed = self.renames(pair);
        let new_names: HashSet<&str> = renamed.values().copied().collect();
        for old in &cases.old {
            if !self.findings.step() {
                return;
            }
            let part = place.part(&old.0.wit);
            match by_name.new.get(&*old.0.plain) {
                Some(new) => self.optional(
                    &part,
                    Both {
                        old: old.1,
                        new: new.1,
                    },
                ),
                None => match renamed.get(&*old.0.wit) {
                    Some(to) => self.note(&part, format!("renamed {to}"), Reason::Renamed),
                    None => self.note(&part, "removed".to_owned(), gone_case(self.side)),
                },
            }
        }
        for new in &cases.new {
            if !self.findings.step() {
                return;
            }
            let is_known = by_name.old.contains_key(&*new.0.plain);
            if !is_known && !new_names.contains(&*new.0.wit) {
                self.note(
                    &place.part(&new.0.wit),
                    "added".to_owned(),
                    new_case(self.side),
                );
            }
        }
    }

    fn renames(&self, pair: Both<TypeId>) -> HashMap<&'a str, &'a str> {
        let parts: Both<Vec<Part<'a>>> = self.index.zip(pair).map(|(index, ty)| index.parts(ty));
        renames(
            self.plans,
            Both {
                old: &parts.old,
                new: &parts.new,
            },
        )
    }

    fn changed(&mut self, place: &Place, types: Both<Option<TypeId>>, reason: Reason) {
        self.note(place, change(self.plans, types), reason);
    }

    fn note(&mut self, place: &Place, change: String, reason: Reason) {
        let effect = Effect::new(self.side, Wire::Plain, reason);
        self.findings.note(place.path(), change, effect);
    }
}

/// What becomes of a case that is gone.
pub(super) fn gone_case(side: Side) -> Reason {
    match side {
        Side::Request => Reason::UnknownCase,
        Side::Response => Reason::UnusedCase,
    }
}

/// What becomes of a case that was added.
pub(super) fn new_case(side: Side) -> Reason {
    match side {
        Side::Request => Reason::UnusedCase,
        Side::Response => Reason::UnknownCase,
    }
}

fn by_name<'n, T>(named: impl Iterator<Item = (&'n str, T)>) -> HashMap<&'n str, T> {
    named.collect()
}

fn is_scalar(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Char | Type::String | Type::Bytes | Type::F32 | Type::F64 => true,
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => true,
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => true,
        Type::List(_) | Type::Option(_) | Type::Result { .. } | Type::Tuple(_) => false,
        Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_) | Type::Map(..) => {
            false
        }
    }
}

/// Enums are written as variants without payloads are.
fn cases(ty: &Type) -> Option<Vec<AnyCase<'_>>> {
    match ty {
        Type::Variant(of) => Some(
            of.cases
                .iter()
                .map(|Case { name, ty }| (name, *ty))
                .collect(),
        ),
        Type::Enum(of) => Some(of.cases.iter().map(|name| (name, None)).collect()),
        _ => None,
    }
}
