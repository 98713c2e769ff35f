//! One run of a build command, whose output is shown.

use std::io::stderr;
use std::os::fd::AsFd as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use super::say;

/// A command for `sh`.
#[derive(Debug)]
pub(super) struct Build {
    command: String,
}

impl Build {
    pub(super) fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
        }
    }

    /// Runs it to its end; false when it failed. Dropped before, it ends the
    /// command and everything that started.
    pub(super) async fn run(&self) -> bool {
        say(&self.command);
        let done = self.status().await;
        match &done {
            Ok(None) => {}
            Ok(Some(failure)) => say(&format!("the build failed: {failure}")),
            Err(error) => say(&format!("the build cannot be run: {error}")),
        }
        matches!(done, Ok(None))
    }

    /// How it failed, if it did.
    async fn status(&self) -> std::io::Result<Option<String>> {
        let mut command = Command::new("sh");
        // What is listed on stdout is for whoever reads the host.
        let shown = stderr().as_fd().try_clone_to_owned()?;
        command
            .args(["-c", &self.command])
            .stdin(Stdio::null())
            .stdout(Stdio::from(shown))
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = Group(id.and_then(Pid::from_raw));
        let status = child.wait().await?;
        group.ended();
        Ok((!status.success()).then(|| status.to_string()))
    }
}

/// The processes of a build: it may start others.
struct Group(Option<Pid>);

impl Group {
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may just have ended by itself.
            kill_process_group(group, Signal::TERM).ok();
        }
    }
}
