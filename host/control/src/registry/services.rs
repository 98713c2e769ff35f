//! The services of one tenant by name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use ostler_call::Metadata;
use ostler_schema::Contract;

use super::{Catalogue, Outline, Share, Version};

/// A component as calls find it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// The version that answers.
    pub(crate) current: Arc<Version>,
    /// One on trial.
    pub(crate) canary: Option<Canary>,
}

/// A version that gets some of the calls.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    pub(crate) version: Arc<Version>,
    pub(crate) share: Arc<Share>,
}

/// A service of a live component.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    live: Arc<Live>,
    /// Its place in the contract of the current version.
    service: usize,
    /// Its place in that of the one on trial, if it is there too.
    trial: Option<usize>,
    /// Whose name led here.
    pub(crate) profile: Profile,
}

impl Target {
    /// The version for a call with this metadata, and the service's place in
    /// its contract.
    pub(crate) fn pick(&self, metadata: &Metadata) -> (&Arc<Version>, usize) {
        if let (Some(canary), Some(service)) = (&self.live.canary, self.trial)
            && canary.share.has(metadata)
        {
            return (&canary.version, service);
        }
        self.current()
    }

    /// The version that answers, whatever is on trial.
    pub(crate) fn current(&self) -> (&Arc<Version>, usize) {
        (&self.live.current, self.service)
    }
}

/// Which of a service's names was used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Profile {
    /// `users`, `users.v1`.
    Plain,
    /// `demo.users.v1.Users`.
    Proto,
}

/// Second level: the services of one tenant.
#[derive(Debug, Default)]
pub(crate) struct Services {
    by_name: HashMap<Box<str>, Target>,
    pub(crate) catalogue: Arc<Catalogue>,
}

/// Two services that cannot both be live.
#[derive(Debug, Eq, PartialEq)]
pub struct RegistryError {
    /// The place of the second's component.
    pub(crate) place: usize,
    name: String,
    first: String,
    second: String,
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            first,
            second,
            ..
        } = self;
        write!(
            f,
            "two services are called {name:?}: {first} and {second}; leave one out, rename its interface, \
             or give it another major version of the same package"
        )
    }
}

impl std::error::Error for RegistryError {}

impl Services {
    /// A snapshot of these components; a short name that several majors of a
    /// package share goes to the first of them.
    ///
    /// # Errors
    /// [`RegistryError`] when two services would answer to one name.
    pub(crate) fn new(live: Vec<Live>) -> Result<Self, RegistryError> {
        let live: Vec<Arc<Live>> = live.into_iter().map(Arc::new).collect();
        let mut names = Names::default();
        for (place, live) in live.iter().enumerate() {
            let Version {
                label, services, ..
            } = &*live.current;
            for (service, outline) in services.iter().enumerate() {
                names.add(label, outline, (place, service))?;
            }
        }
        let current = live.iter().map(|live| live.current.clone());
        let catalogue = Arc::new(Catalogue::new(current.collect()));
        let target = |(place, service): (usize, usize), profile| Target {
            live: Arc::clone(&live[place]),
            service,
            trial: on_trial(&live[place], service),
            profile,
        };
        Ok(Self {
            by_name: names
                .0
                .into_iter()
                .map(|(n, named)| (n, target(named.place, named.profile)))
                .collect(),
            catalogue,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Target> {
        self.by_name.get(name)
    }
}

/// The place of a service of the current version in the one on trial.
fn on_trial(live: &Live, service: usize) -> Option<usize> {
    let name = &live.current.services[service].proto;
    let services = &live.canary.as_ref()?.version.services;
    services.iter().position(|service| service.proto == *name)
}

/// The plain names of a contract's services, with their major where they have
/// one: `users.v1`.
pub(crate) fn short_names(contract: &Contract) -> impl Iterator<Item = String> {
    contract.services.iter().map(|service| {
        let outline = Outline::of_service(service);
        let versioned = outline.versioned();
        versioned.unwrap_or_else(|| outline.plain.into())
    })
}

/// The names of services and what each leads to.
#[derive(Default)]
struct Names<'a>(HashMap<Box<str>, Named<'a>>);

/// NB: all names are gathered at each change, so that nothing is copied for
/// messages alone.
#[derive(Clone, Copy)]
struct Named<'a> {
    /// Its deployment and its place in that one's contract.
    place: (usize, usize),
    profile: Profile,
    /// Where it came from.
    label: &'a str,
    service: &'a Outline,
}

impl Named<'_> {
    /// For messages.
    fn what(&self) -> String {
        format!("{} ({})", self.service.export, self.label)
    }
}

impl<'a> Names<'a> {
    /// Adds `users.v1`, `demo.users.v1.Users`, and `users` unless an earlier
    /// major has it.
    fn add(
        &mut self,
        label: &'a str,
        service: &'a Outline,
        place: (usize, usize),
    ) -> Result<(), RegistryError> {
        let named = Named {
            place,
            profile: Profile::Plain,
            label,
            service,
        };
        let short = &service.plain;
        let versioned = service.versioned().map(String::into_boxed_str);
        if let Some(first) = self.0.get(short) {
            // Majors of one package share the short name; strangers may not.
            if versioned.is_none() || first.service.package() != service.package() {
                return Err(clash(short, first, &named));
            }
        }
        if let Some(versioned) = versioned {
            if let Some(other) = self.0.get(&versioned) {
                return Err(clash(&versioned, other, &named));
            }
            self.0.insert(versioned, named);
        }
        let proto = Named {
            profile: Profile::Proto,
            ..named
        };
        self.0.entry(short.clone()).or_insert(named);
        match self.0.entry(service.proto.clone()) {
            Entry::Occupied(other) => Err(clash(&service.proto, other.get(), &proto)),
            Entry::Vacant(place) => {
                place.insert(proto);
                Ok(())
            }
        }
    }
}

fn clash(name: &str, first: &Named<'_>, second: &Named<'_>) -> RegistryError {
    RegistryError {
        place: second.place.0,
        name: name.to_owned(),
        first: first.what(),
        second: second.what(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(package: &str, name: &str, version: Option<&str>) -> Outline {
        let (namespace, short) = package.split_once(':').unwrap();
        let at = version.map(|v| format!("@{v}")).unwrap_or_default();
        Outline {
            export: format!("{package}/{name}{at}").into(),
            plain: name.replace('-', "_").into(),
            proto: format!("{namespace}.{short}.v{version:?}.{name}").into(),
        }
    }

    fn names(services: &[Outline]) -> Result<Vec<(String, usize)>, String> {
        let mut names = Names::default();
        for (i, s) in services.iter().enumerate() {
            names.add("x.wasm", s, (i, 0)).map_err(|e| e.to_string())?;
        }
        let mut all: Vec<_> = names
            .0
            .into_iter()
            .filter(|(_, named)| named.profile == Profile::Plain)
            .map(|(n, named)| (n.into_string(), named.place.0))
            .collect();
        all.sort();
        Ok(all)
    }

    #[test]
    fn the_short_name_stays_on_the_first_major() {
        let found = names(&[
            service("demo:users", "users", Some("2.1.0")),
            service("demo:users", "users", Some("1.0.0")),
            service("demo:users", "user-admin", Some("0.3.0")),
            service("demo:blobs", "blobs", None),
        ]);
        let expected = [
            ("blobs", 3),
            ("user_admin", 2),
            ("user_admin.v0", 2),
            ("users", 0),
            ("users.v1", 1),
            ("users.v2", 0),
        ];
        assert_eq!(
            found.unwrap(),
            expected.map(|(n, p)| (n.to_owned(), p)).to_vec()
        );
    }

    #[test]
    fn one_name_for_two_services_is_refused() {
        let twice = names(&[
            service("demo:users", "users", Some("1.0.0")),
            service("demo:users", "users", Some("1.4.0")),
        ]);
        assert_eq!(
            twice.unwrap_err(),
            "two services are called \"users.v1\": demo:users/users@1.0.0 (x.wasm) and \
             demo:users/users@1.4.0 (x.wasm); leave one out, rename its interface, or give it \
             another major version of the same package"
        );
        let strangers = names(&[
            service("demo:users", "users", Some("1.0.0")),
            service("acme:users", "users", Some("2.0.0")),
        ]);
        assert!(
            strangers
                .unwrap_err()
                .starts_with("two services are called \"users\"")
        );
        let versionless = names(&[
            service("demo:users", "users", None),
            service("demo:users", "users", None),
        ]);
        assert!(versionless.is_err());
    }
}
