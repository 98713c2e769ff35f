//! The documentation of the WIT, carried over.

use proc_macro2::TokenStream;
use quote::quote;
use wit_parser::Docs;

/// The docs without their tags, or `otherwise` where there are none.
pub(crate) fn of(docs: &Docs, otherwise: &str) -> TokenStream {
    let text = without_tags(docs.contents.as_deref().unwrap_or(""));
    let text = if text.is_empty() { otherwise } else { &text };
    quote!(#[doc = #text])
}

fn without_tags(docs: &str) -> String {
    let lines: Vec<&str> = docs
        .lines()
        .filter(|line| !line.trim_start().starts_with('@'))
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_not_documentation() {
        assert_eq!(
            without_tags("Server streaming: all users.\n@idempotent\n@default limit 100"),
            "Server streaming: all users."
        );
    }
}
