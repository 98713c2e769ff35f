//! The macros of `ostler-guest`; its documentation says how to use them.

use proc_macro::TokenStream;

mod bindings;
mod contract;
mod docs;
mod names;
mod pairs;
mod service;
mod services;

/// Turns the WIT in a folder into traits and types, and exports the type that
/// implements them. See the documentation of `ostler_guest`.
#[proc_macro]
pub fn service(input: TokenStream) -> TokenStream {
    let service = syn::parse_macro_input!(input as service::Service);
    service
        .expand()
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// The bindings of `ostler:rpc` for the SDK itself.
#[doc(hidden)]
#[proc_macro]
pub fn host_bindings(_input: TokenStream) -> TokenStream {
    bindings::of_host()
        .unwrap_or_else(|error| {
            syn::Error::new(proc_macro2::Span::call_site(), format!("{error:#}")).to_compile_error()
        })
        .into()
}
