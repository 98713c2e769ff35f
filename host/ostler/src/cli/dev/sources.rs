//! The sources of a component, looked at until they change.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two looks.
const PACE: Duration = Duration::from_millis(250);
/// A look that takes long is followed by so many times that long without one.
const REST: u32 = 20;
/// Folders of what is made of sources, or fetched for them.
const MADE: [&str; 3] = ["target", "node_modules", "__pycache__"];
/// Files that are looked at; a project that has more names its sources.
const MAX_FILES: usize = 50_000;

/// Every file and what tells its states apart: size and time.
type Look = BTreeMap<PathBuf, (u64, i64, i64)>;

#[derive(Debug)]
pub(super) struct Sources {
    roots: Vec<PathBuf>,
    /// When the last build began, or before.
    known: Look,
    /// What started it.
    cause: Vec<PathBuf>,
}

impl Sources {
    /// Those below `roots`, else below the current folder, as they are now.
    pub(super) fn new(roots: &[PathBuf]) -> Self {
        let roots = match roots {
            [] => vec![PathBuf::from(".")],
            named => named.to_vec(),
        };
        Self {
            known: look(&roots),
            roots,
            cause: Vec::new(),
        }
    }

    /// Waits until one of them is another than when this was answered last,
    /// and none changes any more.
    pub(super) async fn changed(&mut self) {
        let mut before = None;
        loop {
            let began = now();
            let look = self.look().await;
            let took = now().saturating_duration_since(began);
            let changed = differences(&self.known, &look);
            if !changed.is_empty() && before.as_ref() == Some(&look) {
                self.known = look;
                self.cause = changed;
                return;
            }
            before = Some(look);
            tokio::time::sleep(PACE.max(took * REST)).await;
        }
    }

    /// A file that started a build and has changed again while it ran.
    pub(super) async fn written_again(&self) -> Option<PathBuf> {
        let changed = differences(&self.known, &self.look().await);
        let again = self.cause.iter().all(|file| changed.contains(file));
        self.cause.first().filter(|_| again).cloned()
    }

    async fn look(&self) -> Look {
        let roots = self.roots.clone();
        let looked = tokio::task::spawn_blocking(move || look(&roots)).await;
        looked.unwrap_or_else(|_| self.known.clone())
    }
}

fn differences(old: &Look, new: &Look) -> Vec<PathBuf> {
    let other = new
        .iter()
        .filter(|(path, state)| old.get(*path) != Some(state));
    let gone = old.iter().filter(|(path, _)| !new.contains_key(*path));
    other.chain(gone).map(|(path, _)| path.clone()).collect()
}

fn look(roots: &[PathBuf]) -> Look {
    let mut files = Look::new();
    let mut folders = Vec::new();
    for root in roots {
        add(root, &mut files, &mut folders);
    }
    while let Some(folder) = folders.pop() {
        // One that cannot be read has no sources to speak of.
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            if files.len() >= MAX_FILES {
                return files;
            }
            if !is_passed_over(&entry.path()) {
                add(&entry.path(), &mut files, &mut folders);
            }
        }
    }
    files
}

fn add(path: &Path, files: &mut Look, folders: &mut Vec<PathBuf>) {
    // Links to folders may lead back here.
    let link = path.symlink_metadata().is_ok_and(|file| file.is_symlink());
    match std::fs::metadata(path) {
        Ok(file) if file.is_dir() && !link => folders.push(path.to_owned()),
        Ok(file) if file.is_file() => {
            let state = (file.size(), file.mtime(), file.mtime_nsec());
            files.insert(path.to_owned(), state);
        }
        _ => {}
    }
}

fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with(".wasm") || MADE.contains(&&*name)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a look took says how long to wait for the next"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_neither_hidden_nor_made() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        };
        for name in [
            "wit/a.wit",
            "src/b.rs",
            "src/x.wasm",
            ".git/c",
            "target/d",
            "e/node_modules/f",
        ] {
            write(name);
        }
        let roots = [folder.path().to_owned()];
        let names = || -> Vec<_> {
            let files = look(&roots).into_keys();
            let names = files.map(|path| path.strip_prefix(&roots[0]).unwrap().to_owned());
            names.map(|name| name.display().to_string()).collect()
        };
        assert_eq!(names(), ["src/b.rs", "wit/a.wit"]);
        let before = look(&roots);
        write("src/g.rs");
        std::fs::remove_file(folder.path().join("src/b.rs")).unwrap();
        write("target/d");
        let changed = differences(&before, &look(&roots));
        let changed: Vec<_> = changed
            .iter()
            .map(|path| path.file_name().unwrap())
            .collect();
        assert_eq!(changed, ["g.rs", "b.rs"]);
    }
}
