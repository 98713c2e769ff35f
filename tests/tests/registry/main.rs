//! Components in a real OCI registry. `cargo xtask interop` finds it and runs
//! this.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::path::{Path, PathBuf};
use std::process::Output;

use bytes::Bytes;
use ostler_tests::{Host, SigningKey, Table, ask_which, command, within};
use serde_json::Value;
use tempfile::TempDir;

use server::{PASSWORD, Registry, USER};

/// A service `which` of that version.
fn which(version: &str, answer: u32) -> Bytes {
    ostler_tests::which("which", version, answer)
}

async fn answer(host: &Host) -> Result<u64, u16> {
    ask_which(host.addr, "which").await
}

/// Files of one test, and its variables.
struct Desk {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// With variables that say who it is to the registry.
    fn of(user: &str, password: &str) -> Self {
        let mut desk = Self::new();
        desk.variables = vec![
            ("OSTLER_REGISTRY_USER", user.to_owned()),
            ("OSTLER_REGISTRY_PASSWORD", password.to_owned()),
        ];
        desk
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    async fn ostler(&self, arguments: &[&str]) -> Output {
        let mut command = command();
        command.args(arguments).env("DOCKER_CONFIG", self.path());
        command.env("XDG_STATE_HOME", self.path());
        command.envs(self.variables.iter().cloned());
        let output = within("the end of the command", command.output()).await;
        output.unwrap()
    }

    /// Pushes; returns the reference with its digest.
    async fn push(&self, file: &Path, reference: &str) -> String {
        let output = self
            .ostler(&["push", file.to_str().unwrap(), reference])
            .await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What a command that fails with this code complains of.
    async fn refuses(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.ostler(arguments).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(!told.contains("panicked"), "{told}");
        told
    }

    /// What a host that shall run this complains of.
    async fn run_refuses(&self, code: i32, config: &str, reference: &str) -> String {
        let config = self.file("refused.toml", config.as_bytes());
        let config = config.to_str().unwrap();
        let listen = [
            "run",
            "--listen",
            "127.0.0.1:0",
            "--config",
            config,
            reference,
        ];
        self.refuses(code, &listen).await
    }
}

fn service(reference: &str) -> String {
    format!("[[service]]\ncomponent = {reference:?}\n")
}

#[tokio::test]
async fn a_component_is_pushed_and_run() {
    let (registry, desk) = (Registry::start().await, Desk::new());
    let file = desk.file("one.wasm", &which("1.0.0", 1));
    let tag = registry.reference("acme/which:1");
    let digest = desk.push(&file, &tag).await;
    let prefix = format!("{tag}@sha256:");
    assert!(digest.starts_with(&prefix), "{digest}");
    // The same component is the same artifact.
    assert_eq!(desk.push(&file, &tag).await, digest);

    let mut table = Table::new("Registry: run");
    let by_digest = digest.replace(":1@", "@");
    for (what, reference) in [
        ("by tag", &tag),
        ("by digest", &by_digest),
        ("by both", &digest),
    ] {
        let row = async {
            let host = Host::start(&[], Some(&service(reference))).await;
            assert_eq!(answer(&host).await, Ok(1));
            let sha = digest.rsplit_once('@').unwrap().1;
            let pulled = |line: &str| line.contains("pulled") && line.contains(sha);
            assert_eq!(host.log.count(pulled), 1, "{}", host.log.last());
            let component = &host.listing["services"][0]["component"];
            assert!(component.as_str().unwrap().ends_with(sha), "{component}");
        };
        table.row(what, row).await;
    }
    let row = async {
        let host = Host::options(&[]).argument(&tag).start().await;
        assert_eq!(answer(&host).await, Ok(1));
    };
    table.row("on the command line", row).await;
    table.finish();

    // What the registry has is what others of its kind expect.
    let manifest: Value = serde_json::from_slice(&registry.blob(&digest)).unwrap();
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0]["mediaType"], "application/wasm");
    let config = registry.blob(manifest["config"]["digest"].as_str().unwrap());
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["layerDigests"][0], layers[0]["digest"]);
    assert_eq!(config["component"]["exports"][0], "test:which/which@1.0.0");
}

#[tokio::test]
async fn a_running_host_fetches_what_is_deployed() {
    let (registry, desk) = (Registry::start().await, Desk::new());
    let token = desk.path().join("token");
    let config = format!("[server]\nadmin = \"127.0.0.1:0\"\nadmin-token = {token:?}\n");
    let host = Host::start(&[], Some(&config)).await;
    let admin = format!("http://{}", host.listing["admin"].as_str().unwrap());
    let target = ["--admin", &admin, "--token", token.to_str().unwrap()];
    let tag = registry.reference("which:1");
    desk.push(&desk.file("one.wasm", &which("1.0.0", 1)), &tag)
        .await;
    let arguments = [&["deploy", &tag], &target[..]].concat();
    let output = desk.ostler(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(answer(&host).await, Ok(1));
    // The tag moves, the host does not until it is told.
    let digest = desk
        .push(&desk.file("two.wasm", &which("1.1.0", 2)), &tag)
        .await;
    assert_eq!(answer(&host).await, Ok(1));
    desk.ostler(&arguments).await;
    assert_eq!(answer(&host).await, Ok(2));
    let list = desk.ostler(&[&["list"], &target[..]].concat()).await;
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains(&digest), "{list}");
    let gone = registry.reference("which:3");
    let told = desk
        .refuses(4, &[&["deploy", &gone], &target[..]].concat())
        .await;
    assert!(told.contains("no such artifact"), "{told}");
    assert_eq!(answer(&host).await, Ok(2));
}

#[tokio::test]
async fn what_has_another_digest_is_refused() {
    let (registry, desk) = (Registry::start().await, Desk::new());
    let file = desk.file("one.wasm", &which("1.0.0", 1));
    let tag = registry.reference("which:1");
    let digest = desk.push(&file, &tag).await;
    let mut table = Table::new("Registry: digests");
    let row = async {
        let other = format!("{}@sha256:{}", tag.replace(":1", ""), "0".repeat(64));
        let told = desk.run_refuses(4, "", &other).await;
        assert!(told.contains("no such artifact"), "{told}");
    };
    table.row("of nothing", row).await;
    let row = async {
        let short = format!("{tag}@sha256:0123");
        let told = desk.run_refuses(2, "", &short).await;
        assert!(told.contains("oci://HOST/NAME:TAG"), "{told}");
    };
    table.row("that is none", row).await;
    let manifest = registry.blob(&digest);
    let row = async {
        let text = String::from_utf8(manifest.clone()).unwrap();
        registry.tamper(
            &digest,
            text.replace("application/wasm", "application/wasn"),
        );
        for reference in [&tag, &digest] {
            let told = desk.run_refuses(3, "", reference).await;
            assert!(told.contains("something else"), "{told}");
        }
        registry.tamper(&digest, manifest.clone());
    };
    table.row("of another manifest", row).await;
    let row = async {
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap();
        registry.tamper(layer, which("1.0.0", 2));
        let told = desk.run_refuses(3, "", &digest).await;
        assert!(told.contains("something else"), "{told}");
        // Of another length than the manifest says.
        registry.tamper(layer, [&which("1.0.0", 1)[..], b"more"].concat());
        let told = desk.run_refuses(3, "", &digest).await;
        assert!(told.contains("larger than"), "{told}");
        registry.tamper(layer, which("1.0.0", 1));
        let host = Host::start(&[], Some(&service(&digest))).await;
        assert_eq!(answer(&host).await, Ok(1));
    };
    table.row("of another component", row).await;
    table.finish();
}

#[tokio::test]
async fn a_signature_goes_along() {
    let (registry, desk) = (Registry::start().await, Desk::new());
    let own = SigningKey::make(desk.path(), "own");
    let other = SigningKey::make(desk.path(), "other");
    let file = desk.file("one.wasm", &which("1.0.0", 1));
    let tag = registry.reference("which:1");
    let mut table = Table::new("Registry: signatures");
    let row = async {
        desk.push(&file, &tag).await;
        let told = desk.run_refuses(3, &own.trusted(), &tag).await;
        assert!(told.contains("no signature"), "{told}");
    };
    table.row("none", row).await;
    let row = async {
        other.sign(&file);
        desk.push(&file, &tag).await;
        let told = desk.run_refuses(3, &own.trusted(), &tag).await;
        assert!(told.contains("no key of [trust]"), "{told}");
    };
    table.row("of another key", row).await;
    let row = async {
        own.sign(&file);
        let signed = desk.push(&file, &tag).await;
        let config = format!("{}{}", own.trusted(), service(&signed));
        let host = Host::start(&[], Some(&config)).await;
        assert_eq!(answer(&host).await, Ok(1));
    };
    table.row("of the key", row).await;
    table.finish();
}

#[tokio::test]
async fn a_registry_with_a_door_wants_a_name_and_a_password() {
    let registry = Registry::with_password().await;
    let (ada, nobody) = (Desk::of(USER, PASSWORD), Desk::new());
    let file = ada.file("one.wasm", &which("1.0.0", 1));
    let push = ["push", file.to_str().unwrap()];
    let tag = &*registry.reference("which:1");
    let mut table = Table::new("Registry: credentials");
    let row = async {
        let told = nobody.refuses(4, &[&push[..], &[tag]].concat()).await;
        assert!(told.contains("OSTLER_REGISTRY_USER"), "{told}");
        let wrong = Desk::of(USER, "wrong");
        let told = wrong.refuses(4, &[&push[..], &[tag]].concat()).await;
        assert!(told.contains("OSTLER_REGISTRY_USER"), "{told}");
        let mut half = Desk::of(USER, PASSWORD);
        half.variables.pop();
        let told = half.refuses(2, &[&push[..], &[tag]].concat()).await;
        assert!(told.contains("belong together"), "{told}");
    };
    table.row("push without", row).await;
    let row = async {
        ada.push(&file, tag).await;
    };
    table.row("push", row).await;
    let row = async {
        let told = nobody.run_refuses(4, "", tag).await;
        assert!(told.contains("other credentials"), "{told}");
        let wrong = Desk::of("eve", PASSWORD);
        let told = wrong.run_refuses(4, "", tag).await;
        assert!(told.contains("other credentials"), "{told}");
    };
    table.row("run without", row).await;
    let row = async {
        // As `docker login` leaves them.
        let docker = Desk::new();
        docker.file("config.json", registry.docker_config().as_bytes());
        let again = docker.file("again.wasm", &which("1.1.0", 2));
        docker.push(&again, tag).await;
    };
    table.row("as docker knows them", row).await;
    table.finish();
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_said_to_be() {
    let desk = Desk::new();
    let told = desk.run_refuses(4, "", "oci://127.0.0.1:1/which:1").await;
    assert!(told.contains("not reached"), "{told}");
    let told = desk.run_refuses(2, "", "oci://which:1").await;
    assert!(told.contains("names no registry"), "{told}");
}
