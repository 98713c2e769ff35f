//! What guests in scripting languages have in common: where they are, and when
//! they need no build.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::contract::Contract;
use super::{exports, output};
use crate::digest::Digest;
use crate::progress::{self, say};
use crate::workspace::Workspace;

/// A language with an SDK and a toolchain in `guest-sdk/LANGUAGE/`.
pub(super) struct Language {
    /// As people write it.
    pub(super) name: &'static str,
    /// As folders are called.
    pub(super) folder: &'static str,
    /// The author's file, which makes a folder a guest.
    pub(super) service: &'static str,
    /// Where the SDK's own code is.
    pub(super) sources: &'static str,
}

/// A guest's folder.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Script {
    /// Such as `users`.
    pub(super) name: String,
    pub(super) folder: PathBuf,
}

impl Language {
    /// `examples/LANGUAGE/NAME` and `tests/guests/NAME-LANGUAGE`.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn discover(&self, workspace: &Workspace) -> Result<Vec<Script>> {
        let suffix = format!("-{}", self.folder);
        let examples = workspace.root().join("examples").join(self.folder);
        let mut found = self.scripts(&examples, |name| Some(name))?;
        let tests = workspace.root().join("tests/guests");
        found.extend(self.scripts(&tests, |name| name.strip_suffix(&suffix))?);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn scripts(&self, folder: &Path, named: impl Fn(&str) -> Option<&str>) -> Result<Vec<Script>> {
        let Ok(entries) = folder.read_dir() else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
            let file_name = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) = named(&file_name)
                && entry.path().join(self.service).is_file()
            {
                found.push(Script {
                    name: name.to_owned(),
                    folder: entry.path(),
                });
            }
        }
        Ok(found)
    }

    /// The SDK and the toolchain.
    pub(super) fn sdk(&self, workspace: &Workspace) -> PathBuf {
        workspace.root().join("guest-sdk").join(self.folder)
    }

    /// Where a component of this name is put together.
    pub(super) fn build_folder(&self, workspace: &Workspace, name: &str) -> PathBuf {
        workspace.guests_build().join(self.folder).join(name)
    }
}

/// One component to be.
pub(super) struct Build<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) language: &'a Language,
    pub(super) script: &'a Script,
    pub(super) contract: &'a Contract,
    /// Such as `users-python`.
    pub(super) name: String,
    /// The code between the host and the author, file by file.
    pub(super) generated: Vec<(String, String)>,
    /// What else decides how the component comes out.
    pub(super) engine: &'a str,
}

impl Build<'_> {
    /// Builds the component by `make`, which is given the folder to work in and
    /// the file to write, unless nothing changed since it was built.
    ///
    /// # Errors
    /// When a file cannot be read or written, or `make` fails.
    pub(super) fn run(&self, make: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<()> {
        let component = self.workspace.guests().join(format!("{}.wasm", self.name));
        let inputs = self.inputs()?;
        let stamp = component.with_extension("wasm.inputs");
        if is_current(&component, &stamp, &inputs) {
            say(format!("    target/guests/{}.wasm  up to date", self.name));
            return Ok(());
        }
        let began = progress::now();
        let folder = self.language.build_folder(self.workspace, &self.name);
        self.prepare(&folder)?;
        let built = folder.join("component.wasm");
        make(&folder, &built)?;
        let bytes =
            std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        let mut bytes = exports::retain(&bytes, &self.contract.export_names())?;
        self.contract.append_to(&mut bytes);
        output::write(self.workspace, &self.name, &bytes, began)?;
        std::fs::write(&stamp, stamp_of(&inputs, &bytes))
            .with_context(|| format!("cannot write {}", stamp.display()))
    }

    fn inputs(&self) -> Result<String> {
        let sdk = self.language.sdk(self.workspace);
        let mut digest = Digest::default();
        digest
            .bytes(self.contract.lowered.to_wit())
            .bytes(self.contract.section())
            .bytes(self.engine)
            .folder(&sdk.join(self.language.sources))?
            .folder(&sdk.join("toolchain"))?
            .folder(&self.script.folder)?;
        for (name, text) in &self.generated {
            digest.bytes(name).bytes(text);
        }
        Ok(digest.finish())
    }

    /// A folder with the lowered WIT and the generated code, and nothing else.
    fn prepare(&self, folder: &Path) -> Result<()> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        self.contract.write_lowered(folder)?;
        for (name, text) in &self.generated {
            let file = folder.join(name);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)
                    .with_context(|| format!("cannot create {}", parent.display()))?;
            }
            std::fs::write(&file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

/// Whether a component is what it was after the build with these inputs.
fn is_current(component: &Path, stamp: &Path, inputs: &str) -> bool {
    let (Ok(bytes), Ok(stamp)) = (std::fs::read(component), std::fs::read_to_string(stamp)) else {
        return false;
    };
    stamp == stamp_of(inputs, &bytes)
}

fn stamp_of(inputs: &str, component: &[u8]) -> String {
    let component = Digest::default().bytes(component).finish();
    format!("inputs {inputs}\ncomponent {component}\n")
}
