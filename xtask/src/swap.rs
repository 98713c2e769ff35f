//! Many swaps under many calls: `tests/tests/swap`, at full length.

use std::io::{BufRead as _, BufReader};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::progress::{say, step};
use crate::workspace::Workspace;
use crate::{demo, guests, process};

const SWAPS: &str = "100";
const CALLS: &str = "100000";

const TESTS: [&str; 9] = [
    "test",
    "--workspace",
    "--test",
    "swap",
    "--",
    "--nocapture",
    "--test-threads",
    "1",
    "no_call_fails",
];

/// Swaps versions under load; the last line says for how many calls and swaps,
/// how many calls failed, and what became of the 99th percentile.
///
/// # Errors
/// When a build or the test fails.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    guests::run()?;
    step("Host", || process::run(workspace.cargo().args(demo::HOST)))?;
    let sums = step("Swaps", || swaps(&workspace))?;
    for sum in sums {
        say(sum);
    }
    Ok(ExitCode::SUCCESS)
}

/// What each test comes to.
fn swaps(workspace: &Workspace) -> Result<Vec<String>> {
    let mut cargo = workspace.cargo();
    cargo
        .args(TESTS)
        .env("OSTLER_SWAPS", SWAPS)
        .env("OSTLER_SWAP_CALLS", CALLS)
        .stdout(Stdio::piped());
    let mut child = cargo
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::shown(&cargo)))?;
    let output = child.stdout.take().context("the output is not piped")?;
    let mut sums = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        say(&line);
        if let Some(at) = line.find("swaps: ") {
            sums.push(line[at..].to_owned());
        }
    }
    if !child.wait()?.success() {
        bail!("a call failed, or the test did");
    }
    Ok(sums)
}
