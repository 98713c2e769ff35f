//! What changed between one look at some files and the next. Decides on what
//! was seen alone: it reads no file and knows no time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Looks at which a file must be the same before it counts as written: one that
/// is still being copied grows between two.
const STILL: u32 = 2;
/// Looks at which a file must be missing before it counts as gone: one that is
/// replaced may be missing for a moment.
const GONE: u32 = 4;

/// What one look saw: each file that is there, `None` where it could not be
/// told what it is.
pub(crate) type Look<S> = BTreeMap<PathBuf, Option<S>>;

/// A file that changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// It is new or another, and has stopped changing.
    Written(PathBuf),
    /// It is not there any more.
    Gone(PathBuf),
}

/// What all looks so far have seen; `S` tells one state of a file from another.
#[derive(Debug)]
pub(crate) struct Seen<S> {
    files: BTreeMap<PathBuf, Known<S>>,
}

#[derive(Debug)]
struct Known<S> {
    /// At the last look; `None` where it was missing.
    last: Option<S>,
    /// Looks at which it was that.
    looks: u32,
    /// What was told of it last.
    told: Option<S>,
}

impl<S: Clone + Eq> Seen<S> {
    /// Begins with files that nothing has to be told of.
    pub(crate) fn new(first: Look<S>) -> Self {
        let known = |(path, state): (PathBuf, Option<S>)| {
            let known = Known {
                last: state.clone(),
                looks: 1,
                told: state,
            };
            (path, known)
        };
        Self {
            files: first.into_iter().map(known).collect(),
        }
    }

    /// What has changed and come to rest by this look.
    pub(crate) fn look(&mut self, now: &Look<S>) -> Vec<Change> {
        for path in now.keys() {
            if !self.files.contains_key(path) {
                self.files.insert(path.clone(), Known::missing());
            }
        }
        let files = self.files.iter_mut();
        let changes = files.filter_map(|(path, known)| known.look(path, now.get(path)));
        let changes = changes.collect();
        self.files.retain(|_, known| !known.is_forgotten());
        changes
    }
}

impl<S: Clone + Eq> Known<S> {
    fn missing() -> Self {
        Self {
            last: None,
            looks: 0,
            told: None,
        }
    }

    fn look(&mut self, path: &Path, now: Option<&Option<S>>) -> Option<Change> {
        let now = match now {
            // It may be anything: this look says nothing.
            Some(None) => return None,
            Some(Some(state)) => Some(state),
            None => None,
        };
        if self.last.as_ref() == now {
            self.looks = self.looks.saturating_add(1);
        } else {
            self.last = now.cloned();
            self.looks = 1;
        }
        let enough = if now.is_some() { STILL } else { GONE };
        if self.looks < enough || self.told == self.last {
            return None;
        }
        self.told = self.last.clone();
        Some(match now {
            Some(_) => Change::Written(path.to_owned()),
            None => Change::Gone(path.to_owned()),
        })
    }

    /// It is missing, and that was told.
    fn is_forgotten(&self) -> bool {
        self.last.is_none() && self.told.is_none() && self.looks >= GONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at one file: a digit is a state of it, `-` is none, `?` is one
    /// that cannot be told. Answers `w` for written, `g` for gone.
    fn looks(first: char, looks: &str) -> String {
        let look = |seen: char| -> Look<char> {
            let state = match seen {
                '-' => return Look::new(),
                '?' => None,
                state => Some(state),
            };
            Look::from([("a".into(), state)])
        };
        let mut seen = Seen::new(look(first));
        let told = looks.chars().map(|now| match &seen.look(&look(now))[..] {
            [] => '.',
            [Change::Written(_)] => 'w',
            [Change::Gone(_)] => 'g',
            more => panic!("{more:?}"),
        });
        told.collect()
    }

    #[test]
    fn a_change_is_told_once_it_has_come_to_rest() {
        for (first, seen, told) in [
            ('1', "1111", "...."),
            ('1', "2222", ".w.."),
            // Still being written.
            ('1', "23455", "....w"),
            // Back to what was told of before.
            ('1', "2111", "...."),
            ('1', "2211", ".w.w"),
            // New.
            ('-', "11", ".w"),
            ('-', "-1-11", "....w"),
            // Replaced by way of nothing.
            ('1', "---22", "....w"),
            ('1', "-1-1-1", "......"),
            ('1', "----", "...g"),
            ('1', "------22", "...g...w"),
            // Nobody knows.
            ('1', "?????1", "......"),
            ('1', "2?2", "..w"),
            ('1', "--?--", "....g"),
        ] {
            assert_eq!(looks(first, seen), told, "{first} {seen}");
        }
    }

    #[test]
    fn a_file_that_is_gone_is_forgotten() {
        let mut seen = Seen::new(Look::from([("a".into(), Some(1))]));
        for _ in 0..GONE {
            seen.look(&Look::new());
        }
        assert!(seen.files.is_empty(), "{seen:?}");
        seen.look(&Look::from([("b".into(), Some(1))]));
        for _ in 0..GONE {
            seen.look(&Look::new());
        }
        assert!(seen.files.is_empty(), "{seen:?}");
    }
}
