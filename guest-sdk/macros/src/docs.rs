//! The documentation of the WIT, carried over; the lowering has taken the tags
//! out of it.

use proc_macro2::TokenStream;
use quote::quote;
use wit_parser::Docs;

/// The docs, or `otherwise` where there are none.
pub(crate) fn of(docs: &Docs, otherwise: &str) -> TokenStream {
    let text = docs.contents.as_deref().unwrap_or(otherwise);
    quote!(#[doc = #text])
}
