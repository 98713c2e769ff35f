//! Real clients that tests run: packages of other languages, pinned in
//! `tests/clients`, installed into `target/clients`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::progress::step;
use crate::workspace::Workspace;

/// What npm installs from.
const NODE_FILES: [&str; 3] = [".npmrc", "package.json", "package-lock.json"];
/// What pip installs from.
const PYTHON_FILE: &str = "requirements.txt";
/// The oldest Python that runs the client.
const PYTHON: (u32, u32) = (3, 12);

/// Installs what is not installed yet.
///
/// # Errors
/// When Node or Python is missing, or the packages cannot be had.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::find()?;
    let client = |name| Client::of(&workspace, name);
    client("node").install("Clients for Node", &NODE_FILES, npm)?;
    client("grpcio").install("gRPC's client", &[PYTHON_FILE], pip)?;
    client("prometheus").install("Prometheus' parsers", &[PYTHON_FILE], pip)?;
    client("microapi").install("MicroAPI's client", &[PYTHON_FILE], pip)
}

/// Installs what a browser is driven by, and what its pages are made of.
///
/// # Errors
/// When Node is missing, or the packages cannot be had.
pub(crate) fn browser(workspace: &Workspace) -> Result<()> {
    Client::of(workspace, "browser").install("Clients for a browser", &NODE_FILES, npm)
}

/// A folder of scripts, and where their packages go.
struct Client {
    from: PathBuf,
    to: PathBuf,
}

impl Client {
    fn of(workspace: &Workspace, name: &str) -> Self {
        Self {
            from: workspace.root().join("tests/clients").join(name),
            to: workspace.root().join("target/clients").join(name),
        }
    }

    /// Installs by `how`, unless that was done with the same `files`.
    fn install(&self, what: &str, files: &[&str], how: fn(&Self) -> Result<()>) -> Result<()> {
        let wanted: Vec<_> = files.iter().map(|name| read(&self.from, name)).collect();
        let wanted = wanted.into_iter().collect::<Result<Vec<_>>>()?.concat();
        let done = self.to.join("installed");
        if std::fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        step(what, || {
            if self.to.exists() {
                std::fs::remove_dir_all(&self.to)?;
            }
            std::fs::create_dir_all(&self.to)?;
            for name in files {
                std::fs::copy(self.from.join(name), self.to.join(name))?;
            }
            how(self)?;
            Ok(std::fs::write(&done, &wanted)?)
        })
    }
}

fn read(folder: &Path, name: &str) -> Result<String> {
    let file = folder.join(name);
    std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
}

fn npm(client: &Client) -> Result<()> {
    if !process::exists("npm") {
        bail!("there is no npm: install Node 20 or newer");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&client.to);
    process::run(&mut npm)
}

fn pip(client: &Client) -> Result<()> {
    let python = python().with_context(|| {
        let (major, minor) = PYTHON;
        format!("there is no Python {major}.{minor} or newer: install one with its venv module")
    })?;
    process::run(Command::new(python).args(["-m", "venv"]).arg(&client.to))?;
    let mut pip = Command::new(client.to.join("bin/pip"));
    pip.args(["install", "--quiet", "--no-deps", "-r"])
        .arg(client.to.join(PYTHON_FILE));
    process::run(&mut pip)
}

/// A Python that is new enough: one on the path, or one that pyenv has.
fn python() -> Option<PathBuf> {
    let named = ["python3", "python3.12", "python3.13", "python3.14"];
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let installed = versions.into_iter().flatten().flatten();
    let mut all: Vec<_> = named.iter().map(PathBuf::from).collect();
    all.extend(installed.map(|version| version.path().join("bin/python3")));
    all.into_iter().find(|python| is_new_enough(python))
}

fn is_new_enough(python: &Path) -> bool {
    let test = format!("import sys, venv; sys.exit(sys.version_info < {PYTHON:?})");
    let said = Command::new(python).args(["-c", &test]).output();
    said.is_ok_and(|said| said.status.success())
}
