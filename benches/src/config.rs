//! A configuration file for one host.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file in the temporary folder; removed when dropped.
#[derive(Debug)]
pub struct Config(PathBuf);

impl Config {
    /// Writes `text` to a file of this process.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(text: &str) -> Result<Self> {
        let name = format!("ostler-bench-{}.toml", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self(file))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // In the temporary folder: what stays is swept by the system.
        std::fs::remove_file(&self.0).ok();
    }
}
