//! The `ostler:rpc` WIT package, the rules of a contract, and the lowering of
//! `stream<T>` to resources that every guest toolchain understands.
//!
//! [`Package`] is an author's WIT, parsed and checked; [`Package::lower`] gives
//! the WIT a guest is built against; [`section`] is how the author's text
//! travels inside the component.

mod defaults;
mod docs;
mod error;
mod lex;
mod limits;
mod lower;
mod names;
mod package;
mod parse;
mod rules;
pub mod section;
mod service;
mod signature;
mod source;
mod tags;
mod type_docs;
mod values;

pub use error::Error;
pub use limits::{MAX_CHUNK_SIZE, MAX_NESTING, MAX_SOURCE_BYTES};
pub use lower::{Lowered, StreamPair};
pub use package::Package;
pub use service::{ErrorKind, Function, Pattern, Service, Tags};
pub use type_docs::TypeDocs;
// The types of the API come from this crate: users need the same version.
pub use wit_parser;

/// The `ostler:rpc@0.1.0` package: file name and text, by name.
pub fn rpc_files() -> &'static [(&'static str, &'static str)] {
    &[
        ("context.wit", include_str!("../ostler-rpc/context.wit")),
        ("lifecycle.wit", include_str!("../ostler-rpc/lifecycle.wit")),
        ("log.wit", include_str!("../ostler-rpc/log.wit")),
        ("poll.wit", include_str!("../ostler-rpc/poll.wit")),
        ("types.wit", include_str!("../ostler-rpc/types.wit")),
    ]
}
