//! Names and numbers for everything in a contract, from its lock or, without
//! one, from the order of declaration.

use std::collections::BTreeMap;

use super::build::Builder;
use super::definitions::{method_name, name_all};
use super::keys::{Keys, Part};
use super::lock::Lock;
use super::methods::Sources;
use crate::{ContractError, Plan, Service};

/// Fills in what protobuf calls services, methods and messages, and the
/// layout of the plan.
///
/// # Errors
/// [`ContractError`] when the lock is damaged or says what cannot be, or two
/// names are one to protobuf.
pub(crate) fn assign(
    services: &mut [Service],
    plan: &mut Plan,
    lock: Option<&str>,
) -> Result<(), ContractError> {
    let lock = Lock::read(lock)?;
    let keys = keys(services, plan);
    let sources = Sources {
        plan,
        lock: &lock,
        keys: &keys,
    };
    let names = name_all(services, sources)?;
    let mut packages = BTreeMap::new();
    for service in &mut *services {
        let key = keys.service(service);
        let name = names.get(&key);
        packages.insert(name.name.as_str().into(), name.package);
        service.proto = name.name;
        for method in &mut service.methods {
            method.proto = method_name(&lock, &key, &method.name.wit);
        }
    }
    check_methods(services)?;
    let mut builder = Builder::new(sources, names);
    for service in &mut *services {
        for index in 0..service.methods.len() {
            let parts = sources.of(service, &service.methods[index]);
            for (part, source) in parts {
                let Some(source) = source else { continue };
                let method = &service.methods[index];
                let key = keys.part(service, method, part);
                let within =
                    |error: ContractError| error.within(format!("function {}", method.name.wit));
                let id = builder.part(source, &key).map_err(within)?;
                let method = &mut service.methods[index];
                match part {
                    Part::Request => method.request.proto = id,
                    Part::Response => method.response.proto = id,
                    Part::Error => method.error_proto = Some(id),
                }
            }
        }
    }
    let mut layout = builder.finish()?;
    layout.about.services = packages;
    plan.proto = layout;
    Ok(())
}

fn keys(services: &[Service], plan: &Plan) -> Keys {
    let of_types = plan.origins.values().map(|origin| &origin.package);
    let of_services = services.iter().map(|service| &service.package);
    Keys::new(of_types.chain(of_services))
}

fn check_methods(services: &[Service]) -> Result<(), ContractError> {
    for service in services {
        let mut seen = BTreeMap::new();
        for method in &service.methods {
            if let Some(other) = seen.insert(&method.proto, method) {
                return Err(ContractError::new(
                    format!(
                        "functions {} and {} are both {} to protobuf",
                        other.name.wit, method.name.wit, method.proto
                    ),
                    "rename one, or its method in ostler.lock",
                )
                .within(format!("interface {}", service.export)));
            }
        }
    }
    Ok(())
}
