//! Enums and flags as protobuf: by number, or by name in its JSON.

use std::collections::{HashMap, HashSet};

use super::both::Both;
use super::place::{self, Place};
use super::proto::Proto;
use super::reason::Reason;
use super::renames::{Part, renames};
use super::{Wire, plain};
use crate::proto::{EnumId, EnumLayout, EnumValue};
use crate::{Plan, Type, TypeId};

/// An enum or flags: its cases by name.
struct Cases<'a> {
    names: Vec<&'a str>,
    places: HashMap<&'a str, u32>,
    layout: &'a EnumLayout,
}

impl<'a> Cases<'a> {
    fn new(plan: &'a Plan, ty: TypeId, id: EnumId) -> Self {
        let names = match &plan[ty] {
            Type::Enum(of) => &of.cases,
            Type::Flags(of) => &of.flags,
            _ => &[][..],
        };
        let names: Vec<&str> = names.iter().map(|name| &*name.wit).collect();
        Self {
            places: names.iter().copied().zip(0..).collect(),
            names,
            layout: plan.proto().enumeration(id),
        }
    }

    fn value(&self, name: &str) -> Option<&'a EnumValue> {
        self.layout.value_of(*self.places.get(name)?)
    }

    fn parts(&self) -> Vec<Part<'a>> {
        let parts = self.names.iter().filter_map(|step| {
            let number = self.value(step)?.number.into();
            Some(Part {
                step,
                number,
                ty: None,
            })
        });
        parts.collect()
    }
}

impl<'a> Proto<'a, '_> {
    pub(super) fn enums(&mut self, place: &Place, types: Both<TypeId>, ids: Both<EnumId>) {
        let named = place::of_types(self.plans, types);
        if named.is_some() && !self.memory.enums.insert(types) {
            return;
        }
        let place = named.as_ref().unwrap_or(place);
        let of = self.plans.zip(types.zip(ids));
        let of: Both<Cases<'a>> = of.map(|(plan, (ty, id))| Cases::new(plan, ty, id));
        let parts = of.as_ref().map(Cases::parts);
        let renamed = renames(self.plans, parts.as_ref().map(Vec::as_slice));
        let new_names: HashSet<&str> = renamed.values().copied().collect();
        for name in of.old.names.iter().copied() {
            if !self.findings.step() {
                return;
            }
            let here = place.part(name);
            let new = renamed.get(name).copied().unwrap_or(name);
            match (of.old.value(name), of.new.value(new)) {
                (Some(old), Some(new)) => self.value(&here, &renamed, &of, Both { old, new }),
                _ => self.note(&here, "removed".to_owned(), plain::gone_case(self.side)),
            }
        }
        for name in of.new.names.iter().copied() {
            if !self.findings.step() {
                return;
            }
            if of.old.value(name).is_none() && !new_names.contains(name) {
                let here = place.part(name);
                self.note(&here, "added".to_owned(), plain::new_case(self.side));
            }
        }
    }

    /// A case that both have.
    fn value(
        &mut self,
        place: &Place,
        renamed: &HashMap<&str, &str>,
        of: &Both<Cases<'a>>,
        values: Both<&EnumValue>,
    ) {
        let numbers = values.map(|value| value.number);
        // Where the zero is left out, JSON depends on it too.
        let is_number_seen = match self.wire {
            Wire::Protobuf => numbers.old != numbers.new,
            _ => (numbers.old == 0) != (numbers.new == 0),
        };
        if is_number_seen {
            let change = format!("number {} → {}", numbers.old, numbers.new);
            self.note(place, change, Reason::OtherNumber);
        }
        let step = values
            .old
            .case
            .and_then(|case| of.old.names.get(case as usize));
        let to = step.and_then(|step| renamed.get(step));
        if self.wire == Wire::Protobuf {
            if let Some(to) = to {
                self.note(place, format!("renamed {to}"), Reason::SameNumber);
            }
            return;
        }
        let (written, read) = values.written_and_read(self.side);
        let (_, reader) = of.as_ref().written_and_read(self.side);
        let found = reader.layout.find_name(&written.name);
        if found.and_then(|found| found.case) == read.case {
            return;
        }
        match to {
            Some(to) => self.note(place, format!("renamed {to}"), Reason::Renamed),
            None => {
                let change = format!("JSON name {} → {}", values.old.name, values.new.name);
                self.note(place, change, Reason::OtherJsonName);
            }
        }
    }
}
