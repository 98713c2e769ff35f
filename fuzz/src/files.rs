//! Inputs to begin with.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// Inputs of a target that reach deep, its regressions among them.
///
/// # Panics
/// When a file of this repository cannot be read.
pub fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut seeds = (target.seeds)();
    seeds.extend(regressions(target));
    seeds
}

/// What once broke a target: every file of `regressions/NAME/`.
///
/// # Panics
/// When one cannot be read.
pub fn regressions(target: &Target) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/regressions").join(target.name);
    let files = files(&folder, &|_| true);
    files.iter().map(|file| read(file)).collect()
}

/// The WIT of the examples, of the test guests, and of the tables of the
/// lowering: what is accepted, and what is refused.
pub(crate) fn wit_texts() -> Vec<String> {
    let folders = ["wit/tests/golden", "examples", "tests/guests"];
    let is_wit = |file: &Path| file.extension().is_some_and(|ext| ext == "wit");
    let texts = folders.iter().flat_map(|folder| {
        files(&root().join(folder), &|file| {
            // What the lowering makes is no author's.
            is_wit(file) && !file.ends_with("lowered.wit")
        })
    });
    texts
        .map(|file| String::from_utf8_lossy(&read(&file)).into_owned())
        .collect()
}

/// The files below a folder, in order.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path, wanted));
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|e| panic!("cannot read {}: {e}", file.display()))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
