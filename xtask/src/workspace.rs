//! Where things are, and cargo as this workspace wants it started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The checkout that xtask was started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace from what cargo tells xtask.
    ///
    /// # Errors
    /// When xtask was not started by cargo.
    pub(crate) fn find() -> Result<Self> {
        // Read at run time: a binary from a build cache that several checkouts
        // share must not carry the folder of another one.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .context("start this as `cargo xtask`, which says where the workspace is")?;
        let root = Path::new(&manifest)
            .parent()
            .context("xtask's folder has no parent")?
            .to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where encoded guests are put. Tests and the demo read them there,
    /// wherever cargo's own files are.
    pub(crate) fn guests(&self) -> PathBuf {
        self.root.join("target/guests")
    }

    /// Where guests are compiled: not in the target folder itself, whose lock
    /// a host build may hold.
    pub(crate) fn guests_build(&self) -> PathBuf {
        self.target.join("guests-build")
    }

    /// A binary of the workspace after a build with `profile` (`debug` or
    /// `release`).
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target.join(profile).join(file)
    }

    /// The cargo that started xtask, in the workspace's folder.
    pub(crate) fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        // What cargo set for xtask itself would make build scripts that watch
        // these variables run again under a plain `cargo build`.
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("CARGO_PKG_") {
                command.env_remove(&key);
            }
        }
        command
            .env_remove("CARGO_MANIFEST_DIR")
            .env_remove("CARGO_MANIFEST_PATH");
        command
    }
}
