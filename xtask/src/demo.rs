//! The shortest way to see the project work.

use anyhow::Result;

/// Set-up, host, examples, one call of each pattern.
///
/// # Errors
/// When anything differs from what is expected.
pub(crate) fn run() -> Result<()> {
    anyhow::bail!("not yet")
}
