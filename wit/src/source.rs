//! Where sources come from: the files of a folder, and the places in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{Error, Place};
use crate::limits::{self, MAX_FILES, MAX_SOURCE_BYTES};

/// How deep `deps` may nest; a link that leads back up ends here.
const MAX_FOLDERS: usize = 8;

/// The line of a byte offset, counted from 1.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// Reads `*.wit` of `dir` and everything below its `deps`, by relative path.
pub(crate) fn read_dir(dir: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut reader = Reader::default();
    reader.folder(dir, "", 0)?;
    Ok(reader.files)
}

#[derive(Default)]
struct Reader {
    files: BTreeMap<String, String>,
    bytes: usize,
}

impl Reader {
    fn folder(&mut self, dir: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
        let failed = |error: std::io::Error| unreadable(dir, &error);
        if depth > MAX_FOLDERS {
            return Err(Error::new(
                Place::file(prefix),
                format!("folders nest deeper than {MAX_FOLDERS} levels"),
                "put each package into a folder of its own right below deps",
            ));
        }
        for entry in fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let relative = format!("{prefix}{name}");
            // Follows links, as people share packages by them.
            if fs::metadata(&path).map_err(failed)?.is_dir() {
                if depth > 0 || name == "deps" {
                    self.folder(&path, &format!("{relative}/"), depth + 1)?;
                }
            } else if name.ends_with(".wit") {
                self.file(&path, relative)?;
            } else if depth > 0 && (name.ends_with(".wasm") || name.ends_with(".wat")) {
                return Err(Error::new(
                    Place::file(&relative),
                    "a dependency in binary form is not read",
                    "replace it by its WIT text (`wasm-tools component wit`)",
                ));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, relative: String) -> Result<(), Error> {
        let failed = |error: std::io::Error| unreadable(path, &error);
        // Asked before reading: a huge file must not be loaded to be refused.
        let length = fs::metadata(path).map_err(failed)?.len();
        self.bytes = (self.bytes).saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        if self.bytes > MAX_SOURCE_BYTES {
            return Err(limits::too_long(self.bytes));
        }
        // One more than allowed is enough to be refused afterwards.
        if self.files.len() > MAX_FILES {
            return Ok(());
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        self.files.insert(relative, text);
        Ok(())
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        Place::file(&path.display().to_string()),
        format!("cannot be read ({error})"),
        "name a folder of *.wit files in UTF-8 that you may read",
    )
}
