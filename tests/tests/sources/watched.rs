//! Files and folders whose changes are deployed while calls go on.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use ostler_tests::{Host, PATIENCE, SigningKey, component, field, within};
use tempfile::TempDir;

use crate::{answer, which, write};

/// A host that watches a folder or one file in it.
async fn watching(place: &Path, further: &str) -> Host {
    let config = format!("[[service]]\ncomponent = {place:?}\nwatch = true\n{further}");
    Host::start(&[], Some(&config)).await
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Waits until `service` answers that; until then it answers as before, and no
/// call fails.
async fn becomes(host: &Host, service: &str, before: Result<u64, u16>, after: Result<u64, u16>) {
    let changed = async {
        loop {
            let now = answer(host, service).await;
            if now == after {
                return;
            }
            assert_eq!(now, before, "{service}");
        }
    };
    within(format!("{service}: {after:?}"), changed).await;
}

/// Waits for a warning with these words, about this file.
async fn warns(host: &Host, file: &str, words: &str) {
    let is = |line: &str| line.contains(file) && field(line, "level") == "WARN";
    let line = host.wait_for_log(|line| is(line) && line.contains(words), PATIENCE);
    line.await;
}

#[tokio::test]
async fn a_changed_file_is_a_new_version() {
    let folder = folder();
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    let host = watching(&file, "").await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    // Written in place.
    write(folder.path(), "one.wasm", &which("one", "1.1.0", 2));
    becomes(&host, "one", Ok(1), Ok(2)).await;
    // Written beside it and renamed.
    let beside = write(folder.path(), ".one.wasm", &which("one", "1.2.0", 3));
    std::fs::rename(beside, &file).unwrap();
    becomes(&host, "one", Ok(2), Ok(3)).await;
    // Touched: the same bytes are no other version.
    write(folder.path(), "one.wasm", &which("one", "1.2.0", 3));
    // Gone and back.
    std::fs::remove_file(&file).unwrap();
    warns(&host, "one.wasm", "is gone; what is live stays").await;
    assert_eq!(answer(&host, "one").await, Ok(3));
    write(folder.path(), "one.wasm", &which("one", "1.3.0", 4));
    becomes(&host, "one", Ok(3), Ok(4)).await;
    let deployed = |line: &str| ["deployed", "swapped"].contains(&&*field(line, "message"));
    let last = |line: &str| deployed(line) && field(line, "version") == "4";
    host.wait_for_log(last, PATIENCE).await;
    assert_eq!(host.log.count(deployed), 4, "{}", host.log.last());
}

#[tokio::test]
async fn what_cannot_replace_it_leaves_the_old_version() {
    let folder = folder();
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    let host = watching(&file, "").await;
    // Half of it: as whoever copies slowly, or was interrupted.
    let next = which("one", "1.1.0", 2);
    write(folder.path(), "one.wasm", &next[..next.len() / 2]);
    warns(&host, "one.wasm", "what is live stays").await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    write(folder.path(), "one.wasm", &next);
    becomes(&host, "one", Ok(1), Ok(2)).await;
    // Another contract.
    let wit = "package test:one@1.2.0;
        interface one { which: func() -> string; }
        world service { export one; }";
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "test:one/one@1.2.0#which") (result i32) i32.const 0))"#;
    write(folder.path(), "one.wasm", &component(wit, wat));
    warns(&host, "one.wasm", "one.which → reply: u32 → string").await;
    assert_eq!(answer(&host, "one").await, Ok(2));
    write(folder.path(), "one.wasm", b"");
    warns(&host, "one.wasm", "not a WebAssembly component").await;
    assert_eq!(answer(&host, "one").await, Ok(2));
}

#[tokio::test]
async fn a_file_that_is_being_written_is_not_read() {
    let folder = folder();
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    let host = watching(&file, "").await;
    let refused = |line: &str| field(line, "level") == "WARN";
    for number in 1_u32.. {
        let next = which("one", &format!("1.{number}.0"), number + 1);
        let warned = host.log.count(refused);
        let steady = copy_slowly(folder.path(), "one.wasm", &next).await;
        let (before, after) = (u64::from(number), u64::from(number + 1));
        becomes(&host, "one", Ok(before), Ok(after)).await;
        // A copy that this machine held up does not count.
        if steady {
            assert_eq!(host.log.count(refused), warned, "{}", host.log.last());
            return;
        }
    }
}

/// Copies in pieces, each sooner than a file counts as written; says whether
/// it was.
async fn copy_slowly(folder: &Path, name: &str, bytes: &[u8]) -> bool {
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    let mut steady = true;
    let mut last = pace.tick().await;
    for end in (0..=bytes.len()).step_by(bytes.len() / 30) {
        write(folder, name, &bytes[..end]);
        pace.tick().await;
        let now = tokio::time::Instant::now();
        steady &= now - last < Duration::from_millis(200);
        last = now;
    }
    write(folder, name, bytes);
    steady
}

#[tokio::test]
async fn files_of_a_folder_come_and_go() {
    let folder = folder();
    write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    write(folder.path(), "half.wasm", b"\0asm");
    write(folder.path(), "notes.txt", b"no component");
    // One that is broken does not keep the others from being served.
    let host = watching(folder.path(), "").await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    write(folder.path(), "half.wasm", &which("half", "1.0.0", 2));
    becomes(&host, "half", Err(404), Ok(2)).await;
    write(folder.path(), "two.wasm", &which("two", "1.0.0", 3));
    becomes(&host, "two", Err(404), Ok(3)).await;
    // A service that is there already, in another file.
    write(folder.path(), "again.wasm", &which("one", "1.1.0", 4));
    warns(&host, "again.wasm", "what is live stays").await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    // Once the first is gone the other goes on with its component: no call
    // finds none.
    std::fs::remove_file(folder.path().join("one.wasm")).unwrap();
    becomes(&host, "one", Ok(1), Ok(4)).await;
    // Renamed.
    let (old, new) = ("two.wasm", "new.wasm");
    std::fs::rename(folder.path().join(old), folder.path().join(new)).unwrap();
    write(folder.path(), "last.wasm", &which("last", "1.0.0", 5));
    becomes(&host, "last", Err(404), Ok(5)).await;
    write(folder.path(), "new.wasm", &which("two", "1.1.0", 6));
    becomes(&host, "two", Ok(3), Ok(6)).await;
    std::fs::remove_file(folder.path().join("new.wasm")).unwrap();
    becomes(&host, "two", Ok(6), Err(404)).await;
    assert_eq!(answer(&host, "half").await, Ok(2));
}

/// A folder as a configuration volume of Kubernetes lays it out: files are
/// links through one link that is exchanged.
#[tokio::test]
async fn links_that_are_exchanged_are_changes() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for (data, version, answer) in [("..1", "1.0.0", 1), ("..2", "1.1.0", 2)] {
        std::fs::create_dir(at(data)).unwrap();
        write(&at(data), "one.wasm", &which("one", version, answer));
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/one.wasm", at("one.wasm")).unwrap();
    let host = watching(folder.path(), "").await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    symlink("..2", at("..tmp")).unwrap();
    std::fs::rename(at("..tmp"), at("..data")).unwrap();
    becomes(&host, "one", Ok(1), Ok(2)).await;
    // The folder itself cannot be seen for a while.
    let (away, there) = (folder.path().with_extension("away"), folder.path());
    std::fs::rename(there, &away).unwrap();
    let blind = host.wait_for_log(|line| line.contains("cannot be read"), PATIENCE);
    blind.await;
    assert_eq!(answer(&host, "one").await, Ok(2));
    std::fs::rename(&away, there).unwrap();
    let back = host.wait_for_log(|line| line.contains("is back"), PATIENCE);
    back.await;
    assert_eq!(answer(&host, "one").await, Ok(2));
}

#[tokio::test]
async fn a_change_needs_a_signature_too() {
    let (folder, keys) = (folder(), folder());
    let own = SigningKey::make(keys.path(), "own");
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    own.sign(&file);
    let host = watching(folder.path(), &own.trusted()).await;
    write(folder.path(), "one.wasm", &which("one", "1.1.0", 2));
    warns(&host, "one.wasm", "other bytes").await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    // The signature comes after the file.
    own.sign(&file);
    becomes(&host, "one", Ok(1), Ok(2)).await;
}

#[tokio::test]
async fn a_restart_serves_the_file_and_not_what_was_deployed_of_it() {
    let (folder, state) = (folder(), folder());
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    let token = state.path().join("token");
    let store = state.path().join("store");
    let further =
        format!("[server]\nadmin = \"127.0.0.1:0\"\nadmin-token = {token:?}\nstore = {store:?}\n");
    let host = watching(&file, &further).await;
    write(folder.path(), "one.wasm", &which("one", "1.1.0", 2));
    becomes(&host, "one", Ok(1), Ok(2)).await;
    host.stop().await;
    write(folder.path(), "one.wasm", &which("one", "1.2.0", 3));
    let host = watching(&file, &further).await;
    assert_eq!(answer(&host, "one").await, Ok(3));
}
