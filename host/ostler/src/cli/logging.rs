//! Logs of the host and its guests, on stderr.

use std::io::{IsTerminal as _, stderr};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use super::exit::Failure;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends logs to stderr. `filter` is as in `OSTLER_LOG`:
/// `info,ostler::call=debug`.
pub(super) fn start(filter: &str, format: Format) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|e| Failure::usage(format!("OSTLER_LOG={filter}: {e}; try OSTLER_LOG=debug")))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match format {
        Format::Text => logs.init(),
        Format::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}
