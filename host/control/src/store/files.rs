//! Component files, called by the digest of their bytes. A file stays while a
//! version in memory holds it or the state refers to it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::StoreError;

/// SHA-256 of a component; as text, lower-case hex.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest as it is.
    pub(crate) fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let mut digest = [0; 32];
        if text.len() != 2 * digest.len() || !text.bytes().all(hex) {
            return Err("a digest is 64 hexadecimal digits");
        }
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).unwrap_or_default();
            *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
        }
        Ok(Self(digest))
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The ending of what is kept of a component's contract.
const CONTRACT: &str = "contract";

/// The folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    uses: Mutex<Uses>,
    /// Tells apart files that are written at once.
    written: AtomicU64,
}

#[derive(Debug, Default)]
struct Uses {
    /// How often each is held in memory.
    held: HashMap<Digest, usize>,
    /// How often a state on disk may refer to each.
    referred: HashMap<Digest, usize>,
}

impl Uses {
    fn has(&self, digest: &Digest) -> bool {
        self.held.contains_key(digest) || self.referred.contains_key(digest)
    }
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            uses: Mutex::default(),
            written: AtomicU64::new(0),
        }
    }

    /// Writes the file of these bytes, over the one that may be there: that
    /// one could be damaged.
    pub(super) fn add(this: &Arc<Self>, bytes: &[u8]) -> Result<Kept, StoreError> {
        let kept = Self::hold(this, Digest::of(bytes));
        let number = this.written.fetch_add(1, Ordering::Relaxed);
        let path = kept.path();
        let placed = place(&path, &format!("{number}.tmp"), bytes);
        let synced = placed.and_then(|()| sync_folder(&path));
        synced.map_err(|e| StoreError::io(&path, "cannot be written", e))?;
        Ok(kept)
    }

    pub(super) fn hold(this: &Arc<Self>, digest: Digest) -> Kept {
        *this.lock().held.entry(digest).or_default() += 1;
        Kept {
            files: this.clone(),
            digest,
        }
    }

    /// A state on disk may refer to these from now on.
    pub(super) fn refer(&self, digests: impl IntoIterator<Item = Digest>) {
        let mut uses = self.lock();
        for digest in digests {
            *uses.referred.entry(digest).or_default() += 1;
        }
    }

    /// What referred to these does so no longer: removes those that nothing
    /// else refers to and that nobody holds.
    pub(super) fn forget(&self, digests: impl IntoIterator<Item = Digest>) {
        let mut uses = self.lock();
        for digest in digests {
            if less(&mut uses.referred, &digest) && !uses.has(&digest) {
                self.remove_all(&digest);
            }
        }
    }

    /// Removes files that nothing refers to. Files that this host would not
    /// write are not its own.
    pub(super) fn clean(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten();
        for path in entries.flatten().map(|entry| entry.path()) {
            let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            let end = path.extension().and_then(OsStr::to_str).unwrap_or_default();
            let spare = match end {
                "tmp" => {
                    let name = stem.split('.').next().unwrap_or_default();
                    name.parse::<Digest>().is_ok()
                }
                "wasm" | CONTRACT => stem.parse().is_ok_and(|digest| !self.lock().has(&digest)),
                _ => false,
            };
            if spare {
                self.remove(&path);
            }
        }
    }

    fn release(&self, digest: &Digest) {
        let mut uses = self.lock();
        // Under the lock: who adds it again holds it before writing it.
        if less(&mut uses.held, digest) && !uses.has(digest) {
            self.remove_all(digest);
        }
    }

    /// The component last: a contract is nobody's without it.
    fn remove_all(&self, digest: &Digest) {
        let path = self.path(digest);
        self.remove(&path.with_extension(CONTRACT));
        self.remove(&path);
    }

    /// What is not removed now is at the next start.
    fn remove(&self, path: &Path) {
        match fs::remove_file(path) {
            Ok(()) => tracing::debug!(path = %path.display(), "a component was forgotten"),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a component cannot be removed");
            }
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.wasm"))
    }

    fn lock(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds the file of a component.
#[derive(Debug)]
pub(crate) struct Kept {
    files: Arc<Files>,
    digest: Digest,
}

impl Kept {
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.files.path(&self.digest)
    }

    /// Where its contract is kept.
    pub(super) fn contract_path(&self) -> PathBuf {
        self.path().with_extension(CONTRACT)
    }

    /// Writes what is to be kept of its contract. Its name may be lost with the
    /// system: it is written again then.
    pub(super) fn write_contract(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let number = self.files.written.fetch_add(1, Ordering::Relaxed);
        let path = self.contract_path();
        let placed = place(&path, &format!("{number}.tmp"), bytes);
        placed.map_err(|e| StoreError::io(&path, "cannot be written", e))
    }

    /// The bytes, if they are what was written. Blocking.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub(crate) fn read(&self) -> Result<Bytes, StoreError> {
        let path = self.path();
        let bytes = fs::read(&path).map_err(|e| StoreError::io(&path, "cannot be read", e))?;
        if Digest::of(&bytes) != self.digest {
            return Err(StoreError::Damaged(path));
        }
        Ok(bytes.into())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.files.release(&self.digest);
    }
}

/// Counts one less; says whether none is left.
fn less(counts: &mut HashMap<Digest, usize>, digest: &Digest) -> bool {
    let Some(count) = counts.get_mut(digest) else {
        return false;
    };
    *count -= 1;
    if *count > 0 {
        return false;
    }
    counts.remove(digest);
    true
}

/// Makes `bytes` the whole of the file at `path`, or leaves it as it is. What
/// is written at first has `ending` instead of the path's own. Whether it is so
/// after a crash as well is known once its folder is synced.
pub(super) fn place(path: &Path, ending: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(ending);
    let placed = write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    placed.inspect_err(|_| {
        // It may not have come into being.
        fs::remove_file(&temporary).unwrap_or_default();
    })
}

/// Puts the name of a file on disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
