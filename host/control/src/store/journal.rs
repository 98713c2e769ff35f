//! The state file: a line that says its format, then one for each change, in
//! the order they were made. A change appends its line and syncs it; once there
//! are many more lines than components, the file is written anew beside its
//! place, with a line for each component.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::StoreError;
use super::files::{place, sync_folder};
use super::state::{Change, Component, Components};

/// The format that is written.
pub(super) const FORMAT: u64 = 2;
/// One JSON text with all components; still read.
const WHOLE: u64 = 1;
/// So many lines are not worth writing the file anew.
const SPARE: usize = 64;

/// What every format has; of this one, the first line.
#[derive(Deserialize)]
struct Head {
    format: u64,
}

/// The format before this one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(rename = "format")]
    _format: u64,
    components: Vec<Component>,
}

/// The file, and how it was left.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// Changes it has.
    lines: usize,
    /// Its bytes; `None` when the next change is to write it anew.
    pub(super) length: Option<u64>,
}

/// Why a change was not made.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not on disk.
    Undone(io::Error),
    /// It may be.
    Uncertain(io::Error),
}

impl Journal {
    /// Reads the file at `path`, if there is one, and leaves it as it is.
    pub(super) fn open(path: PathBuf) -> Result<(Self, Components), StoreError> {
        match read(&path) {
            Ok(text) => Self::parse(path, &text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Ok((Self::new(path), Components::default()))
            }
            Err(e) => Err(StoreError::io(&path, "cannot be read", e)),
        }
    }

    /// A file at `path`, to be written anew.
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            lines: 0,
            length: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file at `path`, which has this text.
    pub(super) fn parse(path: PathBuf, text: &[u8]) -> Result<(Self, Components), StoreError> {
        let mut journal = Self::new(path);
        let first = text.split_inclusive(is_end).next().unwrap_or_default();
        let head = serde_json::from_slice(first).or_else(|_| serde_json::from_slice(text));
        let Head { format } = head.map_err(|e| journal.damaged(e.line(), &e))?;
        let mut found = Components::default();
        match format {
            FORMAT => journal.changes(text, first.len(), &mut found)?,
            WHOLE => {
                let whole = serde_json::from_slice(text);
                let whole: Whole = whole.map_err(|e| journal.damaged(e.line(), &e))?;
                for component in whole.components {
                    found.apply(Change::Added(component));
                }
            }
            _ => {
                let path = journal.path;
                return Err(StoreError::Format { path, format });
            }
        }
        Ok((journal, found))
    }

    /// Makes the changes behind the first line, which is `start` bytes.
    fn changes(
        &mut self,
        text: &[u8],
        start: usize,
        found: &mut Components,
    ) -> Result<(), StoreError> {
        let mut read = start;
        for line in text[start..].split_inclusive(is_end) {
            let change = serde_json::from_slice(line);
            let last = read + line.len() == text.len();
            match change {
                Ok(change) if line.ends_with(b"\n") => drop(found.apply(change)),
                // JSON of another kind is not what a torn write leaves.
                Err(error) if !last || error.is_data() => {
                    return Err(self.damaged(self.lines + 2, &error));
                }
                _ => break,
            }
            self.lines += 1;
            read += line.len();
        }
        if read == text.len() && text.ends_with(b"\n") {
            self.length = Some(read as u64);
        } else {
            tracing::warn!(
                path = %self.path.display(),
                bytes = text.len() - read,
                "the last change was not written to its end, and nobody was told that it was \
                 made: it is left out"
            );
        }
        Ok(())
    }

    fn damaged(&self, line: usize, error: &serde_json::Error) -> StoreError {
        let text = error.to_string();
        // What was parsed may be one line, which it would call the first.
        let what = text.split(" at line ").next().unwrap_or_default();
        StoreError::State {
            path: self.path.clone(),
            why: format!("line {line}, column {}: {what}", error.column()),
        }
    }

    /// Writes a change of these components, or leaves the file as it was.
    pub(super) fn write(
        &mut self,
        components: &Components,
        change: &Change,
    ) -> Result<(), Failure> {
        let mut line = Vec::new();
        write_line(&mut line, change).map_err(Failure::Undone)?;
        let room = self.lines < 2 * components.len() + SPARE;
        // NB: opened each time, and only as it was left: a file that somebody
        // moved away would swallow what is appended to it.
        let as_left = |length: &u64| fs::metadata(&self.path).is_ok_and(|m| m.len() == *length);
        let length = self.length.filter(|length| room && as_left(length));
        // Unless it works.
        self.length = None;
        let (lines, length) = match length {
            Some(length) => {
                self.append(length, &line)?;
                (self.lines, length)
            }
            None => {
                let text = self.anew(components, &line)?;
                (components.len(), text)
            }
        };
        self.lines = lines + 1;
        self.length = Some(length + line.len() as u64);
        Ok(())
    }

    fn append(&self, length: u64, line: &[u8]) -> Result<(), Failure> {
        let opened = OpenOptions::new().append(true).open(&self.path);
        let mut file = opened.map_err(Failure::Undone)?;
        let written = file.write_all(line).and_then(|()| file.sync_data());
        written.map_err(|error| {
            let undone = file.set_len(length).and_then(|()| file.sync_data());
            match undone {
                Ok(()) => Failure::Undone(error),
                Err(_) => Failure::Uncertain(error),
            }
        })
    }

    /// Writes all components and a change; gives the bytes before the change.
    fn anew(&self, components: &Components, line: &[u8]) -> Result<u64, Failure> {
        let mut text = format!("{{\"format\":{FORMAT}}}\n").into_bytes();
        for component in components.all() {
            let component = Change::Added(component.clone());
            write_line(&mut text, &component).map_err(Failure::Undone)?;
        }
        let length = text.len() as u64;
        text.extend_from_slice(line);
        place(&self.path, "tmp", &text).map_err(Failure::Undone)?;
        sync_folder(&self.path).map_err(Failure::Uncertain)?;
        Ok(length)
    }
}

/// What the file has, on disk as well: a host that was killed may have left the
/// last line, or the file's place, to the memory of the system, and what is
/// read here decides which files of components go.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut file = File::open(path)?;
    file.read_to_end(&mut text)?;
    file.sync_all()?;
    sync_folder(path)?;
    Ok(text)
}

fn write_line(text: &mut Vec<u8>, change: &Change) -> io::Result<()> {
    serde_json::to_writer(&mut *text, change)?;
    text.push(b'\n');
    Ok(())
}

fn is_end(byte: &u8) -> bool {
    *byte == b'\n'
}
