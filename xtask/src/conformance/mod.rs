//! The official Connect conformance suite, which speaks Connect, gRPC and
//! gRPC-Web to a guest that the host serves.

mod message;
mod server;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::progress::{say, step};
use crate::workspace::Workspace;
use crate::{demo, guests, process};

pub(crate) use server::run as serve;

/// The hidden command that the suite starts its servers with.
pub(crate) const SERVER: &str = "conformance-server";

const SUITE: &str = "connectrpc.com/conformance/cmd/connectconformance";
const VERSION: &str = "v1.0.6";

/// What `conformance` was asked for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Options {
    /// Which cases; all of them when it is absent.
    run: Option<String>,
}

impl Options {
    /// Reads `[--run PATTERN]`.
    ///
    /// # Errors
    /// For anything else.
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let run = match args {
            [] => None,
            [flag, pattern] if flag == "--run" => Some(pattern.clone()),
            _ => bail!(
                "`conformance` takes --run PATTERN, found `{}`",
                args.join(" ")
            ),
        };
        Ok(Self { run })
    }
}

/// Runs the suite; the last line is `N passed, N failed`.
///
/// # Errors
/// When something it needs is missing, a build fails or the suite does not
/// come to its end.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let suite = install(&workspace)?;
    guests::run_rust()?;
    step("Host", || process::run(workspace.cargo().args(demo::HOST)))?;
    let tally = step("Conformance", || cases(&workspace, &suite, options))?;
    say(format!("{} passed, {} failed", tally.passed, tally.failed));
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Where the suite's program is, after installing it if need be.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let folder = folder(workspace).join(VERSION);
    let program = folder.join("connectconformance");
    if program.exists() {
        return Ok(program);
    }
    if !process::exists("go") {
        bail!("there is no Go, which builds the conformance suite: install Go 1.24 or newer");
    }
    step(&format!("Conformance suite {VERSION}"), || {
        let mut go = Command::new("go");
        go.arg("install")
            .arg(format!("{SUITE}@{VERSION}"))
            .env("GOBIN", &folder);
        process::run(&mut go)
    })?;
    Ok(program)
}

/// What the suite and its servers leave behind.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("target/conformance")
}

/// The files of servers, which cannot remove their own.
fn servers(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("servers")
}

/// Cases that passed and that did not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Tally {
    passed: u64,
    failed: u64,
}

fn cases(workspace: &Workspace, suite: &PathBuf, options: &Options) -> Result<Tally> {
    let left = servers(workspace);
    if left.exists() {
        std::fs::remove_dir_all(&left)
            .with_context(|| format!("cannot remove {}", left.display()))?;
    }
    let mut command = Command::new(suite);
    command
        .args(["--mode", "server", "--conf"])
        .arg(workspace.root().join("tests/conformance/features.yaml"))
        // Each server and the clients compute: more at once is not faster.
        .args(["--max-servers", "2"]);
    if let Some(pattern) = &options.run {
        command.args(["--run", pattern]);
    }
    command
        .arg("--")
        // Not the file this process was started from: the build of the host
        // puts another in its place.
        .arg(workspace.binary("debug", "xtask"))
        .arg(SERVER)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::shown(&command)))?;
    let output = child.stdout.take().context("the output is not piped")?;
    let mut tally = None;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        say(&line);
        if let Some(summed) = summary(&line) {
            tally = Some(summed);
        } else if let (Some(tally), Some(cases)) = (&mut tally, not_run(&line)) {
            tally.failed += cases;
        }
    }
    let status = child.wait()?;
    let mut tally = tally.with_context(|| format!("the suite ended with {status}"))?;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// `12 passed, 0 failed`, as the suite ends.
fn summary(line: &str) -> Option<Tally> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Tally {
        passed: passed.parse().ok()?,
        failed: failed.parse().ok()?,
    })
}

/// `Another 3 could not be run due to …`, which follows the summary.
fn not_run(line: &str) -> Option<u64> {
    let (cases, rest) = line.strip_prefix("Another ")?.split_once(' ')?;
    rest.starts_with("could not be run")
        .then(|| cases.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let parse = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            Options::parse(&args)
        };
        assert_eq!(parse(&[]).unwrap(), Options { run: None });
        let run = Some("Basic/**".to_owned());
        assert_eq!(parse(&["--run", "Basic/**"]).unwrap(), Options { run });
        for bad in [&["--run"][..], &["Basic/**"], &["--run", "a", "b"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_the_suite_says_at_its_end() {
        let tally = Tally {
            passed: 12,
            failed: 3,
        };
        assert_eq!(summary("12 passed, 3 failed"), Some(tally));
        assert_eq!(summary("Total cases: 15"), None);
        let line = "Another 4 could not be run due to client timing out or exiting prematurely.";
        assert_eq!(not_run(line), Some(4));
        let line = "(Another 4 failed as expected due to being known failures/flakes.)";
        assert_eq!(not_run(line), None);
    }
}
