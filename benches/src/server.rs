//! Starts a server as a child process on a core of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cores::{Cores, pin};

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts `command` on the server's core and leaves this thread on the
    /// load's. The first line it writes is a JSON object whose `listen` is a
    /// list of addresses.
    ///
    /// # Errors
    /// When it does not start or says something else.
    pub fn start(command: &mut Command, cores: Cores) -> Result<Self> {
        // A child inherits the affinity of the thread that starts it: set
        // before it can count its cores.
        pin(cores.server)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"));
        pin(cores.load)?;
        let mut child = child?;
        let stdout = child.stdout.take().context("the output is not piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = address(&line)
            .with_context(|| format!("{command:?} did not say where it listens: {line:?}"))?;
        Ok(Self { child, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to stop.
    pub fn terminate(&self) {
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            // It may have ended by itself; then there is nothing to stop.
            kill_process(pid, Signal::TERM).ok();
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("the server cannot be waited for")
    }

    /// Memory of the process that is in RAM, in KiB.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn rss_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        kib.context("no VmRSS in the process's status")?
            .parse()
            .context("VmRSS is not a number")
    }
}

/// The host as a person starts it: nothing is tuned for the measurement.
pub fn host(ostler: &Path, guests: &Path, names: &[&str]) -> Command {
    let mut command = Command::new(ostler);
    let files = names.iter().map(|name| guests.join(format!("{name}.wasm")));
    command
        .arg("run")
        .args(files)
        .args(["--listen", "127.0.0.1:0", "--json"])
        .stderr(Stdio::null());
    command
}

/// A program built beside this one.
///
/// # Errors
/// When the system does not say where this one is.
pub fn sibling(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let folder = me.parent().context("this program is in no folder")?;
    Ok(folder.join(name))
}

fn address(line: &str) -> Option<SocketAddr> {
    let said: Value = serde_json::from_str(line).ok()?;
    said["listen"][0].as_str()?.parse().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.terminate();
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_in_the_first_line() {
        let line = r#"{"listen":["127.0.0.1:4321"],"services":[]}"#;
        assert_eq!(address(line), Some(([127, 0, 0, 1], 4321).into()));
        assert_eq!(address("ostler 0.1.0"), None);
    }
}
