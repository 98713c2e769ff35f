//! Everything CI checks, and how many tests passed.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::progress::{say, step};
use crate::workspace::Workspace;
use crate::{clients, demo, guests, process};

/// Tests over all binaries, and checks that failed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

/// Runs every check. A failing one does not hide the next; what cannot go on
/// without another is counted as failed with it.
///
/// # Errors
/// When the workspace cannot be found.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let mut tally = Tally::default();
    tally.check("Format", || cargo(&workspace, &["fmt", "--all", "--check"]));
    let guests = tally.check("Guests", guests::run);
    tally.check("SDKs in JavaScript and Python", guests::test_sdks);
    tally.check("Lints", || cargo(&workspace, &LINTS));
    // What needs them fails by itself, and says so.
    tally.check("Clients", clients::run);
    let host = tally.check("Host", || cargo(&workspace, &demo::HOST));
    if guests && host {
        match step("Tests", || tests(workspace.cargo().args(TESTS))) {
            Ok(tests) => tally.add(tests),
            Err(error) => tally.fail("Tests", &error),
        }
    } else {
        say("    skipped: Tests (they need the guests and the host)");
    }
    Ok(tally.say())
}

const TESTS: [&str; 3] = ["test", "--workspace", "--no-fail-fast"];

const LINTS: [&str; 8] = [
    "clippy",
    "--workspace",
    "--all-targets",
    // These tests are compiled here, and run by `interop` alone.
    "--features",
    "ostler-tests/interop",
    "--",
    "-D",
    "warnings",
];

fn cargo(workspace: &Workspace, args: &[&str]) -> Result<()> {
    process::run(workspace.cargo().args(args))
}

/// Runs a command that tests, showing its output as it comes.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn tests(cargo: &mut Command) -> Result<Tally> {
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::shown(cargo)))?;
    let output = child.stdout.take().context("the output is not piped")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        say(&line);
        tally.add(summary(&line).unwrap_or_default());
    }
    // A test binary that dies, or does not compile, writes no summary.
    let succeeded = child.wait()?.success();
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// `test result: ok. 3 passed; 1 failed; 0 ignored; …` of libtest.
fn summary(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |word: &str| -> Option<u64> {
        let before = counts.split(word).next()?.trim_end();
        before.rsplit([' ', ';']).next()?.parse().ok()
    };
    Some(Tally {
        passed: count("passed")?,
        failed: count("failed;")?,
    })
}

impl Tally {
    /// Says it, as the last line; gives how the command is to end.
    pub(crate) fn say(self) -> ExitCode {
        say(format!("{} passed, {} failed", self.passed, self.failed));
        match self.failed {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    fn fail(&mut self, name: &str, error: &anyhow::Error) {
        say(format!("    {name}: {error:#}"));
        self.failed += 1;
    }

    /// Runs a check that has no tests to count; says whether it passed.
    fn check(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> bool {
        let result = step(name, work);
        if let Err(error) = &result {
            self.fail(name, error);
        }
        result.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_what_libtest_writes() {
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(
            summary(line),
            Some(Tally {
                passed: 12,
                failed: 0
            })
        );
        let line = "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            summary(line),
            Some(Tally {
                passed: 7,
                failed: 2
            })
        );
        assert_eq!(summary("test codec::passed ... ok"), None);
        assert_eq!(summary("running 3 tests"), None);
    }
}
