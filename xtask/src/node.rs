//! Node.js, and what guests in JavaScript are built with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::digest::Digest;
use crate::process;
use crate::workspace::Workspace;

/// What the packages ask for.
const OLDEST: (u32, u32) = (20, 19);

const REMEDY: &str = "install Node.js 20.19 or newer with npm (https://nodejs.org), \
                      then run this command again";

/// The packages of `guest-sdk/javascript/toolchain`, installed.
#[derive(Debug)]
pub(crate) struct Node {
    folder: PathBuf,
}

impl Node {
    /// Checks for Node.js and installs the packages of the lock file, once.
    ///
    /// # Errors
    /// When Node.js is missing or too old, or npm fails.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        let version = version()?;
        let source = workspace.root().join("guest-sdk/javascript/toolchain");
        let folder = workspace.guests_build().join("javascript/toolchain");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        for file in ["package.json", "package-lock.json", ".npmrc", "build.mjs"] {
            std::fs::copy(source.join(file), folder.join(file))
                .with_context(|| format!("cannot copy {file} to {}", folder.display()))?;
        }
        let lock = std::fs::read(source.join("package-lock.json"))?;
        let wanted = Digest::default().bytes(version).bytes(lock).finish();
        let stamp = folder.join("node_modules/.ostler");
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(Self { folder });
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .env("npm_config_loglevel", "error");
        process::run(&mut npm).context("the packages for guests in JavaScript")?;
        std::fs::write(&stamp, wanted)
            .with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(Self { folder })
    }

    /// `node` with a script of the toolchain.
    pub(crate) fn script(&self, script: &str) -> Command {
        let mut node = Command::new("node");
        node.arg(self.folder.join(script)).current_dir(&self.folder);
        node
    }
}

fn version() -> Result<String> {
    let Ok(text) = process::output(Command::new("node").arg("--version")) else {
        bail!("guests in JavaScript need Node.js, which is not there: {REMEDY}");
    };
    let text = text.trim();
    if parse(text).is_none_or(|version| version < OLDEST) {
        bail!("guests in JavaScript need a newer Node.js than {text}: {REMEDY}");
    }
    if !process::exists("npm") {
        bail!("Node.js is there, but npm is not: {REMEDY}");
    }
    Ok(text.to_owned())
}

/// `v20.20.2` → (20, 20).
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("v20.20.2").is_some_and(|version| version >= OLDEST));
        assert!(parse("v20.9.0").is_some_and(|version| version < OLDEST));
        assert!(parse("v100.0.0").is_some_and(|version| version >= OLDEST));
        assert_eq!(parse("20"), None);
    }
}
