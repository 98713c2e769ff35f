//! Compiled components: a second start maps what the first one compiled, if it
//! is whole.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ostler_tests::{Host, Http, Request, call, command, guest, within};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::failed;

const HOUR: Duration = Duration::from_secs(3600);
const MAPPED: &str = "mapped the compiled component";
const DAMAGED: &str = "the compiled component is damaged; compiling it anew";

/// Starts a host, makes a call and stops; gives what it logged.
async fn start(cache: &Path) -> String {
    let request = Request::get("/users/get_user?user_id=7");
    start_with(cache, "users", request, "").await
}

async fn start_with(cache: &Path, guest: &str, request: Request, config: &str) -> String {
    let host = Host::options(&[guest])
        .config(config)
        .cache(cache)
        .log("debug")
        .start()
        .await;
    let answer = call(host.addr, Http::One, request).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let log = host.log.clone();
    assert!(host.stop().await.success());
    log.lines().join("\n")
}

/// The one file of the folder with that ending.
fn file(folder: &Path, ending: &str) -> PathBuf {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = entries.filter(|path| path.extension().is_some_and(|e| e == ending));
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no .{ending} in {folder:?}"));
    assert_eq!(found.next(), None, "more than one .{ending}");
    first
}

#[tokio::test]
async fn a_second_start_maps_what_the_first_compiled() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path().join("new/folder");
    assert!(!start(&cache).await.contains(MAPPED));
    assert!(start(&cache).await.contains(MAPPED));
    let mode = std::fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_damaged_artefact_is_compiled_anew() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path();
    start(cache).await;
    let artefact = file(cache, "cwasm");
    let whole = std::fs::read(&artefact).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (what, bytes) in [
        ("a flipped bit", flipped),
        ("cut off", whole[..whole.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("longer", [&whole[..], b"x"].concat()),
    ] {
        std::fs::write(&artefact, bytes).unwrap();
        let log = start(cache).await;
        assert!(
            log.contains(DAMAGED) && !log.contains(MAPPED),
            "{what}: {log}"
        );
        // Now it is whole again.
        assert!(start(cache).await.contains(MAPPED), "{what}");
    }
    std::fs::remove_file(file(cache, "xxh3")).unwrap();
    let log = start(cache).await;
    assert!(!log.contains(MAPPED), "without a checksum: {log}");
}

#[tokio::test]
async fn what_was_least_recently_used_makes_room() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path();
    let users = || Request::get("/users/get_user?user_id=7");
    let spin = || Request::json("/spin/quick", r#"{"number":1}"#);
    let control = || Request::get("/control/context");
    start_with(cache, "users", users(), "").await;
    for path in files(cache) {
        back(&path, 2 * HOUR);
    }
    start_with(cache, "spin", spin(), "").await;
    for path in files(cache) {
        let old = std::fs::metadata(&path).unwrap().modified().unwrap();
        if old.elapsed().unwrap() < HOUR {
            back(&path, HOUR);
        }
    }
    // What is older is used once more.
    assert!(start(cache).await.contains(MAPPED));

    // Room for all three of them but a byte.
    let other = TempDir::new().unwrap();
    start_with(other.path(), "control", control(), "").await;
    let all = [files(cache), files(other.path())].concat();
    let held: u64 = all.iter().map(|path| size(path)).sum();
    let config = format!("server.cache-size = {}", held - 1);
    std::fs::write(cache.join("notes"), "not the host's").unwrap();
    start_with(cache, "control", control(), &config).await;
    let kept = files(cache);
    assert_eq!(kept.len(), 5, "two components and the notes: {kept:?}");
    for (what, guest, request, mapped) in [
        ("used again", "users", users(), true),
        ("just compiled", "control", control(), true),
        ("least recently used", "spin", spin(), false),
    ] {
        let log = start_with(cache, guest, request, "").await;
        assert_eq!(log.contains(MAPPED), mapped, "{what}: {log}");
    }

    // It is served though it is more than the folder may hold.
    start_with(
        cache,
        "ticker",
        Request::get("/health"),
        "server.cache-size = 1",
    )
    .await;
    assert_eq!(files(cache).len(), 3);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

/// Makes a file as old as that.
fn back(path: &Path, age: Duration) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[tokio::test]
async fn a_configured_folder_must_be_usable() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut command = command();
    command
        .arg("run")
        .arg(guest("users"))
        .env("OSTLER_SERVER_CACHE", &file);
    let output = within("the end of the host", command.output())
        .await
        .unwrap();
    failed(
        &output,
        1,
        &["the folder for compiled components", file.to_str().unwrap()],
    );
}

#[tokio::test]
async fn without_a_home_components_are_compiled_at_every_start() {
    let mut command = command();
    command
        .arg("run")
        .arg(guest("users"))
        .args(["--listen", "127.0.0.1:0", "--json"]);
    command
        .env("HOME", "/proc/no/such")
        .env_remove("XDG_CACHE_HOME");
    let mut child = command.spawn().unwrap();
    let mut logged = BufReader::new(child.stderr.take().unwrap()).lines();
    let warning = within("a warning", logged.next_line())
        .await
        .unwrap()
        .unwrap();
    assert!(
        warning.contains("compiled components are not kept"),
        "{warning}"
    );
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let listing = within("the listing", stdout.next_line())
        .await
        .unwrap()
        .unwrap();
    let listing: Value = serde_json::from_str(&listing).unwrap();
    let addr = listing["listen"][0].as_str().unwrap().parse().unwrap();
    let request = Request::get("/users/get_user?user_id=7");
    let answer = call(addr, Http::One, request).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
}
