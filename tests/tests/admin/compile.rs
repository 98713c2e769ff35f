//! Components are compiled by a child process, which is held to its limits.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ostler_tests::{Host, field, guest, within};
use tempfile::TempDir;

use crate::{Admin, which};

const COMPILING: &str = "compiling in a worker";
const MAPPED: &str = "mapped the compiled component";
/// How long a child may take to begin: the component is uploaded and its
/// contract is read before.
const BEGIN: Duration = Duration::from_secs(60);

/// A component that takes seconds to compile.
fn slow() -> String {
    guest("matrix-python").to_str().unwrap().to_owned()
}

/// As [`slow`], in place of the service `which`.
fn deploy_slow(file: &str) -> [&str; 5] {
    ["deploy", file, "--name", "which.v1", "--force"]
}

impl Admin {
    /// A host that keeps what it compiles there.
    async fn compiling(cache: &Path, server: &str) -> Self {
        let options = Host::options(&[]).cache(cache);
        Self::started(options.log("info,ostler_runtime=debug"), server).await
    }

    /// The process id of the last worker, once it has started.
    async fn worker(&self) -> u32 {
        let slow = |line: &str| {
            let bytes = field(line, "bytes");
            line.contains(COMPILING) && bytes.parse().unwrap_or(0) > 1 << 20
        };
        let line = self.host.wait_for_log(slow, BEGIN).await;
        field(&line, "pid").parse().unwrap()
    }

    /// How often the log says that.
    fn said(&self, text: &str) -> usize {
        self.host.log.count(|line| line.contains(text))
    }
}

/// The third field of `/proc/PID/stat` and all after it; none of a process that
/// is gone.
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split_whitespace().map(str::to_owned).collect()
}

/// The soft limit of that name in `/proc/PID/limits`.
fn limit(pid: u32, name: &str) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Waits until it has held itself to its limits.
async fn held(pid: u32) {
    let held = async {
        while limit(pid, "Max cpu time").is_none() {
            assert!(!stat(pid).is_empty(), "the worker is gone");
            tokio::task::yield_now().await;
        }
    };
    within("the limits of the worker", held).await;
}

#[tokio::test]
async fn what_a_child_compiled_is_kept_and_served() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path();
    for (number, (compiled, mapped)) in [(1, 0), (0, 1)].into_iter().enumerate() {
        let admin = Admin::compiling(cache, "").await;
        admin.deploy("one.wasm", &which("1.0.0", 7), &[]).await;
        assert_eq!(admin.which("which").await, Ok(7));
        let said = (admin.said(COMPILING), admin.said(MAPPED));
        assert_eq!(said, (compiled, mapped), "host {number}");
    }
}

#[tokio::test]
async fn a_child_is_ended_at_each_of_its_limits() {
    for (limit, words) in [
        (
            "memory = \"48MiB\"",
            "ended at its memory limit of 48 MiB (server.compile.memory)",
        ),
        (
            "timeout = \"2s\"",
            "took longer than 2s (server.compile.timeout)",
        ),
        (
            "size = \"1MiB\"",
            "bytes, the limit is 1048576 (server.compile.size)",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let config = format!("compile = {{ {limit} }}");
        let admin = Admin::compiling(folder.path(), &config).await;
        admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
        let text = admin.refuses(3, &deploy_slow(&slow())).await;
        assert!(text.contains(words), "{limit}: {text}");
        assert_eq!(admin.which("which").await, Ok(1), "{limit}");
        let versions = admin.versions("which.v1").await;
        assert_eq!(versions, [(1, "live".to_owned())], "{limit}");
        if !limit.starts_with("size") {
            let pid = admin.worker().await;
            assert!(stat(pid).is_empty(), "{limit}: a child is left");
        }
    }
}

#[tokio::test]
async fn a_crash_of_the_child_is_told() {
    let folder = TempDir::new().unwrap();
    let admin = Admin::compiling(folder.path(), "").await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let file = slow();
    let arguments = deploy_slow(&file);
    let crash = async {
        let pid = admin.worker().await;
        held(pid).await;
        assert_eq!(limit(pid, "Max data size"), Some(1 << 30));
        assert_eq!(limit(pid, "Max core file size"), Some(0));
        // Field 19 is the niceness, 5 more than of the thread that deploys, which
        // stands back from the host by 10; field 20 is the number of threads.
        let host: i32 = stat(admin.host.pid())[16].parse().unwrap();
        let niceness = (host + 15).min(19).to_string();
        assert_eq!(stat(pid)[16..18], [&*niceness, "1"]);
        // The engine has handlers of its own for those of a fault.
        signal(pid, rustix::process::Signal::ABORT);
        pid
    };
    let (text, pid) = tokio::join!(admin.refuses(3, &arguments), crash);
    assert!(text.contains("the compiler crashed"), "{text}");
    assert!(text.contains("SIGABRT"), "{text}");
    assert!(stat(pid).is_empty(), "a child is left");
    assert_eq!(admin.which("which").await, Ok(1));
}

#[tokio::test]
async fn a_child_ends_with_its_host() {
    let folder = TempDir::new().unwrap();
    let admin = Admin::compiling(folder.path(), "").await;
    let file = slow();
    let kill = async {
        let pid = admin.worker().await;
        held(pid).await;
        signal(admin.host.pid(), rustix::process::Signal::KILL);
        pid
    };
    let arguments = ["deploy", &*file];
    let (text, pid) = tokio::join!(admin.refuses(4, &arguments), kill);
    assert!(text.contains("broke off"), "{text}");
    let gone = async {
        // Whoever reaps it may take its time.
        while stat(pid).first().is_some_and(|state| state != "Z") {
            tokio::task::yield_now().await;
        }
    };
    within("the end of the child", gone).await;
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
