//! An author's WIT, parsed and checked.

use std::collections::BTreeMap;
use std::path::Path;

use wit_parser::{Resolve, WorldId};

use crate::error::Error;
use crate::lower::{self, Lowered};
use crate::service::Service;
use crate::type_docs::{self, TypeDocs};
use crate::{limits, parse, rules, source};

/// An author's WIT: one package with one world, and the packages it uses.
///
/// What it holds keeps every rule of a contract.
#[derive(Clone, Debug)]
pub struct Package {
    files: BTreeMap<String, String>,
    resolve: Resolve,
    world: WorldId,
    services: Vec<Service>,
}

impl Package {
    /// Reads `*.wit` of a folder, with its dependencies in `deps`: a folder or
    /// a file for each package. `ostler:rpc` is added unless it is among them.
    ///
    /// # Errors
    /// [`Error`] when a file cannot be read, is no WIT, is too large or nests
    /// too deep, or a rule of the contract is violated.
    pub fn from_dir(dir: &Path) -> Result<Self, Error> {
        Self::from_files(source::read_dir(dir)?)
    }

    /// The same from relative paths and texts; files that are not `*.wit` are
    /// left out.
    ///
    /// # Errors
    /// As [`from_dir`](Self::from_dir).
    pub fn from_files(mut files: BTreeMap<String, String>) -> Result<Self, Error> {
        files.retain(|path, _| path.ends_with(".wit"));
        limits::check_sources(&files)?;
        let (resolve, root) = parse::parse(&files)?;
        limits::check_types(&resolve, |def| parse::type_place(&resolve, def))?;
        let world = rules::world(&resolve, root, &files)?;
        let services = rules::services(&resolve, world, &files)?;
        Ok(Self {
            files,
            resolve,
            world,
            services,
        })
    }

    /// What was read: relative path and text, without an `ostler:rpc` of ours.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    /// The author's types, with `stream<T>` in signatures, and `ostler:rpc`.
    pub fn resolve(&self) -> &Resolve {
        &self.resolve
    }

    /// The world of the root package.
    pub fn world(&self) -> WorldId {
        self.world
    }

    /// Exported interfaces that have functions, except those of `ostler:*` and
    /// `wasi:*`; there is at least one.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The docs of types, as far as there are any. Those of services and
    /// functions are in [`services`](Self::services).
    pub fn type_docs(&self) -> Vec<TypeDocs> {
        type_docs::of_types(&self.resolve, &self.files)
    }

    /// The WIT a guest is built against: every `stream<T>` becomes a pair of
    /// resources. The same package always lowers to the same text.
    ///
    /// # Errors
    /// [`Error`] when a name the lowering needs is taken.
    pub fn lower(&self) -> Result<Lowered, Error> {
        lower::lower(self)
    }
}
