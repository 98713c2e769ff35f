//! Logs of the host and its guests, on stderr.

use std::io::{IsTerminal as _, stderr};

use clap::ValueEnum;
use ostler::Tail;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

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

/// Sends logs to stderr, and to `tail` where there is one. `filter` is as in
/// `OSTLER_LOG`: `info,ostler::call=debug`.
pub(super) fn start(filter: &str, format: Format, tail: Option<Tail>) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|e| Failure::usage(format!("OSTLER_LOG={filter}: {e}; try OSTLER_LOG=debug")))?;
    let lines = fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    let lines = match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines)
        .with(tail)
        .with(filter)
        .init();
    Ok(())
}
