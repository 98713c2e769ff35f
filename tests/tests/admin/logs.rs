//! The lines of the log, as the admin API tells them.

use std::process::Stdio;

use ostler_tests::{Http, Request, command, guest, within};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::{Admin, which};

/// A running `ostler logs --follow`.
struct Following {
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Following {
    fn start(admin: &Admin, component: &str) -> Self {
        let mut command = command();
        command
            .args(["logs", "--follow", "--json", component, "--admin"])
            .arg(format!("http://{}", admin.address))
            .arg("--token")
            .arg(admin.token())
            .stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { lines, child }
    }

    /// The next line of the log.
    async fn next(&mut self) -> Value {
        let line = within("a line", self.lines.next_line()).await.unwrap();
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        event["line"].clone()
    }
}

async fn says(admin: &Admin, lines: u32) {
    let request = Request::json("/faults/log", format!(r#"{{"lines":{lines},"bytes":3}}"#));
    let answer = ostler_tests::call(admin.host.addr, Http::One, request).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
}

#[tokio::test]
async fn lines_of_a_component_so_far_and_to_come() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let faults = std::fs::read(guest("faults")).unwrap();
    admin.deploy("faults.wasm", &faults, &[]).await;
    says(&admin, 2).await;

    let all = admin.says(&["logs"]).await;
    assert!(all.contains("component=which.v1"), "{all}");
    let own = admin.says(&["logs", "faults"]).await;
    assert!(own.contains("deployed change=deploy"), "{own}");
    assert!(own.contains("component=faults"), "{own}");
    assert!(!own.contains("which"), "{own}");
    assert_eq!(own.matches("ostler::guest: xxx").count(), 2, "{own}");
    let last = admin.says(&["logs", "faults", "--lines", "1"]).await;
    assert_eq!(last.lines().count(), 1, "{last}");
    assert!(last.contains("line=1"), "{last}");

    let mut following = Following::start(&admin, "faults");
    // Those so far, of which the deployment is the first.
    assert_eq!(following.next().await["message"], "deployed");
    for _ in 0..2 {
        assert_eq!(following.next().await["target"], "ostler::guest");
    }
    admin.deploy("one.wasm", &which("1.1.0", 2), &[]).await;
    says(&admin, 1).await;
    let line = following.next().await;
    assert_eq!(line["target"], "ostler::guest", "{line}");
    assert_eq!(line["fields"]["service"], "faults", "{line}");
    admin.deploy("again.wasm", &faults, &[]).await;
    let line = following.next().await;
    assert_eq!(line["message"], "swapped", "{line}");
    assert_eq!(line["fields"]["version"], "2", "{line}");

    // A host that leaves ends it, and does not wait for it.
    admin.host.terminate();
    let ended = within("the end of the command", following.child.wait());
    assert!(ended.await.unwrap().success());
}

#[tokio::test]
async fn lines_of_nobody_are_refused() {
    let admin = Admin::start().await;
    let told = admin.refuses(2, &["logs", "nobody"]).await;
    assert!(told.contains("no component \"nobody\""), "{told}");
}

#[tokio::test]
async fn a_component_is_inspected() {
    let admin = Admin::start().await;
    let limits = "\"concurrency\":\"256\"";
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    admin.deploy("two.wasm", &which("1.1.0", 2), &[]).await;
    let text = admin.says(&["inspect", "which"]).await;
    for words in [
        "which.v1: test.which.v1.Which",
        "unary",
        "live",
        "kept",
        "two.wasm",
        "memory 64MiB",
    ] {
        assert!(text.contains(words), "{text:?} does not say {words:?}");
    }
    let json = admin.says(&["inspect", "which.v1", "--json"]).await;
    assert!(json.contains(limits), "{json}");
    let detail: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(detail["methods"][0]["name"], "which");
    let digest = detail["versions"][1]["digest"].as_str().unwrap();
    assert_eq!(digest.len(), 64);
    let told = admin.refuses(2, &["inspect", "nobody"]).await;
    assert!(told.contains("no component \"nobody\""), "{told}");
    // A file is a file all the same.
    let file = admin.file("file.wasm", &which("1.0.0", 1));
    let text = admin.says(&["inspect", &file]).await;
    assert!(text.contains("test:which@1.0.0"), "{text}");
}
