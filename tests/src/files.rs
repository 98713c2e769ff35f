//! Where the things under test are.

use std::path::{Path, PathBuf};

/// The component of a guest: `users` or `blobs` of the examples, or a folder
/// of `tests/guests` such as `ticker`. A path to a `.wasm` file stays as it is.
///
/// # Panics
/// When it was not built.
pub fn guest(name: &str) -> PathBuf {
    if name.ends_with(".wasm") {
        return name.into();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests");
    let files = [format!("{name}.wasm"), format!("guest-{name}.wasm")];
    let found = files
        .iter()
        .map(|file| folder.join(file))
        .find(|file| file.is_file());
    found
        .and_then(|file| file.canonicalize().ok())
        .unwrap_or_else(|| {
            panic!("target/guests has no component of {name}: run `cargo xtask guests`")
        })
}

/// The host's binary, of the profile the tests were built with.
///
/// # Panics
/// When it was not built.
pub fn ostler() -> PathBuf {
    built("ostler", "cargo build -p ostler")
}

/// An example of the host's package.
///
/// # Panics
/// When it was not built.
pub fn example(name: &str) -> PathBuf {
    built(
        &format!("examples/{name}"),
        "cargo build -p ostler --examples",
    )
}

/// A file beside the tests' own `target/<profile>/deps/<test>`.
fn built(name: &str, command: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let profile = test.parent().and_then(Path::parent);
    let file = profile
        .expect("tests are in target/<profile>/deps")
        .join(name);
    assert!(
        file.is_file(),
        "{} is missing: run `{command}`",
        file.display()
    );
    file
}
