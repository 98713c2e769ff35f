//! From `.proto` files to contracts and back. `BLESS=1` writes what is expected.

// Where `clippy.toml` allows what only tests may do.
#[cfg(test)]
mod import;
#[cfg(test)]
mod normal;
#[cfg(test)]
mod proto;
#[cfg(test)]
mod values;

#[cfg(test)]
use std::path::{Path, PathBuf};

#[cfg(test)]
fn golden(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(kind)
}

#[cfg(test)]
fn expect(path: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == found,
        "{} differs (BLESS=1 rewrites it)\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}
