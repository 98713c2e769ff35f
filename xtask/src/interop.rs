//! Clients that are not on every machine, run by `tests/tests/interop`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::progress::step;
use crate::workspace::Workspace;
use crate::{clients, demo, guests, process, test};

const GRPCURL: &str = "github.com/fullstorydev/grpcurl/cmd/grpcurl";
const VERSION: &str = "v1.9.4";

/// What Chromium is called, here and there.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Debian calls it after docker, its makers `registry`.
const REGISTRY: [&str; 2] = ["docker-registry", "registry"];

const TESTS: [&str; 8] = [
    "test",
    "--workspace",
    "--features",
    "ostler-tests/interop",
    "--test",
    "interop",
    "--test",
    "registry",
];

/// Gets the clients and runs their tests; the last line is `N passed, N failed`.
///
/// # Errors
/// When something it needs is missing, or a build fails.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let chromium = found("CHROMIUM", &CHROMIUM).context(
        "there is no Chromium: install one (Debian: apt-get install chromium), \
         or name its file in the variable CHROMIUM",
    )?;
    let registry = found("REGISTRY", &REGISTRY).context(
        "there is no OCI registry: install one (Debian: apt-get install docker-registry), \
         or name its file in the variable REGISTRY",
    )?;
    let grpcurl = grpcurl(&workspace)?;
    clients::browser(&workspace)?;
    guests::run_rust()?;
    step("Host", || process::run(workspace.cargo().args(demo::HOST)))?;
    let tally = step("Tests", || {
        let mut cargo = workspace.cargo();
        cargo.args(TESTS);
        cargo.env("CHROMIUM", &chromium).env("GRPCURL", &grpcurl);
        cargo.env("REGISTRY", &registry);
        test::tests(&mut cargo)
    })?;
    Ok(tally.say())
}

/// The program that a variable names, or one of these on the path.
fn found(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
}

/// Where grpcurl is, after installing it if need be.
fn grpcurl(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.root().join("target/interop").join(VERSION);
    let program = folder.join("grpcurl");
    if program.exists() {
        return Ok(program);
    }
    if !process::exists("go") {
        bail!("there is no Go, which builds grpcurl: install Go 1.25 or newer");
    }
    step(&format!("grpcurl {VERSION}"), || {
        let mut go = Command::new("go");
        go.arg("install")
            .arg(format!("{GRPCURL}@{VERSION}"))
            .env("GOBIN", &folder);
        process::run(&mut go)
    })?;
    Ok(program)
}
