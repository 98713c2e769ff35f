//! A registry of docker's on a port of its own.

use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ostler_tests::within;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

pub(crate) const USER: &str = "ada";
pub(crate) const PASSWORD: &str = "secret";
/// The password's hash, of bcrypt.
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

/// A running registry; killed when dropped.
pub(crate) struct Registry {
    address: String,
    folder: TempDir,
    _child: Child,
    _log: Lines<BufReader<ChildStderr>>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// One that lets nobody in but `USER`.
    pub(crate) async fn with_password() -> Self {
        Self::with("auth: { htpasswd: { realm: test, path: FOLDER/users } }\n").await
    }

    async fn with(further: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("users"), format!("{USER}:{HASH}\n")).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{ level: info }}\nhttp: {{ addr: '127.0.0.1:0' }}\n\
             storage: {{ filesystem: {{ rootdirectory: FOLDER/data }} }}\n{further}"
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config.replace("FOLDER", path)).unwrap();
        let program = std::env::var_os("REGISTRY");
        let program = program.expect("REGISTRY is not set: run `cargo xtask interop`");
        let mut child = Command::new(program)
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the registry can be started");
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = within("the start of the registry", listening(&mut log)).await;
        Self {
            address,
            folder,
            _child: child,
            _log: log,
        }
    }

    pub(crate) fn reference(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.address)
    }

    /// What docker would know after `docker login`.
    pub(crate) fn docker_config(&self) -> String {
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, self.address)
    }

    /// What it keeps for a digest.
    pub(crate) fn blob(&self, digest: &str) -> Vec<u8> {
        std::fs::read(self.place(digest)).unwrap()
    }

    /// Lets it have something else for this digest.
    pub(crate) fn tamper(&self, digest: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.place(digest), bytes).unwrap();
    }

    fn place(&self, digest: &str) -> PathBuf {
        let hex = digest.rsplit_once("sha256:").unwrap().1;
        let blobs = self
            .folder
            .path()
            .join("data/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }
}

/// Where it says that it listens.
async fn listening(log: &mut Lines<BufReader<ChildStderr>>) -> String {
    loop {
        let line = log.next_line().await.unwrap();
        let line = line.expect("the registry goes on");
        if let Some((_, rest)) = line.split_once("listening on ") {
            let end = rest.find(['"', ' ']).unwrap_or(rest.len());
            return rest[..end].to_owned();
        }
    }
}
