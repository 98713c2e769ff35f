//! Components of a core module written by hand.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component of this WIT, whose functions are those of the module.
///
/// # Panics
/// When it is none.
pub fn component(wit: &str, wat: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("service.wit", wit)
        .expect("tests write what can be built");
    let world = *resolve.packages[package]
        .worlds
        .values()
        .next()
        .expect("tests write what can be built");
    let mut module = wat::parse_str(wat).expect("tests write what can be built");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("tests write what can be built");
    let mut encoder = ComponentEncoder::default();
    encoder
        .module(&module)
        .expect("tests write what can be built")
        .encode()
        .expect("tests write what can be built")
}
