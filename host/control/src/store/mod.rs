//! What was deployed, kept in a folder over restarts: the components by the
//! digest of their bytes, each with its contract, and one file that says which
//! versions there are and which of them calls go to.
//!
//! The file of a component is written beside its place, synced and renamed; the
//! state file grows by a line for each change. The file of a component is there
//! before the state refers to it and goes after, so that whenever the host is
//! killed, the state on disk is the one before a change or after it, and what
//! it refers to is there.

mod contract;
mod error;
mod files;
mod journal;
mod state;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::error::StoreError;
pub(crate) use self::files::Kept;
use self::files::{Digest, Files};
use self::journal::{Failure, Journal};
use self::state::Components;
pub(crate) use self::state::{Change, Component, Record, Trial};
use crate::deploy::Settings;

/// The bits that let others in.
const OTHERS: u32 = 0o077;
/// What is deployed.
const STATE: &str = "state.json";
/// Locked while a host uses the folder; says which one.
const LOCK: &str = "lock";
/// The folder of the components.
const COMPONENTS: &str = "components";

/// The folder that deployments are kept in, for one host alone.
#[derive(Debug)]
pub struct Store {
    files: Arc<Files>,
    state: Mutex<State>,
    /// Locked until it is closed, which the end of the process does as well.
    _lock: File,
}

/// What is deployed, and the file that says so.
#[derive(Debug)]
struct State {
    components: Components,
    journal: Journal,
    /// What a change refers to that was refused and may be on disk.
    uncertain: Vec<Digest>,
}

impl Store {
    /// Opens or makes the folder, and removes what nothing refers to. Blocking.
    ///
    /// # Errors
    /// [`StoreError`]: another host uses it, others can read it, or its state
    /// cannot be read. Nothing is changed then.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = folder.into();
        let components = folder.join(COMPONENTS);
        for folder in [&folder, &components] {
            make(folder).map_err(|e| StoreError::io(folder, "cannot be made", e))?;
        }
        let permissions = fs::metadata(&folder).map(|m| m.permissions().mode());
        let mode = permissions.map_err(|e| StoreError::io(&folder, "cannot be read", e))?;
        if mode & OTHERS != 0 {
            return Err(StoreError::Open(folder));
        }
        let lock = lock_file(&folder)?;
        let (journal, found) = Journal::open(folder.join(STATE))?;
        let files = Arc::new(Files::new(components));
        files.refer(found.all().into_iter().flat_map(Component::digests));
        files.clean();
        let state = State {
            components: found,
            journal,
            uncertain: Vec::new(),
        };
        Ok(Self {
            files,
            state: Mutex::new(state),
            _lock: lock,
        })
    }

    /// What components are held to, beside those of the configuration.
    pub fn settings(&self) -> Vec<Settings> {
        self.read(|components| {
            let versions = components.iter().flat_map(|c| &c.versions);
            versions.map(|v| v.settings.as_ref().clone()).collect()
        })
    }

    /// Looks at what the state has; no change is made meanwhile.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&[&Component]) -> T) -> T {
        look(&self.state().components.all())
    }

    /// Writes the file of a component; it goes with the last that refers to
    /// it. Blocking.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(crate) fn add(&self, bytes: &[u8]) -> Result<Kept, StoreError> {
        Files::add(&self.files, bytes)
    }

    /// The file of a version in the state.
    pub(crate) fn file(&self, record: &Record) -> Kept {
        Files::hold(&self.files, record.digest)
    }

    /// Makes a change of the state. Blocking.
    ///
    /// # Errors
    /// [`StoreError::Io`]: what was the state still is. Should the change be on
    /// disk all the same, so are the files it refers to.
    pub(crate) fn save(&self, change: Change) -> Result<(), StoreError> {
        let mut state = self.state();
        let State {
            components,
            journal,
            uncertain,
        } = &mut *state;
        let now = change.digests();
        self.files.refer(now.iter().copied());
        let error = match journal.write(components, &change) {
            Ok(()) => {
                let before = components.apply(change);
                self.files
                    .forget(before.iter().flat_map(Component::digests));
                self.files.forget(uncertain.drain(..));
                return Ok(());
            }
            Err(Failure::Undone(error)) => {
                self.files.forget(now);
                error
            }
            Err(Failure::Uncertain(error)) => {
                uncertain.extend(now);
                error
            }
        };
        Err(StoreError::io(journal.path(), "cannot be written", error))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn lock_file(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let unusable = |e| StoreError::io(&path, "cannot be locked", e);
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let mut file = opened.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            // It is for the words alone, and may not be written yet.
            file.read_to_string(&mut process).unwrap_or_default();
            return Err(StoreError::Locked {
                folder: folder.to_owned(),
                process: process.trim().to_owned(),
            });
        }
        Err(TryLockError::Error(e)) => return Err(unusable(e)),
    }
    file.set_len(0).map_err(unusable)?;
    writeln!(file, "{}", std::process::id()).map_err(unusable)?;
    Ok(file)
}
