//! What is deployed by the admin API is there after the host has ended,
//! whatever ended it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asleep;
mod damaged;
mod kills;
mod refused;
mod restarts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ostler::admin::{AdminError, Client, Component, Placed, Rollout, Token};
use ostler_tests::{Host, Http, Request, call, guest};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// What the services of both stocks are deployed as.
const STOCK: &str = "stock.v1";

/// A store, and what else hosts that follow one another share.
struct Folder {
    folder: TempDir,
    /// Of the configuration.
    guests: Vec<&'static str>,
    /// Further keys of `[server]`.
    server: String,
}

impl Folder {
    fn new() -> Self {
        Self::beside(&[])
    }

    /// For hosts whose configuration has these guests.
    fn beside(guests: &[&'static str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            guests: guests.to_vec(),
            server: String::new(),
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Where compiled components are.
    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// The configuration of its hosts.
    fn config(&self) -> String {
        let (token, store) = (self.folder.path().join("token"), self.store());
        format!(
            "[server]\nadmin = \"127.0.0.1:0\"\nadmin-token = {token:?}\nstore = {store:?}\n{}\n",
            self.server
        )
    }

    async fn start(&self) -> Admin {
        let options = Host::options(&self.guests).config(&self.config());
        let host = options.cache(self.cache()).start();
        let host = host.await;
        let address = host.listing["admin"].as_str().unwrap();
        let token = Token::load(&self.folder.path().join("token")).unwrap();
        let client = Client::new(address, token);
        Admin { host, client }
    }

    /// The state file.
    fn state(&self) -> String {
        fs::read_to_string(self.store().join("state.json")).unwrap()
    }

    /// The components of the state, by name: the last line of each counts.
    fn components(&self) -> BTreeMap<String, Value> {
        let state = self.state();
        let mut components = BTreeMap::new();
        // A kill may leave a last line that is not whole.
        let whole = state.split_inclusive('\n').filter(|l| l.ends_with('\n'));
        for line in whole.skip(1) {
            let change: Value = serde_json::from_str(line).unwrap();
            let (kind, component) = change.as_object().unwrap().iter().next().unwrap();
            if kind == "removed" {
                components.remove(component.as_str().unwrap());
            } else {
                let name = component["name"].as_str().unwrap().to_owned();
                components.insert(name, component.clone());
            }
        }
        components
    }

    /// The files of components, and of what they are kept with.
    fn kept(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let entries = fs::read_dir(self.store().join("components")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.partition(|path| path.extension().is_none_or(|end| end != "contract"))
    }

    /// The files of components.
    fn files(&self) -> Vec<PathBuf> {
        self.kept().0
    }

    /// The file of these bytes.
    fn file(&self, component: &[u8]) -> PathBuf {
        let name = format!("{}.wasm", digest(component));
        self.store().join("components").join(name)
    }

    /// Sees that the files are those of the state, each whole.
    fn check_files(&self) {
        let components = self.components();
        let versions = components.values();
        let versions = versions.flat_map(|c| c["versions"].as_array().unwrap());
        let digests = versions.map(|v| format!("{}.wasm", v["digest"].as_str().unwrap()));
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let (files, contracts) = self.kept();
        for path in &files {
            let whole = format!("{}.wasm", digest(&fs::read(path).unwrap()));
            assert_eq!(name(path), whole);
        }
        let files: BTreeSet<_> = files.iter().map(|path| name(path)).collect();
        assert_eq!(files, digests.collect(), "garbage, or files are missing");
        for path in contracts {
            let component = name(&path.with_extension("wasm"));
            assert!(files.contains(&component), "{path:?} is nobody's contract");
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A host, and its admin API.
struct Admin {
    host: Host,
    client: Client,
}

impl Admin {
    async fn put(&self, component: Bytes, rollout: Rollout) -> Result<Placed, AdminError> {
        // Either stock replaces the other.
        let rollout = Rollout {
            force: true,
            ..rollout
        };
        self.client.deploy(component, &rollout, |_| {}).await
    }

    /// Deploys a version and gives its number.
    async fn deploy(&self, component: Bytes) -> u32 {
        let placed = self.put(component, Rollout::default()).await.unwrap();
        assert_eq!(placed.component, STOCK);
        placed.version
    }

    /// Rolls back, promotes or drains; gives the number of the version.
    async fn change(&self, action: &str, version: Option<u32>) -> u32 {
        let rollout = Rollout {
            version,
            ..Rollout::default()
        };
        let placed = self.client.change(STOCK, action, &rollout).await;
        placed.unwrap().version
    }

    async fn stop(self) {
        assert!(self.host.stop().await.success());
    }

    /// What is deployed, once no version is ending any more.
    async fn settled(&self) -> Vec<Component> {
        let settled = async {
            loop {
                let components = self.client.list().await.unwrap();
                let mut versions = components.iter().flat_map(|c| &c.versions);
                if versions.all(|v| v.state != "draining" && v.running == 0) {
                    return components;
                }
                tokio::task::yield_now().await;
            }
        };
        ostler_tests::within("versions to end", settled).await
    }

    /// The versions of the stock, each as `1 kept`.
    async fn versions(&self) -> Vec<String> {
        let components = self.settled().await;
        let stock = components.iter().find(|component| component.name == STOCK);
        let versions = stock.map_or(&[][..], |stock| &stock.versions[..]).iter();
        versions
            .map(|v| format!("{} {}", v.number, v.state))
            .collect()
    }

    /// The number of the version that calls go to.
    async fn live(&self) -> Option<u32> {
        let versions = self.versions().await;
        let live = versions.iter().find_map(|v| v.strip_suffix(" live"));
        live.map(|number| number.parse().unwrap())
    }

    /// Which of the two stocks answers a call of this user.
    async fn stock_for(&self, user: &str) -> u32 {
        let body = json!({"name": "screw", "pieces": 7, "colour": "red"});
        let request =
            Request::json("/stock.v1/find", body.to_string()).header("x-microapi-x-user", user);
        let answer = call(self.host.addr, Http::One, request).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let part = answer.json();
        match (part.get("batch"), part.get("supplier")) {
            (Some(_), None) => 2,
            (None, Some(_)) => 1,
            _ => panic!("neither stock says {part}"),
        }
    }

    async fn stock(&self) -> u32 {
        self.stock_for("anybody").await
    }
}

/// Stock 1 or 2, as bytes that no other variant has.
fn stock(which: u32, variant: u32) -> Bytes {
    let mut component = fs::read(guest(&format!("stock-v{which}"))).unwrap();
    // A custom section (core specification, binary format): 0, size, name, rest.
    let rest = variant.to_string();
    let name = b"variant";
    component.push(0);
    component.push(u8::try_from(1 + name.len() + rest.len()).unwrap());
    component.push(u8::try_from(name.len()).unwrap());
    component.extend_from_slice(name);
    component.extend_from_slice(rest.as_bytes());
    component.into()
}
