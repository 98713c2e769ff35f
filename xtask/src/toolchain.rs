//! Which compiler builds guests.
//!
//! Three kinds, in order of preference: the toolchain in use already has the
//! target's standard library; rustup can add it; or the distribution's own
//! compiler comes with the library's source and builds it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;
use crate::workspace::Workspace;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that can build guests.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The toolchain that runs xtask has the target.
    Current,
    /// The distribution's compiler builds the standard library from source.
    System(System),
}

/// The distribution's compiler, with what it needs for another target.
#[derive(Debug)]
pub(crate) struct System {
    cargo: PathBuf,
    rustc: PathBuf,
    linker: PathBuf,
}

impl Toolchain {
    /// The best one that is there, without installing anything.
    pub(crate) fn find(workspace: &Workspace) -> Option<Self> {
        if has_target(workspace) {
            return Some(Self::Current);
        }
        System::find().map(Self::System)
    }

    /// `cargo build` for guests, ready for packages and profile.
    pub(crate) fn cargo_build(&self, workspace: &Workspace) -> Command {
        match self {
            Self::Current => {
                let mut cargo = workspace.cargo();
                cargo.args(["build", "--target", TARGET]);
                cargo
            }
            Self::System(system) => system.cargo_build(workspace),
        }
    }
}

impl std::fmt::Display for Toolchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => write!(f, "target {TARGET} of the toolchain in use"),
            Self::System(system) => write!(
                f,
                "{} with its library's source, linked by {}",
                system.rustc.display(),
                system.linker.display()
            ),
        }
    }
}

/// Whether the toolchain in use has the target's standard library. Asked of
/// rustc, not of rustup: distributions package the target too.
fn has_target(workspace: &Workspace) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", TARGET]);
    command.current_dir(workspace.root());
    process::output(&mut command).is_ok_and(|folder| holds_core(Path::new(folder.trim())))
}

fn holds_core(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    })
}

impl System {
    /// Debian's layout: `/usr/bin`, the library's source under rustlib, the
    /// linker in LLVM's own folder.
    fn find() -> Option<Self> {
        let cargo = PathBuf::from("/usr/bin/cargo");
        let rustc = PathBuf::from("/usr/bin/rustc");
        let source = Path::new("/usr/lib/rustlib/src/rust/library/std/Cargo.toml");
        let linker = linker()?;
        let new_enough = Self::version(&rustc).is_some_and(|version| version >= MINIMUM);
        (cargo.exists() && source.exists() && new_enough).then_some(Self {
            cargo,
            rustc,
            linker,
        })
    }

    fn version(rustc: &Path) -> Option<(u32, u32)> {
        let mut command = Command::new(rustc);
        clear(&mut command);
        parse_version(&process::output(command.arg("--version")).ok()?)
    }

    fn cargo_build(&self, workspace: &Workspace) -> Command {
        let mut cargo = Command::new(&self.cargo);
        clear(&mut cargo);
        cargo
            .current_dir(workspace.root())
            .env("RUSTC", &self.rustc)
            // The flag below is unstable in name only: the distribution's
            // compiler is a release and its source is the matching one.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &self.linker)
            .args(["build", "--target", TARGET])
            .arg("-Zbuild-std=std,panic_abort");
        cargo
    }
}

/// The oldest compiler the workspace builds with; `rust-version` in the root
/// manifest says the same.
const MINIMUM: (u32, u32) = (1, 95);

/// `wasm-ld` of the newest LLVM that is installed.
fn linker() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix("llvm-")?.parse().ok()?;
            let linker = entry.path().join("bin/wasm-ld");
            linker.exists().then_some((version, linker))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, linker)| linker)
}

/// `rustc 1.96.0 (…)` → (1, 96).
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

/// Takes away what rustup's proxy and `cargo run` put into the environment:
/// it names another compiler, and that one's libraries.
fn clear(command: &mut Command) {
    const KEPT: [&str; 4] = [
        "CARGO_HOME",
        "CARGO_HTTP_CAINFO",
        "CARGO_NET_OFFLINE",
        "CARGO_BUILD_JOBS",
    ];
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        let theirs = name.starts_with("CARGO") || name.starts_with("RUST");
        if name == "LD_LIBRARY_PATH" || (theirs && !KEPT.contains(&&*name)) {
            command.env_remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(
            parse_version("rustc 1.96.0 (abc 2026-05-01)"),
            Some((1, 96))
        );
        assert!(parse_version("rustc 1.100.0").is_some_and(|v| v > MINIMUM));
        assert!(parse_version("rustc 1.85.0-nightly").is_some_and(|v| v < MINIMUM));
        assert_eq!(parse_version("nonsense"), None);
    }
}
