//! What was deployed, kept in a folder over restarts: the components by the
//! digest of their bytes, and one file that says which versions there are and
//! which of them calls go to.
//!
//! Every file is replaced whole: written beside its place, synced, renamed. The
//! file of a component is there before the state refers to it and goes after,
//! so that whenever the host is killed, the state on disk is a whole one and
//! what it refers to is there.

mod error;
mod files;
mod state;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::error::StoreError;
use self::files::Files;
pub(crate) use self::files::Kept;
pub(crate) use self::state::{Component, Record, Trial};
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
    folder: PathBuf,
    files: Arc<Files>,
    state: Mutex<State>,
    /// Locked until it is closed, which the end of the process does as well.
    _lock: File,
}

/// What the state file has.
#[derive(Debug, Default)]
struct State {
    text: Vec<u8>,
    components: Vec<Component>,
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
        let path = folder.join(STATE);
        let state = match fs::read(&path) {
            Ok(text) => State {
                components: state::parse(&text).map_err(|unreadable| unreadable.of(&path))?,
                text,
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => State::default(),
            Err(e) => return Err(StoreError::io(&path, "cannot be read", e)),
        };
        let files = Arc::new(Files::new(components));
        files.refer(state.components.iter().flat_map(Component::digests));
        files.clean();
        Ok(Self {
            folder,
            files,
            state: Mutex::new(state),
            _lock: lock,
        })
    }

    /// What components are held to, beside those of the configuration.
    pub fn settings(&self) -> Vec<Settings> {
        let components = self.components();
        let versions = components.into_iter().flat_map(|c| c.versions);
        versions.map(|version| version.settings).collect()
    }

    /// What the state has.
    pub(crate) fn components(&self) -> Vec<Component> {
        self.state().components.clone()
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
        Files::hold(&self.files, &record.digest)
    }

    /// Makes this the state. Blocking.
    ///
    /// # Errors
    /// [`StoreError::Io`]: what was the state still is. Should it be on disk
    /// all the same, so are the files it refers to.
    pub(crate) fn save(&self, components: Vec<Component>) -> Result<(), StoreError> {
        let path = self.folder.join(STATE);
        let text = state::text(&components)
            .map_err(|e| StoreError::io(&path, "cannot be written", e.into()))?;
        let mut state = self.state();
        if text == state.text {
            return Ok(());
        }
        let now = || components.iter().flat_map(Component::digests);
        let before = || state.components.iter().flat_map(Component::digests);
        self.files.refer(before().chain(now()));
        if let Err(error) = files::replace(&path, "tmp", &text) {
            if fs::read(&path).is_ok_and(|text| text == state.text) {
                self.files.refer(before());
            } else {
                // What comes next is written, whatever it is.
                state.text.clear();
            }
            return Err(error);
        }
        self.files.refer(now());
        *state = State { text, components };
        Ok(())
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
