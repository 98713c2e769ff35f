//! The state file: a line that says its format, then one for each change, in
//! the order they were made. A change appends its line and syncs it; once there
//! are many more lines than components, the file is written anew beside its
//! place, with a line for each component.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
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
        let text = match fs::read(&path) {
            Ok(text) => Some(text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(StoreError::io(&path, "cannot be read", e)),
        };
        let mut journal = Self {
            path,
            lines: 0,
            length: None,
        };
        let components = text.map(|text| journal.read(&text)).transpose()?;
        Ok((journal, components.unwrap_or_default()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn read(&mut self, text: &[u8]) -> Result<Components, StoreError> {
        let first = text.split_inclusive(is_end).next().unwrap_or_default();
        let head = serde_json::from_slice(first).or_else(|_| serde_json::from_slice(text));
        let Head { format } = head.map_err(|e| self.damaged(e.line(), &e))?;
        match format {
            FORMAT => self.changes(text, first.len()),
            WHOLE => {
                let whole = serde_json::from_slice(text);
                let Whole { components, .. } = whole.map_err(|e| self.damaged(e.line(), &e))?;
                let mut found = Components::default();
                for component in components {
                    found.apply(Change::Added(component));
                }
                Ok(found)
            }
            _ => Err(StoreError::Format {
                path: self.path.clone(),
                format,
            }),
        }
    }

    /// The changes behind the first line, which is `start` bytes.
    fn changes(&mut self, text: &[u8], start: usize) -> Result<Components, StoreError> {
        let mut found = Components::default();
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
        Ok(found)
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

fn write_line(text: &mut Vec<u8>, change: &Change) -> io::Result<()> {
    serde_json::to_writer(&mut *text, change)?;
    text.push(b'\n');
    Ok(())
}

fn is_end(byte: &u8) -> bool {
    *byte == b'\n'
}
