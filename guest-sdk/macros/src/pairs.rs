//! How the two resources of each streamed type become the source of a
//! `Stream` and the target of a `Sink`.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use wit_parser::{Type, TypeDefKind};

use crate::names::Names;

pub(crate) fn glue(names: &Names<'_>, bindings: &TokenStream) -> Result<TokenStream> {
    let sends = Sends::find(bindings)?;
    let mut glue = TokenStream::new();
    for pair in names.streams {
        let item = names.item(pair)?;
        if pair.stream.is_some() {
            let resource = names.resource(pair, pair.stream)?;
            glue.extend(source(&resource, &item));
        }
        if pair.sink.is_some() {
            let resource = names.resource(pair, pair.sink)?;
            let chunks = is_chunk(names, &pair.item);
            glue.extend(target(&resource, &item, &sends.call(&resource), chunks));
        }
    }
    Ok(glue)
}

fn source(resource: &TokenStream, item: &TokenStream) -> TokenStream {
    quote! {
        impl ::ostler_guest::__private::Source<#item> for #resource {
            fn next_batch(
                &self,
                max: u32,
            ) -> ::core::result::Result<::std::vec::Vec<#item>, ::ostler_guest::Status> {
                #resource::next_batch(self, max)
            }

            fn subscribe(&self) -> ::ostler_guest::poll::Pollable {
                ::ostler_guest::poll::Pollable::from_host(#resource::subscribe(self))
            }
        }
    }
}

fn target(
    resource: &TokenStream,
    item: &TokenStream,
    send: &TokenStream,
    chunks: bool,
) -> TokenStream {
    // Chunks are large already: gathering them would only cost memory.
    let batch = chunks.then(|| {
        quote! {
            fn batch(&self) -> usize {
                1
            }
        }
    });
    quote! {
        impl ::ostler_guest::__private::Target<#item> for #resource {
            #batch

            fn send(&self, item: #item) -> ::core::result::Result<(), ::ostler_guest::Closed> {
                #resource::#send
            }

            fn send_batch(
                &self,
                items: &[#item],
            ) -> ::core::result::Result<(), ::ostler_guest::Closed> {
                #resource::send_batch(self, items)
            }

            fn subscribe(&self) -> ::ostler_guest::poll::Pollable {
                ::ostler_guest::poll::Pollable::from_host(#resource::subscribe(self))
            }
        }
    }
}

fn is_chunk(names: &Names<'_>, item: &Type) -> bool {
    let Type::Id(id) = item else { return false };
    match names.resolve.types[names.definition(*id)].kind {
        TypeDefKind::List(item) => item == Type::U8,
        _ => false,
    }
}

/// The parameter types of the generated `send` functions. wit-bindgen borrows
/// what holds lists, at a depth that depends on the type; its answer is read
/// off what it generated.
struct Sends(HashMap<String, String>);

impl Sends {
    fn find(bindings: &TokenStream) -> Result<Self> {
        let file: syn::File = syn::parse2(bindings.clone()).context("wit-bindgen's file")?;
        let mut sends = HashMap::new();
        visit("super::__ostler", &file.items, &mut sends);
        Ok(Self(sends))
    }

    /// The call that sends `item`.
    fn call(&self, resource: &TokenStream) -> TokenStream {
        match self.0.get(&path(resource)).map(String::as_str) {
            Some(ty) if ty.starts_with('&') => quote!(send(self, &item)),
            // Something that borrows inside, such as `Option<&str>`.
            Some(ty) if ty.contains('&') => quote!(send_batch(self, &[item])),
            Some(_) => quote!(send(self, item)),
            None => quote!(send_batch(self, &[item])),
        }
    }
}

fn visit(module: &str, items: &[syn::Item], sends: &mut HashMap<String, String>) {
    for item in items {
        match item {
            syn::Item::Mod(inner) => {
                if let Some((_, items)) = &inner.content {
                    visit(&format!("{module}::{}", inner.ident), items, sends);
                }
            }
            syn::Item::Impl(block) if block.trait_.is_none() => {
                if let Some(ty) = send_parameter(block) {
                    let resource = path(&block.self_ty.to_token_stream());
                    sends.insert(format!("{module}::{resource}"), ty);
                }
            }
            _ => {}
        }
    }
}

fn send_parameter(block: &syn::ItemImpl) -> Option<String> {
    block.items.iter().find_map(|item| {
        let syn::ImplItem::Fn(function) = item else {
            return None;
        };
        if function.sig.ident != "send" {
            return None;
        }
        match function.sig.inputs.last()? {
            syn::FnArg::Typed(item) => Some(item.ty.to_token_stream().to_string()),
            syn::FnArg::Receiver(_) => None,
        }
    })
}

/// A path as written by hand, without the spaces of a token stream.
fn path(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}
