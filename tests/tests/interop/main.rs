//! Clients that are not on every machine: grpcurl, and a page in Chromium.
//! `cargo xtask interop` gets them and runs this.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod grpcurl;
mod pages;

use std::path::PathBuf;
use std::process::Output;

use ostler_tests::within;
use tempfile::TempDir;
use tokio::process::Command;

/// A program that `cargo xtask interop` names in the environment.
fn program(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask interop`"))
        .into()
}

/// Runs a command to its end.
async fn run(command: &mut Command) -> Output {
    let output = within("a client", command.kill_on_drop(true).output()).await;
    output.unwrap_or_else(|e| panic!("{command:?} cannot be run: {e}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A certificate for this machine that vouches for itself, and its key.
struct Certificate(TempDir);

impl Certificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let folder = TempDir::new().unwrap();
        let key = made.signing_key.serialize_pem();
        std::fs::write(folder.path().join("host.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("host.key"), key).unwrap();
        Self(folder)
    }

    /// The file of those who are to trust it.
    fn trusted(&self) -> String {
        self.0.path().join("host.pem").display().to_string()
    }

    fn config(&self) -> String {
        let key = self.0.path().join("host.key");
        let certificate = self.trusted();
        format!("[server.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n")
    }
}
