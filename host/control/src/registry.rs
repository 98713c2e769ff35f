//! What is live: immutable snapshots, replaced whole and read without locks.
//! The first level maps a tenant's name to the tenant, the second, one per
//! tenant, a service's name to the deployment that answers for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use ostler_call::Status;
use ostler_runtime::Deployment;
use ostler_schema::{Contract, Method, Service};

use crate::admit::Concurrency;

/// The tenant of a host that has no other.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// What one call of a deployment may take; bounds of the guest itself are
/// the runtime's.
#[derive(Clone, Debug)]
pub struct CallLimits {
    /// The longest a call with one reply may take. `None`: `@timeout`, or
    /// 30 s without one. Calls that stream replies have no total limit but
    /// the caller's and `@timeout`.
    pub timeout: Option<Duration>,
    /// Bytes of one encoded message of a request.
    pub message: usize,
    /// Bytes of one encoded message of a reply. `None`: as many as of a
    /// request.
    pub reply: Option<usize>,
    /// Nesting of JSON.
    pub depth: usize,
    /// Calls at once.
    pub concurrency: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            timeout: None,
            message: 4 << 20,
            reply: None,
            depth: 100,
            concurrency: 256,
        }
    }
}

impl CallLimits {
    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a request message of too many bytes.
    pub(crate) fn check_request(&self, size: usize) -> Result<(), Status> {
        within(size, self.message, "request", "message")
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a reply message of too many bytes.
    pub(crate) fn check_reply(&self, size: usize) -> Result<(), Status> {
        let (limit, key) = match self.reply {
            Some(limit) => (limit, "reply"),
            None => (self.message, "message"),
        };
        within(size, limit, "reply", key)
    }
}

fn within(size: usize, limit: usize, what: &str, key: &str) -> Result<(), Status> {
    if size <= limit {
        return Ok(());
    }
    Err(Status::resource_exhausted(format!(
        "the {what} message has {size} bytes, the limit is {limit} (limits.{key})"
    )))
}

/// How long a call with one reply may take when nobody says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// One live component and everything a call needs that does not depend on
/// the call.
#[derive(Debug)]
pub struct Deployed {
    /// Where it came from, for messages.
    label: String,
    pub(crate) contract: Arc<Contract>,
    pub(crate) deployment: Deployment,
    pub(crate) limits: CallLimits,
    pub(crate) calls: Arc<Concurrency>,
    services: Vec<ServiceIndex>,
}

/// The methods of one service by name, and what is computed for each.
#[derive(Debug)]
struct ServiceIndex {
    plain: HashMap<Box<str>, usize>,
    proto: HashMap<Box<str>, usize>,
    /// The longest each method may take.
    timeouts: Vec<Option<Duration>>,
}

impl Deployed {
    /// A deployment that came from `label` (a path or a name).
    pub fn new(
        label: impl Into<String>,
        contract: Arc<Contract>,
        deployment: Deployment,
        limits: CallLimits,
    ) -> Self {
        let services = contract
            .services
            .iter()
            .map(|service| ServiceIndex::new(service, &limits))
            .collect();
        Self {
            label: label.into(),
            contract,
            deployment,
            calls: Concurrency::new(limits.concurrency),
            limits,
            services,
        }
    }

    /// The method of that name in the profile its service was named in; a
    /// name of the other profile does as well.
    pub(crate) fn method(&self, service: usize, profile: Profile, name: &str) -> Option<usize> {
        let ServiceIndex { plain, proto, .. } = &self.services[service];
        let (first, second) = match profile {
            Profile::Plain => (plain, proto),
            Profile::Proto => (proto, plain),
        };
        first.get(name).or_else(|| second.get(name)).copied()
    }

    pub(crate) fn timeout(&self, service: usize, method: usize) -> Option<Duration> {
        self.services[service].timeouts[method]
    }
}

impl ServiceIndex {
    fn new(service: &Service, limits: &CallLimits) -> Self {
        let methods = || service.methods.iter().enumerate();
        Self {
            plain: methods()
                .map(|(i, method)| (method.name.plain.clone(), i))
                .collect(),
            proto: methods()
                .map(|(i, method)| (method.proto.as_str().into(), i))
                .collect(),
            timeouts: service
                .methods
                .iter()
                .map(|method| own_timeout(method, limits))
                .collect(),
        }
    }
}

/// The longest `method` may take, whatever its caller grants.
fn own_timeout(method: &Method, limits: &CallLimits) -> Option<Duration> {
    if method.pattern.streams_out() {
        return method.timeout;
    }
    Some(match (method.timeout, limits.timeout) {
        (Some(tag), Some(limit)) => tag.min(limit),
        (one, other) => one.or(other).unwrap_or(DEFAULT_TIMEOUT),
    })
}

/// A service of a live deployment.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) deployed: Arc<Deployed>,
    /// Its place in the contract.
    pub(crate) service: usize,
    /// Whose name led here.
    pub(crate) profile: Profile,
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
    pub(crate) deployments: Vec<Arc<Deployed>>,
    /// The body of `/.well-known/ostler/contract`.
    pub(crate) contract: Bytes,
}

/// Two services that cannot both be live.
#[derive(Debug, Eq, PartialEq)]
pub struct RegistryError {
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
    /// A snapshot of these deployments, in the order they were deployed.
    ///
    /// # Errors
    /// [`RegistryError`] when two services would answer to one name.
    pub(crate) fn new(
        deployments: Vec<Arc<Deployed>>,
        contract: Bytes,
    ) -> Result<Self, RegistryError> {
        let mut names = Names::default();
        for (place, deployed) in deployments.iter().enumerate() {
            for (service, declared) in deployed.contract.services.iter().enumerate() {
                names.add(&deployed.label, declared, (place, service))?;
            }
        }
        let target = |(place, service): (usize, usize), profile| Target {
            deployed: deployments[place].clone(),
            service,
            profile,
        };
        Ok(Self {
            by_name: names
                .0
                .into_iter()
                .map(|(n, named)| (n, target(named.place, named.profile)))
                .collect(),
            deployments,
            contract,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Target> {
        self.by_name.get(name)
    }
}

/// The names of services and what each leads to.
#[derive(Default)]
struct Names(HashMap<Box<str>, Named>);

#[derive(Clone)]
struct Named {
    /// Its deployment and its place in that one's contract.
    place: (usize, usize),
    profile: Profile,
    package: String,
    /// For messages: the export and where it came from.
    what: String,
}

impl Names {
    /// Adds `users.v1`, `demo.users.v1.Users`, and `users` unless an earlier
    /// major has it.
    fn add(
        &mut self,
        label: &str,
        service: &Service,
        place: (usize, usize),
    ) -> Result<(), RegistryError> {
        let named = Named {
            place,
            profile: Profile::Plain,
            package: format!("{}:{}", service.package.namespace, service.package.name),
            what: format!("{} ({label})", service.export),
        };
        let short = &service.name.plain;
        let major = major(service.package.version.as_deref());
        if let Some(first) = self.0.get(short) {
            // Majors of one package share the short name; strangers may not.
            if major.is_none() || first.package != named.package {
                return Err(clash(short, first, named));
            }
        }
        if let Some(major) = major {
            let versioned = format!("{short}.v{major}").into_boxed_str();
            if let Some(other) = self.0.get(&versioned) {
                return Err(clash(&versioned, other, named));
            }
            self.0.insert(versioned, named.clone());
        }
        let proto = Named {
            profile: Profile::Proto,
            ..named.clone()
        };
        self.0.entry(short.clone()).or_insert(named);
        match self.0.entry(service.proto.as_str().into()) {
            Entry::Occupied(other) => Err(clash(&service.proto, other.get(), proto)),
            Entry::Vacant(place) => {
                place.insert(proto);
                Ok(())
            }
        }
    }
}

fn clash(name: &str, first: &Named, second: Named) -> RegistryError {
    RegistryError {
        name: name.to_owned(),
        first: first.what.clone(),
        second: second.what,
    }
}

/// The major of a semantic version: `1` of `1.2.0`, `0` of `0.3.1`.
fn major(version: Option<&str>) -> Option<&str> {
    version?.split('.').next()
}

/// First level: every tenant of the host.
#[derive(Debug)]
pub(crate) struct Registry {
    tenants: ArcSwap<HashMap<Box<str>, Arc<Tenant>>>,
}

/// One tenant: its services, swapped whole.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    pub(crate) services: ArcSwap<Services>,
}

impl Registry {
    /// One tenant, `default`, with these services.
    pub(crate) fn new(services: Services) -> Self {
        let tenant = Arc::new(Tenant {
            services: ArcSwap::from_pointee(services),
        });
        Self {
            tenants: ArcSwap::from_pointee(HashMap::from([(DEFAULT_TENANT.into(), tenant)])),
        }
    }

    /// Reads the services of a tenant as they are now; `read` must not block.
    pub(crate) fn read<T>(&self, tenant: &str, read: impl FnOnce(&Services) -> T) -> Option<T> {
        let tenants = self.tenants.load();
        let services = tenants.get(tenant)?.services.load();
        Some(read(&services))
    }
}

#[cfg(test)]
mod tests {
    use ostler_schema::{Name, PackageName};

    use super::*;

    fn service(package: &str, name: &str, version: Option<&str>) -> Service {
        let (namespace, package) = package.split_once(':').unwrap();
        Service {
            package: PackageName {
                namespace: namespace.into(),
                name: package.into(),
                version: version.map(Into::into),
            },
            name: Name::new(name),
            export: match version {
                Some(v) => format!("{namespace}:{package}/{name}@{v}"),
                None => format!("{namespace}:{package}/{name}"),
            },
            docs: String::new(),
            proto: format!("{namespace}.{package}.v{version:?}.{name}"),
            methods: Vec::new(),
        }
    }

    fn names(services: &[Service]) -> Result<Vec<(String, usize)>, String> {
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
    fn messages_over_a_limit_are_refused() {
        let one = CallLimits {
            message: 4,
            ..CallLimits::default()
        };
        let two = CallLimits {
            reply: Some(5),
            ..one.clone()
        };
        let said = |checked: Result<(), Status>| checked.err().map(|s| s.message().to_owned());
        let over = |text: &str| Some(text.to_owned());
        for (checked, expected) in [
            (one.check_request(4), None),
            (
                one.check_request(5),
                over("the request message has 5 bytes, the limit is 4 (limits.message)"),
            ),
            (one.check_reply(4), None),
            (
                one.check_reply(5),
                over("the reply message has 5 bytes, the limit is 4 (limits.message)"),
            ),
            (
                two.check_request(5),
                over("the request message has 5 bytes, the limit is 4 (limits.message)"),
            ),
            (two.check_reply(5), None),
            (
                two.check_reply(6),
                over("the reply message has 6 bytes, the limit is 5 (limits.reply)"),
            ),
        ] {
            assert_eq!(said(checked), expected);
        }
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
