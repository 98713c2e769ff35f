//! `service!`: from the folder of WIT to everything it expands to.

use std::env;
use std::path::{Path, PathBuf};

use ostler_wit::{Lowered, Package};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Token, Type};

use crate::names::Names;
use crate::{bindings, contract, pairs, services};

/// The arguments: a folder, and the type that serves.
pub(crate) struct Service {
    folder: LitStr,
    implementor: Type,
}

impl Parse for Service {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let folder: LitStr = input.parse().map_err(|error| {
            syn::Error::new(
                error.span(),
                "expected the folder of the WIT files: `ostler_guest::service!(\"wit\")`",
            )
        })?;
        let implementor = if input.peek(Token![,]) && !input.peek2(syn::parse::End) {
            input.parse::<Token![,]>()?;
            input.parse()?
        } else {
            let service = ident("Service");
            syn::parse_quote!(#service)
        };
        input.parse::<Option<Token![,]>>()?;
        Ok(Self {
            folder,
            implementor,
        })
    }
}

impl Service {
    pub(crate) fn expand(self) -> syn::Result<TokenStream> {
        let root = self.find()?;
        self.generate(&root)
            .map_err(|error| syn::Error::new(self.folder.span(), self.explain(&error, &root)))
    }

    /// The folder that holds the WIT folder: that of Cargo.toml, or else that
    /// of the source file.
    fn find(&self) -> syn::Result<PathBuf> {
        let folder = self.folder.value();
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let source = proc_macro::Span::call_site()
            .local_file()
            .and_then(|file| file.canonicalize().ok()?.parent().map(Path::to_owned));
        [manifest, source]
            .into_iter()
            .flatten()
            .find(|root| root.join(&folder).is_dir())
            .ok_or_else(|| {
                let message = format!(
                    "no folder `{folder}` beside Cargo.toml\n\
                     help: put the service's .wit files there, or name the folder that has them"
                );
                syn::Error::new(self.folder.span(), message)
            })
    }

    fn generate(&self, root: &Path) -> anyhow::Result<TokenStream> {
        let folder = root.join(self.folder.value());
        let package = Package::from_dir(&folder)?;
        let Lowered {
            resolve,
            world,
            streams,
            ..
        } = package.lower()?;

        let names = Names::new(&resolve, world, &streams);
        let bindings = bindings::of_service(resolve.clone(), world)?;
        let pairs = pairs::glue(&names, &bindings)?;
        let services = services::expand(&names)?;
        let section = contract::section(&package, &folder)?;
        let tracked = contract::tracked(&package, &folder);
        let export = self.export();
        let (traits, exports, adapters) = (services.traits, services.exports, services.adapters);

        Ok(quote! {
            #traits

            #[doc(hidden)]
            #[allow(
                warnings,
                unsafe_code,
                clippy::all,
                clippy::restriction,
                clippy::pedantic,
                clippy::nursery,
                reason = "generated from the WIT"
            )]
            mod __ostler {
                #bindings
                #pairs
                #exports
                #adapters
                #section
                #tracked
            }

            #export
        })
    }

    /// The whole text of an error, with paths as the author sees them.
    fn explain(&self, error: &anyhow::Error, root: &Path) -> String {
        let text = format!("{error:#}").replace(&*root.join("").to_string_lossy(), "");
        // Those of the WIT are relative to its folder.
        match error.downcast_ref::<ostler_wit::Error>() {
            Some(error) if error.file().is_some_and(|file| text.starts_with(file)) => {
                format!("{}/{text}", self.folder.value())
            }
            _ => text,
        }
    }

    /// Exports the implementor. The type that is exported knows it by an
    /// associated type, so that a missing implementation is one error, here.
    fn export(&self) -> TokenStream {
        let implementor = &self.implementor;
        quote! {
            #[allow(warnings, unsafe_code, clippy::all, reason = "generated from the WIT")]
            const _: () = {
                enum Exported {}
                impl __ostler::Exports for Exported {
                    type Implementor = #implementor;
                }
                type Adapter = __ostler::Adapter<Exported>;
                #[cfg(target_arch = "wasm32")]
                __ostler::export!(Adapter with_types_in __ostler);
            };
        }
    }
}

/// Where generated names come from: the macro's caller.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
