//! Builds guests in Rust and turns each core module into a component.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use wit_component::ComponentEncoder;

use super::output;
use crate::progress::step;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;
use crate::{process, progress};

/// Folders whose sub-folders are guests.
const FOLDERS: [&str; 3] = ["examples/rust", "tests/guests", "benches/guests"];

/// One guest crate.
#[derive(Debug, Eq, PartialEq)]
struct Guest {
    /// The package's name, which names the component's file.
    package: String,
    /// The library's name, which names the core module's file.
    library: String,
}

/// Builds all guests in Rust into `target/guests/`.
///
/// # Errors
/// When a build or an encoding fails; which is said.
pub(super) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let guests = discover(workspace)?;
    step(&format!("Guests in Rust: {}", listed(&guests)), || {
        compile(workspace, toolchain, &guests)?;
        encode_all(workspace, &guests)
    })
}

/// Every crate below [`FOLDERS`], in order of package name.
fn discover(workspace: &Workspace) -> Result<Vec<Guest>> {
    let mut metadata = workspace.cargo();
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&process::output(&mut metadata)?)
        .context("`cargo metadata` wrote something that is not JSON")?;
    let mut guests = Vec::new();
    for manifest in manifests(workspace)? {
        guests.push(guest(&metadata, &manifest)?);
    }
    guests.sort_by(|a, b| a.package.cmp(&b.package));
    if let Some(twice) = guests
        .windows(2)
        .find(|two| two[0].package == two[1].package)
    {
        bail!("two guests are called `{}`: rename one", twice[0].package);
    }
    Ok(guests)
}

fn manifests(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let folder = workspace.root().join(folder);
        let Ok(entries) = folder.read_dir() else {
            continue;
        };
        for entry in entries {
            let manifest = entry?.path().join("Cargo.toml");
            if manifest.is_file() {
                found.push(manifest);
            }
        }
    }
    Ok(found)
}

/// The guest whose manifest this is, as cargo knows it.
fn guest(metadata: &Value, manifest: &Path) -> Result<Guest> {
    let packages = metadata["packages"].as_array();
    let package = packages
        .into_iter()
        .flatten()
        .find(|package| package["manifest_path"].as_str().map(Path::new) == Some(manifest))
        .with_context(|| {
            format!(
                "{} is not in the workspace: add its folder to `members` in the root Cargo.toml",
                manifest.display()
            )
        })?;
    let targets = package["targets"].as_array();
    let library = targets
        .into_iter()
        .flatten()
        .find(|target| is_cdylib(target));
    let library = library.and_then(|target| target["name"].as_str());
    Ok(Guest {
        package: package["name"].as_str().unwrap_or_default().to_owned(),
        library: library
            .with_context(|| {
                format!(
                    "{}: a guest needs `crate-type = [\"cdylib\"]` under [lib]",
                    manifest.display()
                )
            })?
            .replace('-', "_"),
    })
}

fn is_cdylib(target: &Value) -> bool {
    let kinds = target["crate_types"].as_array();
    kinds.into_iter().flatten().any(|kind| kind == "cdylib")
}

/// One run of cargo for all of them, so that dependencies are shared and both
/// cores are busy.
fn compile(workspace: &Workspace, toolchain: &Toolchain, guests: &[Guest]) -> Result<()> {
    let mut cargo = toolchain.cargo_build(workspace);
    cargo
        .args(["--locked", "--profile", "guest", "--target-dir"])
        .arg(workspace.guests_build());
    for guest in guests {
        cargo.args(["--package", &guest.package]);
    }
    process::run(&mut cargo)
}

fn encode_all(workspace: &Workspace, guests: &[Guest]) -> Result<()> {
    let modules = workspace.guests_build().join(TARGET).join("guest");
    for guest in guests {
        let began = progress::now();
        let module = modules.join(format!("{}.wasm", guest.library));
        let component = encode(&module)?;
        output::write(workspace, &guest.package, &component, began)?;
    }
    Ok(())
}

fn encode(module: &Path) -> Result<Vec<u8>> {
    let bytes =
        std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder
        .module(&bytes)
        .and_then(ComponentEncoder::encode)
        .with_context(|| format!("{} cannot become a component", module.display()))
}

fn listed(guests: &[Guest]) -> String {
    let names: Vec<_> = guests.iter().map(|guest| guest.package.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata() -> Value {
        json!({"packages": [
            {"name": "slow-echo", "manifest_path": "/w/tests/guests/slow-echo/Cargo.toml",
             "targets": [{"name": "slow-echo", "crate_types": ["cdylib"]}]},
            {"name": "plain", "manifest_path": "/w/examples/rust/plain/Cargo.toml",
             "targets": [{"name": "plain", "crate_types": ["lib"]}]},
        ]})
    }

    #[test]
    fn a_guest_is_named_by_its_package_and_its_module_by_its_library() {
        let manifest = Path::new("/w/tests/guests/slow-echo/Cargo.toml");
        let expected = Guest {
            package: "slow-echo".into(),
            library: "slow_echo".into(),
        };
        assert_eq!(guest(&metadata(), manifest).unwrap(), expected);
    }

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        let error = |manifest: &str| guest(&metadata(), Path::new(manifest)).unwrap_err();
        let plain = error("/w/examples/rust/plain/Cargo.toml").to_string();
        assert!(plain.contains("cdylib"), "{plain}");
        let stray = error("/w/examples/rust/stray/Cargo.toml").to_string();
        assert!(stray.contains("`members`"), "{stray}");
    }
}
