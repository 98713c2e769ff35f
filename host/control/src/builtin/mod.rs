//! Services of the host itself: health and reflection. They are contracts like
//! a guest's, so that every wire that has protobuf names serves them.

mod call;
mod health;
mod index;
mod reflection;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ostler_call::{Head, Reply, Status};
use ostler_schema::{Admitted, Contract};

pub(crate) use self::call::Watched;
use self::call::{BuiltinCall, Logic};
use self::index::Index;
use crate::middleware::exceeded;

/// The services, ready for calls.
#[derive(Debug)]
pub(crate) struct Builtin {
    services: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    contract: Arc<Contract>,
    logic: Logic,
}

impl Builtin {
    pub(crate) fn new() -> Self {
        let entry = |path: &str, wit: &str, lock: &str, logic| {
            let files = BTreeMap::from([(path.to_owned(), wit.to_owned())]);
            let contract = Contract::from_wit(files, Some(lock.to_owned()));
            Entry {
                contract: Arc::new(contract.expect("the host's own contracts are right")),
                logic,
            }
        };
        let reflection = include_str!("wit/reflection.wit");
        Self {
            services: vec![
                entry(
                    "health.wit",
                    include_str!("wit/health.wit"),
                    include_str!("wit/health.lock"),
                    Logic::Health,
                ),
                entry(
                    "reflection.wit",
                    reflection,
                    include_str!("wit/reflection.lock"),
                    Logic::Reflection,
                ),
                entry(
                    "reflection.wit",
                    reflection,
                    include_str!("wit/reflection-alpha.lock"),
                    Logic::Reflection,
                ),
            ],
        }
    }

    /// Whether a service has this full name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The contracts, for reflection to list.
    pub(crate) fn contracts(&self) -> Vec<Arc<Contract>> {
        let services = self.services.iter();
        services.map(|entry| entry.contract.clone()).collect()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        // All of them begin so: nobody else's call looks further.
        if !name.starts_with("grpc.") {
            return None;
        }
        let mut services = self.services.iter();
        services.find(|entry| entry.contract.services[0].proto == name)
    }

    /// The call of a head; `None` when it means none of these services.
    pub(crate) fn admit(
        &self,
        head: &Head,
        watched: &Watched,
        now: Instant,
    ) -> Option<Result<Admitted, Reply>> {
        let entry = self.find(&head.address.service)?;
        let methods = &entry.contract.services[0].methods;
        let method = methods.iter().position(|m| m.proto == head.address.method);
        let late = (head.deadline).is_some_and(|deadline| deadline.remaining(now).is_zero());
        Some(match method {
            None => Err(Status::not_found(format!(
                "Method '{}' not found in service '{}'",
                head.address.method, head.address.service
            ))
            .into()),
            Some(_) if late => Err(exceeded().into()),
            Some(method) => {
                let contract = Arc::clone(&entry.contract);
                let call = BuiltinCall::new(&contract, method, entry.logic, head, watched);
                Ok(Admitted::new(contract, 0, method, Box::new(call)))
            }
        })
    }
}
