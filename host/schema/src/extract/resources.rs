//! Which imported resources are the ends of streams, by what their methods
//! take and give.

use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldId,
    WorldItem,
};

use super::ContractError;
use crate::StreamEnd;
use crate::types::{dealias, is_rpc, is_rpc_interface};

/// An imported resource that is, or may be, the end of a stream.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) id: TypeId,
    /// The imported instance, such as `demo:users/users-types@1.0.0`.
    pub(super) interface: String,
    pub(super) name: String,
    /// Unknown when no method is left that tells.
    pub(super) end: Option<StreamEnd>,
    /// What each of its methods says an item is.
    pub(super) items: Vec<Type>,
    /// The methods left, by short name.
    pub(super) methods: Vec<String>,
}

impl Resource {
    /// The type of an item, if a method is left that says it.
    pub(super) fn item(&self) -> Option<Type> {
        self.items.first().copied()
    }

    pub(super) fn place(&self) -> String {
        format!("interface {}, resource {}", self.interface, self.name)
    }
}

/// Every resource of the imported interfaces that could end a stream; those
/// of `wasi:*` and `ostler:*` are the host's own.
pub(super) fn find(resolve: &Resolve, world: WorldId) -> Result<Vec<Resource>, ContractError> {
    let mut found = Vec::new();
    for (key, item) in &resolve.worlds[world].imports {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        if super::component::is_host_interface(resolve, *id) {
            continue;
        }
        let interface = resolve.name_world_key(key);
        for (name, ty) in &resolve.interfaces[*id].types {
            if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                found.extend(resource(resolve, *id, &interface, name, *ty)?);
            }
        }
    }
    Ok(found)
}

fn resource(
    resolve: &Resolve,
    interface: InterfaceId,
    interface_name: &str,
    name: &str,
    id: TypeId,
) -> Result<Option<Resource>, ContractError> {
    let mut resource = Resource {
        id,
        interface: interface_name.to_owned(),
        name: name.to_owned(),
        end: None,
        items: Vec::new(),
        methods: Vec::new(),
    };
    let mut strange = None;
    let functions = resolve.interfaces[interface].functions.values();
    for function in functions.filter(|function| function.kind.resource() == Some(id)) {
        let method = function.item_name();
        match read(resolve, function) {
            Some(Role::End(end, item)) if resource.end.is_none_or(|known| known == end) => {
                resource.end = Some(end);
                resource.items.push(item);
                resource.methods.push(method.to_owned());
            }
            Some(Role::Subscribe) => resource.methods.push(method.to_owned()),
            _ => strange = strange.or(Some(method)),
        }
    }
    match (strange, resource.end) {
        (None, _) => Ok(Some(resource)),
        // Some other resource, which is linked or refused when it is loaded.
        (Some(_), None) => Ok(None),
        (Some(method), Some(end)) => {
            let methods = match end {
                StreamEnd::Source => "next, next-batch and subscribe",
                StreamEnd::Sink => "send, send-batch and subscribe",
            };
            Err(ContractError::new(
                format!("{method} is no method of a stream that the host offers"),
                format!(
                    "a {} has {methods}, with the types of the lowering",
                    noun(end)
                ),
            )
            .within(resource.place()))
        }
    }
}

fn noun(end: StreamEnd) -> &'static str {
    match end {
        StreamEnd::Source => "stream",
        StreamEnd::Sink => "sink",
    }
}

/// What a method says of its resource.
enum Role {
    End(StreamEnd, Type),
    Subscribe,
}

fn read(resolve: &Resolve, function: &Function) -> Option<Role> {
    let FunctionKind::Method(_) = function.kind else {
        return None;
    };
    let params: Vec<Type> = function
        .params
        .iter()
        .skip(1)
        .map(|param| param.ty)
        .collect();
    let result = function.result?;
    match (function.item_name(), &params[..]) {
        ("next", []) => {
            let gives = ok_of_status(resolve, &result)?;
            let TypeDefKind::Option(item) = kind(resolve, &gives)? else {
                return None;
            };
            Some(Role::End(StreamEnd::Source, *item))
        }
        ("next-batch", [Type::U32]) => {
            let gives = ok_of_status(resolve, &result)?;
            let item = list_item(resolve, &gives)?;
            Some(Role::End(StreamEnd::Source, item))
        }
        ("send", [item]) if is_closed_result(resolve, &result) => {
            Some(Role::End(StreamEnd::Sink, *item))
        }
        ("send-batch", [items]) if is_closed_result(resolve, &result) => {
            let item = list_item(resolve, items)?;
            Some(Role::End(StreamEnd::Sink, item))
        }
        ("subscribe", []) if is_pollable(resolve, &result) => Some(Role::Subscribe),
        _ => None,
    }
}

fn kind<'a>(resolve: &'a Resolve, ty: &Type) -> Option<&'a TypeDefKind> {
    match dealias(resolve, ty) {
        Type::Id(id) => Some(&resolve.types[id].kind),
        _ => None,
    }
}

/// `T` of `list<T>`.
fn list_item(resolve: &Resolve, ty: &Type) -> Option<Type> {
    match kind(resolve, ty)? {
        TypeDefKind::List(item) => Some(*item),
        _ => None,
    }
}

/// `T` of `result<T, status>`.
fn ok_of_status(resolve: &Resolve, ty: &Type) -> Option<Type> {
    match kind(resolve, ty)? {
        TypeDefKind::Result(of) if is_rpc(resolve, &of.err?, "status") => of.ok,
        _ => None,
    }
}

/// Whether it is `result<_, closed>`.
fn is_closed_result(resolve: &Resolve, ty: &Type) -> bool {
    match kind(resolve, ty) {
        Some(TypeDefKind::Result(of)) => {
            of.ok.is_none() && of.err.is_some_and(|err| is_rpc(resolve, &err, "closed"))
        }
        _ => false,
    }
}

fn is_pollable(resolve: &Resolve, ty: &Type) -> bool {
    owned(resolve, ty).is_some_and(|id| {
        let def = &resolve.types[id];
        let is_poll = matches!(def.owner, wit_parser::TypeOwner::Interface(interface)
            if is_rpc_interface(resolve, interface, "poll"));
        is_poll && def.name.as_deref() == Some("pollable")
    })
}

/// The resource that a type is an owned handle of.
pub(super) fn owned(resolve: &Resolve, ty: &Type) -> Option<TypeId> {
    let TypeDefKind::Handle(Handle::Own(id)) = kind(resolve, ty)? else {
        return None;
    };
    match dealias(resolve, &Type::Id(*id)) {
        Type::Id(id) => Some(id),
        _ => None,
    }
}
