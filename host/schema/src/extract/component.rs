//! What a component itself says: its services, and its functions with the
//! stream resources undone.

use ostler_wit::ErrorKind;
use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey};

use super::ContractError;
use super::resources::{Resource, owned};
use crate::types::{dealias, is_rpc};
use crate::{PackageName, StreamEnd};

/// An exported interface that is a service.
#[derive(Debug)]
pub(super) struct Export {
    /// Such as `demo:users/users@1.0.0`.
    pub(super) name: String,
    pub(super) interface: InterfaceId,
    pub(super) package: PackageName,
}

/// Every service the world exports, in its order.
pub(super) fn exports(resolve: &Resolve, world: WorldId) -> Result<Vec<Export>, ContractError> {
    let mut services = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => services.extend(export(resolve, key, *id)?),
            WorldItem::Function(function) => {
                return Err(ContractError::new(
                    "it is exported outside an interface",
                    "put it into an interface and export that",
                )
                .within(format!("function {}", function.name)));
            }
            WorldItem::Type { .. } => {}
        }
    }
    if services.is_empty() {
        return Err(ContractError::new(
            "the component exports no service",
            "export an interface of your own package from its world, such as \
             `world service { export users; }`",
        ));
    }
    Ok(services)
}

fn export(
    resolve: &Resolve,
    key: &WorldKey,
    id: InterfaceId,
) -> Result<Option<Export>, ContractError> {
    let interface = &resolve.interfaces[id];
    if interface.functions.is_empty() || is_host_interface(resolve, id) {
        return Ok(None);
    }
    let name = resolve.name_world_key(key);
    let (WorldKey::Interface(_), Some(package)) = (key, interface.package) else {
        return Err(ContractError::new(
            "it is of no package",
            "declare the interface in a package and export it by that name",
        )
        .within(format!("interface {name}")));
    };
    Ok(Some(Export {
        name,
        interface: id,
        package: PackageName::from(&resolve.packages[package].name),
    }))
}

/// Whether an interface is of `ostler:*` or `wasi:*`.
pub(super) fn is_host_interface(resolve: &Resolve, id: InterfaceId) -> bool {
    resolve.interfaces[id].package.is_some_and(|package| {
        matches!(
            &*resolve.packages[package].name.namespace,
            "ostler" | "wasi"
        )
    })
}

/// A function of a component, its streams by their place among the resources.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) params: Vec<(String, Type)>,
    pub(super) input: Option<usize>,
    pub(super) output: Option<usize>,
    pub(super) result: Option<Type>,
    pub(super) error: ErrorKind,
}

/// Takes a function apart. A resource whose methods do not tell which end it
/// is becomes what the author says stands there.
pub(super) fn signature(
    resolve: &Resolve,
    resources: &mut [Resource],
    function: &Function,
    author: Option<&ostler_wit::Function>,
) -> Result<Signature, ContractError> {
    let mut signature = Signature {
        params: Vec::new(),
        input: None,
        output: None,
        result: None,
        error: ErrorKind::None,
    };
    let last = function.params.len().saturating_sub(1);
    for (i, param) in function.params.iter().enumerate() {
        let Some(id) = owned(resolve, &param.ty) else {
            signature.params.push((param.name.clone(), param.ty));
            continue;
        };
        let place = format!("parameter {}", param.name);
        let index = resources
            .iter()
            .position(|resource| resource.id == id)
            .ok_or_else(|| {
                ContractError::new(
                    "a resource cannot be passed, unless it is a stream or a sink",
                    "pass an identifier instead",
                )
                .within(&*place)
            })?;
        let hint = author.and_then(|author| match () {
            () if i == 0 && author.input.is_some() => Some(StreamEnd::Source),
            () if i == last && author.output.is_some() => Some(StreamEnd::Sink),
            () => None,
        });
        match end_of(&mut resources[index], hint).map_err(|error| error.within(&*place))? {
            StreamEnd::Source if i == 0 => signature.input = Some(index),
            StreamEnd::Sink if i == last => signature.output = Some(index),
            StreamEnd::Source => {
                return Err(misplaced("a stream must be the first parameter").within(place));
            }
            StreamEnd::Sink => {
                return Err(misplaced("a sink must be the last parameter").within(place));
            }
        }
    }
    if signature.input.is_some() && !signature.params.is_empty() {
        return Err(misplaced("a streamed request has no other parameters"));
    }
    outcome(resolve, function.result, &mut signature)?;
    Ok(signature)
}

fn misplaced(problem: &str) -> ContractError {
    ContractError::new(
        problem,
        "a function takes plain values, or one stream, and then at most one sink",
    )
}

fn end_of(resource: &mut Resource, hint: Option<StreamEnd>) -> Result<StreamEnd, ContractError> {
    resource.end = resource.end.or(hint);
    resource.end.ok_or_else(|| {
        ContractError::new(
            format!(
                "the component keeps no method of resource {} that tells what it carries",
                resource.name
            ),
            "embed the WIT (`ostler build` and `ostler_guest::service!` do, as section \
             ostler:contract), or call next, next-batch, send or send-batch in the guest",
        )
    })
}

fn outcome(
    resolve: &Resolve,
    result: Option<Type>,
    signature: &mut Signature,
) -> Result<(), ContractError> {
    let of = result.and_then(|ty| match dealias(resolve, &ty) {
        Type::Id(id) => match &resolve.types[id].kind {
            TypeDefKind::Result(of) => Some(of),
            _ => None,
        },
        _ => None,
    });
    if let Some(of) = of {
        signature.result = of.ok;
        signature.error = match of.err {
            Some(err) if is_rpc(resolve, &err, "status") => ErrorKind::Status(err),
            err => ErrorKind::Other(err),
        };
    } else {
        signature.result = result;
    }
    if signature.output.is_some() && (of.is_none() || signature.result.is_some()) {
        return Err(ContractError::new(
            "a function with a sink must return result<_, E>",
            "return result<_, status>",
        ));
    }
    Ok(())
}
