//! Why deployments are not kept, or not found again.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with the store of deployments, where, and what to do.
#[derive(Debug)]
pub enum StoreError {
    /// Another host uses it.
    Locked {
        /// The store.
        folder: PathBuf,
        /// That host's process; empty when it is not known.
        process: String,
    },
    /// Others can read it or write to it.
    Open(PathBuf),
    /// The state file is of another format than this host's.
    Format {
        /// The state file.
        path: PathBuf,
        /// The format it says.
        format: u64,
    },
    /// The state file is damaged.
    State {
        /// The state file.
        path: PathBuf,
        /// Where it is wrong.
        why: String,
    },
    /// A component is not what was deployed.
    Damaged(PathBuf),
    /// A file cannot be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

impl StoreError {
    pub(super) fn io(path: &Path, what: &'static str, error: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            what,
            error,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { folder, process } => {
                write!(f, "{}: another host uses it", folder.display())?;
                if !process.is_empty() {
                    write!(f, " (process {process})")?;
                }
                f.write_str("; stop that one, or set server.store to another folder")
            }
            Self::Open(folder) => write!(
                f,
                "{folder}: others can get at what is deployed; chmod 700 {folder}",
                folder = folder.display()
            ),
            Self::Format { path, format } => write!(
                f,
                "{}: it has format {format}, this host knows {}; run the version of ostler that \
                 wrote it, or set server.store to another folder and deploy anew",
                path.display(),
                super::journal::FORMAT
            ),
            Self::State { path, why } => write!(
                f,
                "{path}: it is damaged ({why}); restore it from a copy, or move it away and \
                 deploy anew",
                path = path.display()
            ),
            Self::Damaged(path) => write!(
                f,
                "{}: it is damaged, its bytes do not have the digest of its name; restore it \
                 from a copy, or deploy it again",
                path.display()
            ),
            Self::Io { path, what, error } => write!(f, "{}: {what}: {error}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {}
