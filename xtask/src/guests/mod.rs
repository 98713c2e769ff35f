//! Builds every guest into `target/guests/`, in whatever language it is written.

mod contract;
mod exports;
mod javascript;
mod output;
mod python;
mod rust;
mod scripts;
mod shape;

use anyhow::Result;

use crate::setup;
use crate::workspace::Workspace;

/// Builds all guests.
///
/// # Errors
/// When the set-up or a build fails; which is said.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::find()?;
    let tools = setup::run()?;
    rust::build(&workspace, &tools.rust)?;
    javascript::build(&workspace, &tools.node)?;
    python::build(&workspace, &tools.python)
}

/// Builds those in Rust, which the demo needs.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_rust() -> Result<()> {
    let workspace = Workspace::find()?;
    rust::build(&workspace, &setup::rust()?)
}

/// Runs the tests of the SDKs that cargo does not know.
///
/// # Errors
/// When one fails.
pub(crate) fn test_sdks() -> Result<()> {
    let workspace = Workspace::find()?;
    javascript::test(&workspace)?;
    python::test(&workspace)
}
