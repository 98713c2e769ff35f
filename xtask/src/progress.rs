//! What is shown while a command works: one line as a step begins, one with
//! its time as it ends.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;

/// The present: the one place that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a command line tool measures its own steps"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Writes a line to standard output at once, so that it stays in order with
/// what child processes write.
pub(crate) fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`| head`) is no reason to stop half-way.
    drop(writeln!(out, "{}", line.as_ref().trim_end()).and_then(|()| out.flush()));
}

/// Runs one step and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let began = now();
    say(format!("==> {name}"));
    let result = work();
    let word = if result.is_ok() { "done" } else { "FAILED" };
    say(format!(
        "    {word}: {name} ({:.1} s)",
        began.elapsed().as_secs_f64()
    ));
    result
}
