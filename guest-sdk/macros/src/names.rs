//! How things of the WIT are called in the generated Rust. The names of the
//! bindings are those of wit-bindgen; the rest is ours.

use anyhow::{Context as _, Result, bail};
use heck::ToUpperCamelCase as _;
use ostler_wit::StreamPair;
use proc_macro2::TokenStream;
use quote::quote;
use wit_bindgen_core::name_package_module;
use wit_bindgen_rust::to_rust_ident;
use wit_parser::{
    Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, WorldId,
    WorldItem, WorldKey,
};

use crate::service::ident;

/// The lowered world, and what names in it mean.
pub(crate) struct Names<'a> {
    pub(crate) resolve: &'a Resolve,
    pub(crate) world: WorldId,
    pub(crate) streams: &'a [StreamPair],
}

/// An interface as seen from the world: imported or exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Import,
    Export,
}

/// A handle of a stream's pair of resources.
pub(crate) enum End<'a> {
    Stream(&'a StreamPair),
    Sink(&'a StreamPair),
}

impl<'a> Names<'a> {
    pub(crate) fn new(resolve: &'a Resolve, world: WorldId, streams: &'a [StreamPair]) -> Self {
        Self {
            resolve,
            world,
            streams,
        }
    }

    /// The exported interfaces, in order.
    pub(crate) fn exported(&self) -> impl Iterator<Item = InterfaceId> + '_ {
        interfaces(self.resolve.worlds[self.world].exports.iter())
    }

    fn imported(&self) -> impl Iterator<Item = InterfaceId> + '_ {
        interfaces(self.resolve.worlds[self.world].imports.iter())
    }

    /// The module of an interface. The path holds both in the bindings and in
    /// the public modules beside them, since both have the same parent.
    pub(crate) fn module(&self, id: InterfaceId, side: Side) -> TokenStream {
        if side == Side::Import && self.is_ours(id) {
            return self.shared_module(id);
        }
        let interface = &self.resolve.interfaces[id];
        let (Some(package), Some(name)) = (interface.package, &interface.name) else {
            unreachable!("services and their types are named interfaces");
        };
        let namespace = ident(&to_rust_ident(
            &self.resolve.packages[package].name.namespace,
        ));
        let package = ident(&name_package_module(self.resolve, package));
        let name = ident(&to_rust_ident(name));
        match side {
            Side::Import => quote!(super::__ostler::#namespace::#package::#name),
            Side::Export => quote!(super::__ostler::exports::#namespace::#package::#name),
        }
    }

    /// The module of an interface of `ostler:rpc`, which is the SDK's.
    fn shared_module(&self, id: InterfaceId) -> TokenStream {
        match self.interface_name(id) {
            "types" => quote!(::ostler_guest::types),
            name => {
                let name = ident(&to_rust_ident(name));
                quote!(::ostler_guest::__private::rpc::#name)
            }
        }
    }

    /// Whether it is one of the package `ostler:rpc`.
    pub(crate) fn is_ours(&self, id: InterfaceId) -> bool {
        self.resolve.interfaces[id].package.is_some_and(|package| {
            let name = &self.resolve.packages[package].name;
            (name.namespace.as_str(), name.name.as_str()) == ("ostler", "rpc")
        })
    }

    /// A type as a method of the exported interface `home` mentions it.
    pub(crate) fn rust_type(&self, ty: &Type, home: InterfaceId) -> Result<TokenStream> {
        let id = match ty {
            Type::Id(id) => *id,
            primitive => return primitive_type(primitive),
        };
        let definition = &self.resolve.types[id];
        if definition.name.is_some() {
            return self.named(definition, home);
        }
        Ok(match &definition.kind {
            TypeDefKind::Option(some) => {
                let some = self.rust_type(some, home)?;
                quote!(::core::option::Option<#some>)
            }
            TypeDefKind::Result(result) => {
                let ok = self.or_unit(result.ok.as_ref(), home)?;
                let err = self.or_unit(result.err.as_ref(), home)?;
                quote!(::core::result::Result<#ok, #err>)
            }
            TypeDefKind::List(item) => {
                let item = self.rust_type(item, home)?;
                quote!(::std::vec::Vec<#item>)
            }
            TypeDefKind::Map(key, value) => {
                let key = self.rust_type(key, home)?;
                let value = self.rust_type(value, home)?;
                quote!(::ostler_guest::__private::rt::Map<#key, #value>)
            }
            TypeDefKind::Tuple(tuple) => {
                let types = tuple
                    .types
                    .iter()
                    .map(|ty| self.rust_type(ty, home))
                    .collect::<Result<Vec<_>>>()?;
                quote!((#(#types,)*))
            }
            TypeDefKind::Type(ty) => self.rust_type(ty, home)?,
            TypeDefKind::Handle(_) => match self.end(ty) {
                Some(End::Stream(pair)) => {
                    let item = self.item(pair)?;
                    quote!(::ostler_guest::Stream<#item>)
                }
                Some(End::Sink(pair)) => {
                    let item = self.item(pair)?;
                    quote!(::ostler_guest::Sink<#item>)
                }
                None => bail!("a method cannot have a handle of a resource"),
            },
            other => bail!("a method cannot have a type of kind {}", other.as_str()),
        })
    }

    pub(crate) fn or_unit(&self, ty: Option<&Type>, home: InterfaceId) -> Result<TokenStream> {
        ty.map_or_else(|| Ok(quote!(())), |ty| self.rust_type(ty, home))
    }

    /// The type of a pair's items.
    pub(crate) fn item(&self, pair: &StreamPair) -> Result<TokenStream> {
        self.rust_type(&pair.item, pair.interface)
    }

    fn named(&self, definition: &TypeDef, home: InterfaceId) -> Result<TokenStream> {
        let (TypeOwner::Interface(owner), Some(name)) = (definition.owner, &definition.name) else {
            bail!("a type outside an interface cannot be used by a method");
        };
        // The exported interface refers to itself; any other one is imported,
        // unless it is only exported.
        let exports = owner == home && self.exported().any(|id| id == owner)
            || !self.imported().any(|id| id == owner);
        let side = if exports { Side::Export } else { Side::Import };
        let module = self.module(owner, side);
        let name = ident(&type_name(name));
        Ok(quote!(#module::#name))
    }

    /// Which end of which pair a handle is.
    pub(crate) fn end(&self, ty: &Type) -> Option<End<'a>> {
        let Type::Id(id) = ty else { return None };
        let TypeDefKind::Handle(Handle::Own(resource)) = self.resolve.types[*id].kind else {
            return None;
        };
        let resource = self.definition(resource);
        self.streams.iter().find_map(|pair| {
            if pair.stream == Some(resource) {
                return Some(End::Stream(pair));
            }
            (pair.sink == Some(resource)).then_some(End::Sink(pair))
        })
    }

    /// The type a chain of `use` and aliases of it ends at.
    pub(crate) fn definition(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(next)) = self.resolve.types[id].kind {
            id = next;
        }
        id
    }

    /// Whether a type belongs to an interface that is imported and not also
    /// exported, so that it has one place in the bindings.
    pub(crate) fn is_of_import(&self, id: TypeId) -> bool {
        let TypeOwner::Interface(owner) = self.resolve.types[id].owner else {
            return false;
        };
        self.imported().any(|id| id == owner) && !self.exported().any(|id| id == owner)
    }

    /// The type of a pair's resource.
    pub(crate) fn resource(
        &self,
        pair: &StreamPair,
        resource: Option<TypeId>,
    ) -> Result<TokenStream> {
        let name = resource.and_then(|id| self.resolve.types[id].name.as_deref());
        let name = ident(&type_name(name.context("a stream's resource has no name")?));
        let module = self.module(pair.interface, Side::Import);
        Ok(quote!(#module::#name))
    }

    /// The public module of each exported interface, of services only: its
    /// name, with the package's in front where two have the same.
    pub(crate) fn public_module(&self, id: InterfaceId) -> String {
        let own = self.interface_name(id);
        let same = self
            .exported()
            .filter(|other| self.interface_name(*other) == own)
            .count();
        if same == 1 {
            return to_rust_ident(own);
        }
        let path = self.resolve.id_of(id).unwrap_or_default();
        path.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    }

    pub(crate) fn interface_name(&self, id: InterfaceId) -> &str {
        self.resolve.interfaces[id].name.as_deref().unwrap_or("")
    }

    /// The trait of a service: its name, unless one of its types has it.
    pub(crate) fn trait_name(&self, id: InterfaceId) -> String {
        let name = self.interface_name(id).to_upper_camel_case();
        let types = &self.resolve.interfaces[id].types;
        if types.keys().any(|ty| type_name(ty) == name) {
            return format!("{name}Service");
        }
        name
    }
}

/// The name of a type as wit-bindgen spells it.
pub(crate) fn type_name(name: &str) -> String {
    match name {
        "guest" => "Guest_".to_owned(),
        name => name.to_upper_camel_case(),
    }
}

fn interfaces<'a>(
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> impl Iterator<Item = InterfaceId> {
    items.filter_map(|(_, item)| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    })
}

fn primitive_type(ty: &Type) -> Result<TokenStream> {
    Ok(match ty {
        Type::Bool => quote!(bool),
        Type::U8 => quote!(u8),
        Type::U16 => quote!(u16),
        Type::U32 => quote!(u32),
        Type::U64 => quote!(u64),
        Type::S8 => quote!(i8),
        Type::S16 => quote!(i16),
        Type::S32 => quote!(i32),
        Type::S64 => quote!(i64),
        Type::F32 => quote!(f32),
        Type::F64 => quote!(f64),
        Type::Char => quote!(char),
        Type::String => quote!(::std::string::String),
        other => bail!("a method cannot have the type {other:?}"),
    })
}
