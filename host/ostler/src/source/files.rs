//! A file or a folder of components on disk, and how to tell that one changed.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::look::Look;
use crate::trust;

/// What tells one state of a file from another. A file that is written anew in
/// place has another time, one that is renamed or linked to its place another
/// inode.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    file: One,
    /// That of its signature, where there is one.
    signature: Option<One>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct One {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<Metadata> for One {
    fn from(file: Metadata) -> Self {
        Self {
            inode: (file.dev(), file.ino()),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// The state of a component's file, through any links; `None` where it cannot
/// be told. An error is that it is not there.
fn stamp(path: &Path) -> Result<Option<Stamp>, io::Error> {
    let file = match std::fs::metadata(path) {
        Ok(file) if file.is_file() => file,
        Ok(_) => return Err(io::ErrorKind::NotFound.into()),
        Err(e) if is_missing(&e) => return Err(e),
        Err(_) => return Ok(None),
    };
    let signature = std::fs::metadata(trust::beside(path)).ok();
    Ok(Some(Stamp {
        file: file.into(),
        signature: signature.map(Into::into),
    }))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// A file, or a folder whose every `*.wasm` is a component.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
    folder: bool,
}

impl Place {
    /// What is there now says which of the two it is.
    pub(crate) fn at(path: PathBuf) -> Self {
        let folder = path.is_dir();
        Self { path, folder }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.folder
    }

    /// The files that are there now.
    ///
    /// # Errors
    /// What the system says of the folder.
    pub(crate) fn look(&self) -> io::Result<Look<Stamp>> {
        let files = match self.folder {
            true => components(&self.path)?,
            false => vec![self.path.clone()],
        };
        let there = |path: PathBuf| {
            let state = stamp(&path).ok()?;
            Some((path, state))
        };
        Ok(files.into_iter().filter_map(there).collect())
    }
}

/// Every `*.wasm` of a folder. Names that begin with a dot are of those who
/// write beside the place of a file and rename it then.
fn components(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if name.ends_with(b".wasm") && !name.starts_with(b".") {
            files.push(path);
        }
    }
    Ok(files)
}
