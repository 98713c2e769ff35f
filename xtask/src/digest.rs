//! What a build is made of, as one number: a build whose inputs did not change
//! is not done again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

/// Folders that tools leave behind.
const NOT_INPUTS: [&str; 2] = ["__pycache__", "node_modules"];

/// The digest of texts and folders, in the order they were added.
#[derive(Default)]
pub(crate) struct Digest(Sha256);

impl Digest {
    /// Adds bytes; their length keeps neighbours apart.
    pub(crate) fn bytes(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds the names and contents of all files below a folder.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn folder(&mut self, folder: &Path) -> Result<&mut Self> {
        let mut files = Vec::new();
        list(folder, &mut files)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?;
        files.sort();
        for file in files {
            let text =
                std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(folder).unwrap_or(&file);
            self.bytes(name.as_os_str().as_encoded_bytes()).bytes(text);
        }
        Ok(self)
    }

    /// In hexadecimal digits.
    pub(crate) fn finish(&mut self) -> String {
        let digest = self.0.finalize_reset();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || NOT_INPUTS.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_kept_apart() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::default();
            for part in parts {
                digest.bytes(part);
            }
            digest.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_eq!(of(&[]).len(), 64);
    }
}
