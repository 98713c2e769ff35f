//! Where components come from: files and folders of the configuration, with
//! their signatures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dev;
mod signatures;
mod watched;

use std::path::{Path, PathBuf};

use ostler_tests::{Host, ask_which, command, which, within};

/// What `service` answers, or the HTTP status.
async fn answer(host: &Host, service: &str) -> Result<u64, u16> {
    ask_which(host.addr, service).await
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What a host with this configuration complains of instead of starting.
async fn refuses(code: i32, config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "ostler.toml", config.as_bytes());
    let mut host = command();
    host.args(["run", "--listen", "127.0.0.1:0", "--config"]);
    host.arg(file).env("XDG_STATE_HOME", folder.path());
    let output = within("the end of the host", host.output()).await.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}
