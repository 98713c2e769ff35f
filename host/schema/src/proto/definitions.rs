//! Full names for everything that a contract defines.

use std::collections::{BTreeMap, BTreeSet};

use super::enums::value_names;
use super::keys::Keys;
use super::lock::{Lock, Pinned};
use super::methods::Sources;
use super::names::{free_name, upper_camel};
use crate::types::for_each_child;
use crate::{ContractError, PackageName, Plan, Service, Type, TypeId};

/// The full name of a service, message or enum, and where its package ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct FullName {
    pub(super) name: String,
    pub(super) package: String,
}

/// Full names by key.
#[derive(Clone, Debug, Default)]
pub(super) struct FullNames(BTreeMap<String, FullName>);

impl FullNames {
    pub(super) fn get(&self, key: &str) -> FullName {
        self.0.get(key).cloned().unwrap_or_default()
    }
}

/// Something to be named.
struct Definition<'a> {
    package: &'a PackageName,
    interface: &'a str,
    /// The name it has unless that is taken.
    name: String,
    /// Types of WIT go before messages made for methods.
    is_made: bool,
    /// The cases of an enum, whose values are named beside it.
    cases: Option<Vec<&'a str>>,
}

/// Names services and types. What the lock says holds; two types of one name
/// in different interfaces of a package get their interface's name in front,
/// and so does a message made for a method whose name is taken.
pub(super) fn name_all(
    services: &[Service],
    sources: Sources<'_>,
) -> Result<FullNames, ContractError> {
    let mut naming = Naming {
        lock: sources.lock,
        names: BTreeMap::new(),
        taken: BTreeSet::new(),
    };
    for service in services {
        naming.service(service, sources.keys.service(service))?;
    }
    let definitions = definitions(services, sources);
    naming.pinned(&definitions)?;
    naming.types(&definitions, false);
    naming.types(&definitions, true);
    Ok(FullNames(naming.names))
}

fn definitions<'a>(
    services: &'a [Service],
    sources: Sources<'a>,
) -> BTreeMap<String, Definition<'a>> {
    let mut all = BTreeMap::new();
    let mut roots = Vec::new();
    for service in services {
        for method in &service.methods {
            for (part, source) in sources.of(service, method) {
                let Some(source) = source else { continue };
                roots.extend(source.ty());
                if source.is_made() {
                    let key = sources.keys.part(service, method, part);
                    let name = upper_camel(&method.name.wit) + part.suffix();
                    all.insert(key, made(service, name));
                }
            }
        }
    }
    for ty in reachable(sources.plan, roots) {
        if let Some((key, definition)) = named(sources.plan, sources.keys, ty) {
            all.insert(key, definition);
        }
    }
    all
}

fn made(service: &Service, name: String) -> Definition<'_> {
    Definition {
        package: &service.package,
        interface: &service.name.wit,
        name,
        is_made: true,
        cases: None,
    }
}

fn named<'a>(plan: &'a Plan, keys: &Keys, ty: TypeId) -> Option<(String, Definition<'a>)> {
    let origin = plan.origin(ty)?;
    let cases = match &plan[ty] {
        Type::Record(record) if record.well_known.is_some() => return None,
        Type::Enum(of) => Some(of.cases.iter().map(|case| &*case.wit).collect()),
        Type::Flags(of) => Some(of.flags.iter().map(|flag| &*flag.wit).collect()),
        _ => None,
    };
    let definition = Definition {
        package: &origin.package,
        interface: &origin.interface,
        name: upper_camel(&origin.name),
        is_made: false,
        cases,
    };
    Some((keys.origin(origin), definition))
}

/// These types and all they are made of.
pub(super) fn reachable(plan: &Plan, mut open: Vec<TypeId>) -> BTreeSet<TypeId> {
    let mut seen = BTreeSet::new();
    while let Some(ty) = open.pop() {
        if seen.insert(ty) {
            for_each_child(&plan[ty], |child| open.push(child));
        }
    }
    seen
}

struct Naming<'a> {
    lock: &'a Lock,
    names: BTreeMap<String, FullName>,
    taken: BTreeSet<String>,
}

impl Naming<'_> {
    fn service(&mut self, service: &Service, key: String) -> Result<(), ContractError> {
        let lock = self.lock.services.get(&key);
        let name = match lock.and_then(|lock| lock.full_name.clone()) {
            Some(name) => self.split(name, &service.package),
            None => within(&service.package, &upper_camel(&service.name.wit)),
        };
        self.take(&name.name, &key)?;
        self.names.insert(key, name);
        Ok(())
    }

    /// Names that the lock gives. Those of messages without fields, which
    /// methods may share, are checked when they are built.
    fn pinned(
        &mut self,
        definitions: &BTreeMap<String, Definition<'_>>,
    ) -> Result<(), ContractError> {
        let mut made = Vec::new();
        for (key, definition) in definitions {
            let Some(pinned) = self.lock.name_of(key) else {
                continue;
            };
            let name = match pinned {
                Pinned::Short(name) => within(definition.package, name),
                Pinned::Full(name) => self.split(name.clone(), definition.package),
            };
            if definition.is_made {
                made.push(name.name.clone());
            } else {
                self.take(&name.name, key)?;
            }
            for value in self.values(key, definition, &name.name) {
                self.taken.insert(value);
            }
            self.names.insert(key.clone(), name);
        }
        self.taken.extend(made);
        Ok(())
    }

    fn types(&mut self, definitions: &BTreeMap<String, Definition<'_>>, made: bool) {
        let chosen = || {
            (definitions.iter())
                .filter(|(key, of)| of.is_made == made && self.lock.name_of(key).is_none())
        };
        let mut uses = BTreeMap::<String, usize>::new();
        for (_, of) in chosen() {
            *uses.entry(within(of.package, &of.name).name).or_default() += 1;
        }
        let chosen: Vec<_> = chosen().collect();
        for (key, of) in chosen {
            let is_shared = uses[&within(of.package, &of.name).name] > 1;
            let prefixed = upper_camel(of.interface) + &of.name;
            let bare = (!is_shared).then(|| of.name.clone());
            let candidates = bare.into_iter().chain([prefixed]);
            let chosen = free_name(candidates, |name| self.is_free(key, of, name));
            let name = within(of.package, &chosen);
            self.taken.insert(name.name.clone());
            let values = self.values(key, of, &name.name);
            self.taken.extend(values);
            self.names.insert(key.clone(), name);
        }
    }

    fn is_free(&self, key: &str, of: &Definition<'_>, name: &str) -> bool {
        let name = within(of.package, name).name;
        let values = self.values(key, of, &name);
        ([name].iter().chain(&values)).all(|name| !self.taken.contains(name))
    }

    /// The full names of an enum's values, which are beside the enum.
    fn values(&self, key: &str, of: &Definition<'_>, full_name: &str) -> Vec<String> {
        let Some(cases) = &of.cases else {
            return Vec::new();
        };
        let lock = self.lock.enums.get(key);
        let (scope, name) = full_name.rsplit_once('.').unwrap_or(("", full_name));
        let names = value_names(name, cases, lock);
        let all = names.cases.into_iter().chain(names.zero);
        all.map(|value| format!("{scope}.{value}")).collect()
    }

    fn take(&mut self, name: &str, key: &str) -> Result<(), ContractError> {
        if self.taken.insert(name.to_owned()) {
            return Ok(());
        }
        Err(ContractError::new(
            format!("{name} is the full name of another one too"),
            "give one of them another name in ostler.lock",
        )
        .within(key))
    }

    /// Finds where the package ends in a full name that the lock gives.
    fn split(&self, name: String, package: &PackageName) -> FullName {
        let own = package.proto();
        let packages = self.lock.packages.iter().map(String::as_str).chain([&*own]);
        let begins = |package: &&str| {
            (name.strip_prefix(*package)).is_some_and(|rest| rest.starts_with('.'))
        };
        let package = packages.filter(begins).max_by_key(|package| package.len());
        let parent = name.rsplit_once('.').map_or("", |(parent, _)| parent);
        let package = package.unwrap_or(parent).to_owned();
        FullName { name, package }
    }
}

fn within(package: &PackageName, name: &str) -> FullName {
    let package = package.proto();
    FullName {
        name: format!("{package}.{name}"),
        package,
    }
}

/// The name of a method: the lock's, or its own in protobuf's spelling.
pub(super) fn method_name(lock: &Lock, service: &str, method: &str) -> String {
    let service = lock.services.get(service);
    let pinned = service.and_then(|service| service.methods.get(method));
    pinned.cloned().unwrap_or_else(|| upper_camel(method))
}
