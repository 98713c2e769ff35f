//! Services, and which methods of them are to be compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::both::Both;
use super::findings::Findings;
use super::place::Place;
use super::plain::Plain;
use super::proto::{Memory, Proto};
use super::reason::Reason;
use super::renames::Index;
use super::{Difference, Effect, Side, Wire};
use crate::proto::MessageId;
use crate::{Contract, Method, Plan, Service, TypeId};

/// The wires that have protobuf's names.
pub(super) const PROTO: [Wire; 2] = [Wire::ProtoJson, Wire::Protobuf];

pub(super) fn compare(contracts: Both<&Contract>) -> Vec<Difference> {
    let plans = contracts.map(|contract| &contract.plan);
    let index = plans.map(Index::new);
    let mut walk = Walk {
        plans,
        index: &index,
        findings: Findings::default(),
        seen: HashSet::new(),
        memory: BTreeMap::new(),
    };
    walk.services(contracts.map(|contract| &*contract.services));
    walk.findings.differences()
}

/// What all walks of a comparison share.
pub(super) struct Walk<'a, 'i> {
    pub(super) plans: Both<&'a Plan>,
    index: &'i Both<Index<'a>>,
    findings: Findings,
    seen: HashSet<(Side, Both<TypeId>)>,
    pub(super) memory: BTreeMap<(Side, Wire), Memory>,
}

/// Services of one key are versions of one service.
type Key<'s> = (&'s str, &'s str, Option<&'s str>, &'s str);

fn key(service: &Service) -> Key<'_> {
    let package = &service.package;
    let name = &*service.name.wit;
    (&package.namespace, &package.name, major(service), name)
}

fn major(service: &Service) -> Option<&str> {
    service.package.version.as_deref()?.split('.').next()
}

/// `demo:users@1`.
fn package(service: &Service) -> String {
    let package = &service.package;
    let major = major(service).map(|major| format!("@{major}"));
    format!(
        "{}:{}{}",
        package.namespace,
        package.name,
        major.unwrap_or_default()
    )
}

impl<'a> Walk<'a, '_> {
    fn services(&mut self, services: Both<&'a [Service]>) {
        let names = services.map(|services| repeated(services.iter().map(|s| &*s.name.wit)));
        let path = |service: &Service| {
            let name = &*service.name.wit;
            match names.old.contains(name) || names.new.contains(name) {
                true => format!("{}/{name}", package(service)),
                false => name.to_owned(),
            }
        };
        let keys = services.map(|services| {
            services
                .iter()
                .map(|s| (key(s), s))
                .collect::<HashMap<_, _>>()
        });
        for old in services.old {
            match keys.new.get(&key(old)) {
                Some(new) => self.service(&path(old), Both { old, new }),
                None => self.note_all(
                    &path(old),
                    format!("removed ({})", package(old)),
                    Reason::Gone,
                ),
            }
        }
        for new in services
            .new
            .iter()
            .filter(|new| !keys.old.contains_key(&key(new)))
        {
            self.note_all(&path(new), format!("added ({})", package(new)), Reason::New);
        }
    }

    fn service(&mut self, path: &str, services: Both<&'a Service>) {
        let names = services.map(|service| service.proto.as_str());
        if names.old != names.new {
            let change = format!("{} → {}", names.old, names.new);
            self.note(path, &change, Side::Request, &PROTO, Reason::OtherName);
        }
        let by_name = services.map(|of| {
            of.methods
                .iter()
                .map(|m| (&*m.name.wit, m))
                .collect::<HashMap<_, _>>()
        });
        let free = services
            .new
            .methods
            .iter()
            .filter(|new| !by_name.old.contains_key(&*new.name.wit));
        let mut free: HashMap<&str, &Method> = free.map(|new| (new.proto.as_str(), new)).collect();
        for old in &services.old.methods {
            let path = format!("{path}.{}", old.name.wit);
            if let Some(new) = by_name.new.get(&*old.name.wit) {
                self.named(&path, Both { old, new });
                self.method(&path, Both { old, new });
            } else if let Some(new) = free.remove(old.proto.as_str()) {
                let change = format!("renamed {}", new.name.wit);
                self.note(
                    &path,
                    &change,
                    Side::Request,
                    &[Wire::Plain],
                    Reason::OtherName,
                );
                self.method(&path, Both { old, new });
            } else {
                self.note_all(&path, "removed".to_owned(), Reason::Gone);
            }
        }
        for new in services
            .new
            .methods
            .iter()
            .filter(|new| free.contains_key(new.proto.as_str()))
        {
            if !by_name.old.contains_key(&*new.name.wit) {
                self.note_all(
                    &format!("{path}.{}", new.name.wit),
                    "added".to_owned(),
                    Reason::New,
                );
            }
        }
    }

    fn named(&mut self, path: &str, methods: Both<&Method>) {
        let names = methods.map(|method| method.proto.as_str());
        if names.old != names.new {
            let change = format!("{} → {}", names.old, names.new);
            self.note(path, &change, Side::Request, &PROTO, Reason::OtherName);
        }
    }

    /// The types of a message, or of none, in plain JSON.
    pub(super) fn types(&mut self, place: &Place, side: Side, pair: Both<Option<TypeId>>) {
        let index = self.index.as_ref();
        Plain::new(self.plans, index, side, &mut self.findings, &mut self.seen)
            .optional(place, pair);
    }

    /// The same message as protobuf.
    pub(super) fn messages(&mut self, place: &Place, side: Side, pair: Both<MessageId>) {
        for wire in PROTO {
            let mut proto = Proto {
                plans: self.plans,
                side,
                wire,
                findings: &mut self.findings,
                memory: self.memory.entry((side, wire)).or_default(),
            };
            proto.messages(place, pair);
        }
    }

    pub(super) fn note(
        &mut self,
        path: &str,
        change: &str,
        side: Side,
        wires: &[Wire],
        reason: Reason,
    ) {
        for wire in wires {
            self.findings
                .note(path, change.to_owned(), Effect::new(side, *wire, reason));
        }
    }

    /// What is seen of a call, on every wire.
    pub(super) fn note_all(&mut self, path: &str, change: String, reason: Reason) {
        self.note(path, &change, Side::Request, &Wire::ALL, reason);
    }
}

/// The names that occur again.
fn repeated<'s>(names: impl Iterator<Item = &'s str>) -> HashSet<&'s str> {
    let mut seen = HashSet::new();
    names.filter(|name| !seen.insert(*name)).collect()
}
