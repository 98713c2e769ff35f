//! Deployments by the admin API and the commands that use it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod canary;
mod compile;
mod logs;
mod probe;
mod retreat;
mod signatures;
mod versions;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Output;

use bytes::Bytes;
use ostler_tests::{Host, Options, ask_which, command, field, within};
use serde_json::Value;
use tempfile::TempDir;

/// A host with an admin API.
struct Admin {
    host: Host,
    address: SocketAddr,
    folder: TempDir,
}

impl Admin {
    /// Without any component.
    async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same, with this further text in its configuration.
    async fn start_with(config: &str) -> Self {
        Self::started(Host::options(&[]), config).await
    }

    /// The same, so started.
    async fn started(options: Options, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        let config =
            format!("[server]\nadmin = \"127.0.0.1:0\"\nadmin-token = {token:?}\n{config}");
        let host = options.config(&config).start().await;
        let address = host.listing["admin"].as_str().unwrap().parse().unwrap();
        Self {
            host,
            address,
            folder,
        }
    }

    fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// Runs `ostler` against it.
    async fn ostler(&self, arguments: &[&str]) -> Output {
        let mut command = command();
        command
            .args(arguments)
            .args(["--admin", &format!("http://{}", self.address), "--token"])
            .arg(self.token());
        within("the end of the command", command.output())
            .await
            .unwrap()
    }

    /// What a command prints; it must succeed.
    async fn says(&self, arguments: &[&str]) -> String {
        let output = self.ostler(arguments).await;
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {text}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that fails with this code complains of.
    async fn refuses(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.ostler(arguments).await;
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
        text
    }

    /// Writes a component to a file of that name and deploys it.
    async fn deploy(&self, name: &str, component: &[u8], flags: &[&str]) -> String {
        let file = self.file(name, component);
        let mut arguments = vec!["deploy", &*file];
        arguments.extend(flags);
        self.says(&arguments).await
    }

    fn file(&self, name: &str, component: &[u8]) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, component).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// What `service` answers.
    async fn which(&self, service: &str) -> Result<u64, u16> {
        ask_which(self.host.addr, service).await
    }

    /// Versions of a component: their numbers and states.
    async fn versions(&self, component: &str) -> Vec<(u64, String)> {
        let list: Value = serde_json::from_str(&self.says(&["list", "--json"]).await).unwrap();
        let components = list.as_array().unwrap();
        let found = components.iter().find(|c| c["name"] == component);
        let versions = found.map_or(&[][..], |c| c["versions"].as_array().unwrap());
        let version = |v: &Value| {
            let state = v["state"].as_str().unwrap().to_owned();
            (v["number"].as_u64().unwrap(), state)
        };
        versions.iter().map(version).collect()
    }

    /// Waits until a version has ended so many times.
    async fn ended(&self, version: u64, times: usize) {
        let ended = |line: &str| {
            let is = |name, value| field(line, name) == value;
            is("message", "a version has ended") && is("version", &version.to_string())
        };
        self.host.log.wait_count(ended, times).await;
    }
}

/// A service `which` of that version.
fn which(version: &str, answer: u32) -> Bytes {
    ostler_tests::which("which", version, answer)
}
