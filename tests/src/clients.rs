//! Clients in other languages: the real packages, which `cargo xtask setup`
//! installs into `target/clients`, run by scripts of `tests/clients`.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::within;

/// Runs a script of `tests/clients/node` and gives what it prints.
///
/// # Panics
/// When Node or the packages are missing, or the script fails; the text has
/// what it said.
pub async fn node(script: &str, arguments: &[&str]) -> String {
    let modules = installed("node/node_modules");
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules);
    run(command, &format!("node/{script}"), arguments).await
}

/// Runs a script of `tests/clients/microapi` with Python and gives what it
/// prints.
///
/// # Panics
/// As [`node`].
pub async fn microapi(script: &str, arguments: &[&str]) -> String {
    python("microapi", script, arguments).await
}

/// Runs a script of `tests/clients/grpcio` with Python and gives what it
/// prints.
///
/// # Panics
/// As [`node`].
pub async fn grpcio(script: &str, arguments: &[&str]) -> String {
    python("grpcio", script, arguments).await
}

/// Runs a script of `tests/clients/prometheus` with Python and gives what it
/// prints.
///
/// # Panics
/// As [`node`].
pub async fn prometheus(script: &str, arguments: &[&str]) -> String {
    python("prometheus", script, arguments).await
}

async fn python(client: &str, script: &str, arguments: &[&str]) -> String {
    let python = installed(&format!("{client}/bin/python"));
    run(
        Command::new(python),
        &format!("{client}/{script}"),
        arguments,
    )
    .await
}

fn installed(name: &str) -> std::path::PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/clients");
    let path = Path::new(root).join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask setup`",
        path.display()
    );
    path
}

async fn run(mut command: Command, script: &str, arguments: &[&str]) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");
    let running = command
        .arg(Path::new(folder).join(script))
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within(script, running)
        .await
        .unwrap_or_else(|e| panic!("{script} cannot be run: {e}; run `cargo xtask setup`"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{script} failed with {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}
