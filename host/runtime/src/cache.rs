//! The folder of compiled components: a file for each, its checksum beside it,
//! and no more of them than the folder may hold.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use wasmtime::Engine;
use xxhash_rust::xxh3::xxh3_128;

/// SHA-256 of a component.
pub(crate) type Digest = [u8; 32];

/// The ending of the checksum file beside an artefact. XXH3, 128 bits: it is to
/// find damage, and who could forge it could as well write to the folder.
const CHECKSUM: &str = "xxh3";
/// Characters of a name before its ending: digest, `-`, the engine's hash.
const NAME: usize = 64 + 1 + 16;
/// How exactly it is known when an artefact was last loaded.
const USED: Duration = Duration::from_secs(3600);

/// The folder. Hosts of one user may share it.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    limit: u64,
    /// Bytes in it when this host looked, and what it has added since; `None`
    /// before it looked.
    bytes: Mutex<Option<u64>>,
}

/// What is kept of one component for one engine.
#[derive(Debug)]
struct Entry {
    files: Vec<PathBuf>,
    bytes: u64,
    used: SystemTime,
}

impl Cache {
    /// Opens or makes the folder, which is to hold `limit` bytes.
    ///
    /// # Errors
    /// When it cannot be made, or is not the user's own.
    pub(crate) fn open(folder: PathBuf, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let owner = fs::metadata(&folder)?.uid();
        if owner != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("the folder belongs to another user"));
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        Ok(Self {
            folder,
            limit,
            bytes: Mutex::default(),
        })
    }

    /// Where the artefact of a component is.
    pub(crate) fn path(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder
            .join(format!("{}-{:016x}.cwasm", hex(digest), hasher.finish()))
    }

    /// Temp and rename, checksum last: an artefact without a checksum is not
    /// used. Makes room for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn store(&self, path: &Path, artefact: &[u8]) -> io::Result<()> {
        // Usually there is none.
        fs::remove_file(checksum_path(path)).unwrap_or_default();
        replace(path, artefact)?;
        replace(&checksum_path(path), &xxh3_128(artefact).to_be_bytes())?;
        self.make_room(path, artefact.len() as u64);
        Ok(())
    }

    /// Removes what was loaded longest ago once the folder holds too much,
    /// except what was `added` just now. What a host has mapped it keeps.
    fn make_room(&self, added: &Path, bytes: u64) {
        let mut known = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &mut *known {
            *known += bytes;
            if *known <= self.limit {
                return;
            }
        }
        let mut entries = self.entries();
        entries.sort_by_key(|entry| entry.used);
        let mut held = entries.iter().map(|entry| entry.bytes).sum::<u64>();
        if held > self.limit {
            // Room for more than one, since looking takes time.
            let aim = self.limit - self.limit / 10;
            for entry in entries {
                if held <= aim {
                    break;
                }
                if !entry.files.iter().any(|file| file == added) && entry.remove() {
                    held -= entry.bytes;
                }
            }
        }
        *known = Some(held);
    }

    /// What the folder holds. Files that no host would write are not its own.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = HashMap::<_, Entry>::new();
        for file in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = file.path();
            let (Some(name), Ok(metadata)) = (name(&path), file.metadata()) else {
                continue;
            };
            let entry = entries.entry(name).or_insert(Entry {
                files: Vec::new(),
                bytes: 0,
                used: SystemTime::UNIX_EPOCH,
            });
            entry.files.push(path);
            entry.bytes += metadata.len();
            entry.used = entry.used.max(modified(&metadata));
        }
        entries.into_values().collect()
    }
}

impl Entry {
    fn remove(&self) -> bool {
        tracing::debug!(files = ?self.files, "removing a compiled component: others need its room");
        self.files.iter().all(|file| match fs::remove_file(file) {
            Ok(()) => true,
            // Another host was first.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        })
    }
}

/// The name that all files of one entry have before their endings.
fn name(path: &Path) -> Option<String> {
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    let own = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    (stem.len() == NAME && stem.bytes().all(own)).then(|| stem.to_owned())
}

fn modified(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Notes that an artefact is loaded, in its time of modification.
pub(crate) fn touch(artefact: &File) -> io::Result<()> {
    let now = SystemTime::now();
    let used = modified(&artefact.metadata()?);
    match now.duration_since(used) {
        Ok(since) if since > USED => artefact.set_modified(now),
        _ => Ok(()),
    }
}

/// The file with the checksum of an artefact: 16 bytes.
pub(crate) fn checksum_path(path: &Path) -> PathBuf {
    path.with_extension(CHECKSUM)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Two threads may compile one component at once.
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let temporary = path.with_extension(format!("tmp{process}{thread:?}"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
