//! `ostler dev` with a build command.

use std::path::Path;

use ostler_tests::{Host, Options, PATIENCE, component, within};

use crate::{answer, which, write};

/// What builds `out/one.wasm` of `src/one.bin`, unless `src/fails` is there; as
/// a compiler it says why.
const BUILD: &str = "if test -e src/fails; then echo 'one.bin:1: oops' >&2; exit 3; fi; \
                     echo compiling; mkdir -p out; cp src/one.bin out/one.wasm";

fn dev(folder: &Path, build: &str) -> Options {
    Host::options(&[])
        .command("dev")
        .folder(folder)
        .argument("out/one.wasm")
        .argument("--build")
        .argument(build)
        .argument("--watch")
        .argument("src")
}

async fn says(host: &Host, words: &str) {
    host.wait_for_log(|line| line.contains(words), PATIENCE)
        .await;
}

async fn becomes(host: &Host, before: u64, after: u64) {
    let changed = async {
        loop {
            let now = answer(host, "one").await.unwrap();
            if now == after {
                return;
            }
            assert_eq!(now, before);
        }
    };
    within(format!("version {after}"), changed).await;
}

#[tokio::test]
async fn a_failing_build_keeps_the_old_version_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("src");
    std::fs::create_dir(&sources).unwrap();
    write(&sources, "one.bin", &which("one", "1.0.0", 1));
    let mut host = dev(folder.path(), BUILD).start().await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    says(&host, "compiling").await;

    let fails = write(&sources, "fails", b"");
    says(&host, "one.bin:1: oops").await;
    says(&host, "the build failed: exit status: 3").await;
    says(&host, "what is live stays").await;
    write(&sources, "one.bin", &which("one", "1.1.0", 2));
    let failed = |line: &str| line.contains("the build failed");
    host.log.wait_count(failed, 2).await;
    assert_eq!(answer(&host, "one").await, Ok(1));
    std::fs::remove_file(fails).unwrap();
    becomes(&host, 1, 2).await;

    // A contract that callers could not go on with is swapped in all the same,
    // and what is different is said.
    let wit = "package test:one@1.2.0;
        interface one { which: func() -> u32; other: func() -> u32; }
        world service { export one; }";
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "test:one/one@1.2.0#which") (result i32) i32.const 3)
        (func (export "test:one/one@1.2.0#other") (result i32) i32.const 4))"#;
    write(&sources, "one.bin", &component(wit, wat));
    becomes(&host, 2, 3).await;
    write(&sources, "one.bin", &which("one", "1.3.0", 5));
    becomes(&host, 3, 5).await;
    says(&host, "other").await;
    // No component at all.
    write(&sources, "one.bin", b"none");
    says(&host, "not a WebAssembly component").await;
    assert_eq!(answer(&host, "one").await, Ok(5));
    assert!(host.is_alive());
    assert!(host.stop().await.success());
}

#[tokio::test]
async fn a_host_waits_for_the_first_build_that_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("src");
    std::fs::create_dir(&sources).unwrap();
    write(&sources, "one.bin", b"none");
    let fails = write(&sources, "fails", b"");
    let mended = async {
        let started = dev(folder.path(), BUILD).started();
        let log = started.log.clone();
        log.wait(|line| line.contains("the build failed"), PATIENCE)
            .await;
        std::fs::remove_file(fails).unwrap();
        log.wait(
            |line| line.contains("not a WebAssembly component"),
            PATIENCE,
        )
        .await;
        write(&sources, "one.bin", &which("one", "1.0.0", 1));
        started.ready().await
    };
    let host = mended.await;
    assert_eq!(answer(&host, "one").await, Ok(1));
}

#[tokio::test]
async fn a_signal_ends_a_build_and_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let build = "sleep 1000 & echo child $!; wait";
    let started = dev(folder.path(), build).started();
    let line = started
        .log
        .wait(|line| line.starts_with("child "), PATIENCE)
        .await;
    let child = format!("/proc/{}", line.trim_start_matches("child "));
    assert!(Path::new(&child).exists());
    let status = started.terminated().await;
    assert!(status.success(), "{status}");
    let gone = async {
        while Path::new(&child).exists() && !is_zombie(&child) {
            tokio::task::yield_now().await;
        }
    };
    within("the end of what the build started", gone).await;
}

/// Whether it has ended and nobody has asked for its status yet.
fn is_zombie(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("{process}/stat"));
    stat.is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}
