//! Python, and what guests in Python are built with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::digest::Digest;
use crate::process;
use crate::workspace::Workspace;

/// What the SDK is written for. It runs in the Python that componentize-py
/// brings (3.14); this one runs componentize-py and the SDK's own tests.
const OLDEST: (u32, u32) = (3, 11);

const REMEDY: &str = "install Python 3.11 or newer with venv and pip \
                      (apt-get install python3 python3-venv), then run this command again";

/// A virtual environment with the packages of `guest-sdk/python/toolchain`.
#[derive(Debug)]
pub(crate) struct Python {
    environment: PathBuf,
}

impl Python {
    /// Checks for Python and installs what the requirements name, once.
    ///
    /// # Errors
    /// When Python is missing or too old, or pip fails.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        let version = version()?;
        let requirements = workspace
            .root()
            .join("guest-sdk/python/toolchain/requirements.txt");
        let environment = workspace.guests_build().join("python/toolchain");
        let text = std::fs::read(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let wanted = Digest::default().bytes(version).bytes(text).finish();
        let stamp = environment.join(".ostler");
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(Self { environment });
        }
        let python = Self { environment };
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"])
            .arg(&python.environment);
        process::run(&mut venv).with_context(|| format!("no virtual environment: {REMEDY}"))?;
        let mut pip = python.tool("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(&requirements);
        process::run(&mut pip).context("the packages for guests in Python")?;
        std::fs::write(&stamp, wanted)
            .with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(python)
    }

    /// A program of the environment.
    pub(crate) fn tool(&self, name: &str) -> Command {
        let mut tool = Command::new(self.environment.join("bin").join(name));
        // Another environment's packages would end up in the component.
        tool.env("VIRTUAL_ENV", &self.environment)
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME");
        tool
    }
}

fn version() -> Result<String> {
    let Ok(text) = process::output(Command::new("python3").arg("--version")) else {
        bail!("guests in Python need Python, which is not there: {REMEDY}");
    };
    let text = text.trim();
    if parse(text).is_none_or(|version| version < OLDEST) {
        bail!("guests in Python need a newer one than {text}: {REMEDY}");
    }
    Ok(text.to_owned())
}

/// `Python 3.11.7` → (3, 11).
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("Python 3.11.7").is_some_and(|version| version >= OLDEST));
        assert!(parse("Python 3.9.2").is_some_and(|version| version < OLDEST));
        assert_eq!(parse("Python 3"), None);
    }
}
