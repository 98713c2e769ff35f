//! Makes a machine able to build guests. Doing it twice does nothing twice.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::node::Node;
use crate::progress::{say, step};
use crate::python::Python;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;
use crate::{process, progress};

/// Debian's names for a compiler with its library's source and a linker.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// What builds guests, by language.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) rust: Toolchain,
    pub(crate) node: Node,
    pub(crate) python: Python,
}

/// Finds or installs what builds guests in every language.
///
/// # Errors
/// When nothing works: each attempt and what to do by hand.
pub(crate) fn run() -> Result<Tools> {
    let workspace = Workspace::find()?;
    Ok(Tools {
        rust: rust()?,
        node: step("Set-up: packages for guests in JavaScript", || {
            Node::prepare(&workspace)
        })?,
        python: step("Set-up: packages for guests in Python", || {
            Python::prepare(&workspace)
        })?,
    })
}

/// Finds or installs a compiler for guests in Rust.
///
/// # Errors
/// As [`run`].
pub(crate) fn rust() -> Result<Toolchain> {
    let workspace = Workspace::find()?;
    let began = progress::now();
    let toolchain = step("Set-up: a compiler for guests", || toolchain(&workspace))?;
    check_curl();
    say(format!(
        "    guests are built by: {toolchain} ({:.1} s)",
        began.elapsed().as_secs_f64()
    ));
    Ok(toolchain)
}

/// One way of installing a compiler.
type Way = fn(&Workspace) -> Result<()>;

fn toolchain(workspace: &Workspace) -> Result<Toolchain> {
    if let Some(found) = Toolchain::find(workspace) {
        return Ok(found);
    }
    let mut tried = Vec::new();
    let ways: [(&str, Way); 2] = [
        ("rustup", add_target),
        ("Debian's packages", install_packages),
    ];
    for (name, way) in ways {
        let found = step(name, || way(workspace)).map(|()| Toolchain::find(workspace));
        match found {
            Ok(Some(toolchain)) => return Ok(toolchain),
            Ok(None) => tried.push(format!("{name}: installed, but still not usable")),
            Err(error) => tried.push(format!("{name}: {error:#}")),
        }
    }
    bail!(
        "no compiler for {TARGET}.\n  {}\n\
         Do one of these, then run this command again:\n  \
         rustup target add {TARGET}\n  \
         apt-get install {}        (as root, Debian 12 or newer)",
        tried.join("\n  "),
        PACKAGES.join(" ")
    )
}

fn add_target(workspace: &Workspace) -> Result<()> {
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", TARGET])
        .current_dir(workspace.root())
        // A machine that cannot reach the server should learn it soon.
        .env("RUSTUP_MAX_RETRIES", "1");
    process::run(&mut rustup)
}

fn install_packages(_: &Workspace) -> Result<()> {
    if !process::exists("apt-get") {
        bail!("this system has no apt-get");
    }
    process::run(apt_get(&["update"])?.arg("-qq"))
        .context("the package lists cannot be brought up to date")?;
    process::run(apt_get(&["install", "-y", "--no-install-recommends"])?.args(PACKAGES))
}

/// `apt-get`, by way of `sudo` (never asking for a password) unless root.
fn apt_get(args: &[&str]) -> Result<Command> {
    let root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    if !root && !process::exists("sudo") {
        bail!("installing packages needs root or sudo");
    }
    let mut command = if root {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(args);
    Ok(command)
}

/// The demo and the tests show that plain `curl` is enough of a client.
fn check_curl() {
    if !process::exists("curl") {
        say(
            "    note: `curl` is not installed; `demo` and some tests need it (apt-get install curl)",
        );
    }
}
