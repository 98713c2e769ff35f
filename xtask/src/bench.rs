//! Measures the host against native peers.

use anyhow::{Result, bail};

/// What `bench` was asked for.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Options {
    /// Where the figures go as JSON.
    json: Option<String>,
    /// Short rounds.
    quick: bool,
}

impl Options {
    /// Reads `[--json FILE] [--quick]`.
    ///
    /// # Errors
    /// For anything else.
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match (arg.as_str(), args.clone().next()) {
                ("--quick", _) => options.quick = true,
                ("--json", Some(file)) => {
                    options.json = Some(file.clone());
                    args.next();
                }
                ("--json", None) => bail!("`--json` needs a file"),
                (unknown, _) => bail!("`bench` takes --json FILE and --quick, found `{unknown}`"),
            }
        }
        Ok(options)
    }
}

/// Runs all benches.
///
/// # Errors
/// When a build or a bench fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    bail!("not yet: {options:?}")
}
