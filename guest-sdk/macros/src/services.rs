//! The author's view: a module with a trait for each service, and what
//! connects it to the generated exports.

use anyhow::Result;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use wit_bindgen_rust::to_rust_ident;
use wit_parser::{Function, InterfaceId, Type, TypeDefKind, TypeId, TypeOwner};

use crate::docs;
use crate::names::{End, Names, Side, type_name};
use crate::service::ident;

/// Everything about the services of a world.
pub(crate) struct Services {
    /// The public modules, beside the bindings.
    pub(crate) traits: TokenStream,
    /// The trait that names the implementor, inside the bindings.
    pub(crate) exports: TokenStream,
    /// What wit-bindgen's traits are implemented for, inside the bindings.
    pub(crate) adapters: TokenStream,
}

pub(crate) fn expand(names: &Names<'_>) -> Result<Services> {
    let mut traits = TokenStream::new();
    let mut adapters = TokenStream::new();
    let mut bounds = Vec::new();
    for id in names.exported() {
        if names.is_ours(id) {
            // Only these two may be exported; the lowering refuses others.
            let (module, start_stop) = match names.interface_name(id) {
                "deployment-lifecycle" => (
                    quote!(deployment_lifecycle),
                    quote!(::ostler_guest::DeploymentLifecycle),
                ),
                _ => (quote!(lifecycle), quote!(::ostler_guest::Lifecycle)),
            };
            adapters.extend(lifecycle(&module, &start_stop));
            bounds.push(start_stop);
            continue;
        }
        traits.extend(service_module(names, id)?);
        adapters.extend(adapter(names, id)?);
        bounds.push(service_trait(names, id));
    }
    let exports = quote! {
        pub trait Exports {
            type Implementor: #(#bounds +)*;
        }
        pub struct Adapter<E>(::core::marker::PhantomData<E>);
    };
    Ok(Services {
        traits,
        exports,
        adapters,
    })
}

/// The path of the trait.
fn service_trait(names: &Names<'_>, id: InterfaceId) -> TokenStream {
    let module = ident(&names.public_module(id));
    let name = ident(&names.trait_name(id));
    quote!(super::#module::#name)
}

fn service_module(names: &Names<'_>, id: InterfaceId) -> Result<TokenStream> {
    let interface = &names.resolve.interfaces[id];
    let service = names.interface_name(id);
    let module_name = names.public_module(id);
    let trait_name = names.trait_name(id);
    let module = ident(&module_name);
    let name = ident(&trait_name);

    let docs = docs::of(&interface.docs, &format!("The service `{service}`."));
    let types = reexports(names, id);
    let methods = interface
        .functions
        .values()
        .map(|function| method(names, id, function))
        .collect::<Result<Vec<_>>>()?;
    let missing = format!("`{{Self}}` does not serve `{service}`");
    let remedy = format!("write `impl {module_name}::{trait_name} for {{Self}}`");

    Ok(quote! {
        #docs
        pub mod #module {
            #types

            #docs
            #[diagnostic::on_unimplemented(message = #missing, note = #remedy)]
            pub trait #name {
                #(#methods)*
            }
        }
    })
}

/// The types an author uses, under the names the interface gives them.
fn reexports(names: &Names<'_>, id: InterfaceId) -> TokenStream {
    let types = &names.resolve.interfaces[id].types;
    types
        .iter()
        .filter(|(_, ty)| !is_resource(names, **ty))
        .map(|(name, ty)| {
            let alias = ident(&type_name(name));
            let (module, name) = origin(names, id, *ty);
            quote! {
                #[doc(inline)]
                pub use #module::#name as #alias;
            }
        })
        .collect()
}

fn is_resource(names: &Names<'_>, ty: TypeId) -> bool {
    let definition = &names.resolve.types[names.definition(ty)];
    matches!(definition.kind, TypeDefKind::Resource)
}

/// Where a type of an interface is defined, past its `use`: the module and the name
/// there.
fn origin(names: &Names<'_>, home: InterfaceId, ty: TypeId) -> (TokenStream, Ident) {
    let mut id = ty;
    while let TypeDefKind::Type(Type::Id(next)) = names.resolve.types[id].kind
        && names.is_of_import(next)
    {
        id = next;
    }
    let definition = &names.resolve.types[id];
    let name = ident(&type_name(definition.name.as_deref().unwrap_or("")));
    let module = match definition.owner {
        TypeOwner::Interface(owner) if owner != home => names.module(owner, Side::Import),
        _ => names.module(home, Side::Export),
    };
    (module, name)
}

/// A method of the trait.
fn method(names: &Names<'_>, home: InterfaceId, function: &Function) -> Result<TokenStream> {
    let docs = docs::of(&function.docs, &format!("The method `{}`.", function.name));
    let name = ident(&to_rust_ident(&function.name));
    let parameters = function
        .params
        .iter()
        .map(|parameter| {
            let name = ident(&to_rust_ident(&parameter.name));
            let ty = names.rust_type(&parameter.ty, home)?;
            Ok(quote!(#name: #ty))
        })
        .collect::<Result<Vec<_>>>()?;
    let result = names.or_unit(function.result.as_ref(), home)?;
    Ok(quote! {
        #docs
        fn #name(#(#parameters),*) -> #result;
    })
}

/// wit-bindgen's trait of an interface, implemented by way of the author's.
fn adapter(names: &Names<'_>, id: InterfaceId) -> Result<TokenStream> {
    let module = names.module(id, Side::Export);
    let service = service_trait(names, id);
    let functions = &names.resolve.interfaces[id].functions;
    if functions.is_empty() {
        return Ok(TokenStream::new());
    }
    let methods = functions
        .values()
        .map(|function| adapter_method(names, id, function, &service))
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        impl<E: Exports> #module::Guest for Adapter<E> {
            #(#methods)*
        }
    })
}

fn adapter_method(
    names: &Names<'_>,
    home: InterfaceId,
    function: &Function,
    service: &TokenStream,
) -> Result<TokenStream> {
    let name = ident(&to_rust_ident(&function.name));
    let result = names.or_unit(function.result.as_ref(), home)?;
    let mut parameters = Vec::new();
    let mut arguments = Vec::new();
    for parameter in &function.params {
        let name = ident(&to_rust_ident(&parameter.name));
        let (ty, argument) = match names.end(&parameter.ty) {
            Some(End::Stream(pair)) => (
                names.resource(pair, pair.stream)?,
                quote!(::ostler_guest::Stream::from_source(#name)),
            ),
            Some(End::Sink(pair)) => (
                names.resource(pair, pair.sink)?,
                quote!(::ostler_guest::Sink::from_target(#name)),
            ),
            None => (names.rust_type(&parameter.ty, home)?, quote!(#name)),
        };
        parameters.push(quote!(#name: #ty));
        arguments.push(argument);
    }
    Ok(quote! {
        fn #name(#(#parameters),*) -> #result {
            ::ostler_guest::__private::enter();
            <E::Implementor as #service>::#name(#(#arguments),*)
        }
    })
}

/// Both lifecycles have the same functions.
fn lifecycle(module: &TokenStream, start_stop: &TokenStream) -> TokenStream {
    quote! {
        impl<E: Exports> super::__ostler::exports::ostler::rpc::#module::Guest for Adapter<E> {
            fn start(
                config: ::std::vec::Vec<(::std::string::String, ::std::string::String)>,
            ) -> ::core::result::Result<(), ::ostler_guest::Status> {
                ::ostler_guest::__private::enter();
                <E::Implementor as #start_stop>::start(config)
            }

            fn stop() {
                ::ostler_guest::__private::enter();
                <E::Implementor as #start_stop>::stop()
            }
        }
    }
}
