//! What new instances have to answer before calls go to them.

use bytes::Bytes;
use ostler_tests::{broken_which, command, guest};

use super::{Admin, which};

/// What the guest `control` is probed with, and what `deploy` complains of, if
/// anything.
const PROBES: [(&str, &str); 11] = [
    ("control.context", ""),
    ("test.control.v1.Control/Context {}", ""),
    ("control.v1.send {\"items\": 3}", ""),
    (
        "control.send {\"items\": 3, \"code\": \"internal\"}",
        "failed: internal",
    ),
    (
        "control.fail {\"code\": \"unavailable\", \"message\": \"not yet\", \"details\": []}",
        "failed: unavailable: not yet",
    ),
    (
        "control.fail_own {\"which\": 1}",
        "failed: the method returned an error of its own type",
    ),
    ("control.get {\"key\": 7}", "key"),
    ("control.get {\"key\"", "the probe `control.get"),
    (
        "control.missing",
        "has no such method; it has control.context, control.get, ",
    ),
    ("control.flush", "its requests are a stream"),
    (
        "control",
        "a probe is a method and its request, such as users.get_user",
    ),
];

/// As [`which`], but its method traps.
fn trapping() -> Bytes {
    broken_which("which", "1.0.0")
}

#[tokio::test]
async fn a_version_that_does_not_answer_is_refused() {
    let admin = Admin::start().await;
    let file = guest("control").to_str().unwrap().to_owned();
    admin.says(&["deploy", &file]).await;
    let mut version = 1;
    for (probe, complaint) in PROBES {
        let arguments = ["deploy", &file, "--probe", probe];
        if complaint.is_empty() {
            version += 1;
            let line = admin.says(&arguments).await;
            let expected = format!("control.v1 version {version} is live\n");
            assert_eq!(line, expected, "{probe}");
        } else {
            let code = if probe == "control" { 2 } else { 3 };
            let text = admin.refuses(code, &arguments).await;
            assert!(text.contains(complaint), "{probe}: {text}");
        }
        let live = admin.versions("control.v1").await;
        let live = live.iter().find(|(_, state)| state == "live").unwrap();
        assert_eq!(live.0, version, "{probe}");
    }
}

#[tokio::test]
async fn later_versions_have_to_answer_it_too() {
    let admin = Admin::start().await;
    let probe = ["--probe", "which.which"];
    admin.deploy("1.wasm", &which("1.0.0", 1), &probe).await;
    let inspected = admin.says(&["inspect", "which.v1"]).await;
    assert!(inspected.contains("probe: which.which {}\n"), "{inspected}");

    let broken = admin.file("broken.wasm", &trapping());
    let text = admin.refuses(3, &["deploy", &broken]).await;
    assert!(
        text.contains("the probe `which.which {}` failed: internal"),
        "{text}"
    );
    assert_eq!(admin.which("which").await, Ok(1));

    // A first version of a component has to answer as well.
    let arguments = ["deploy", &*broken, "--name", "other", probe[0], probe[1]];
    admin.refuses(3, &arguments).await;
    assert_eq!(admin.versions("other").await, []);

    admin.says(&["deploy", &broken, "--probe", "none"]).await;
    assert_eq!(admin.which("which").await, Err(500));
    let inspected = admin.says(&["inspect", "which.v1"]).await;
    assert!(!inspected.contains("probe"), "{inspected}");
}

#[tokio::test]
async fn a_configuration_says_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.wasm"), trapping()).unwrap();
    let config = folder.path().join("ostler.toml");
    for (probe, code, complaint) in [
        (
            "\"which.which\"",
            3,
            "broken.wasm: the probe `which.which {}` failed: internal",
        ),
        (
            "\"which\"",
            2,
            "ostler.toml:4: probe: a probe is a method and its request",
        ),
        ("7", 2, "ostler.toml:4: probe: expected a text"),
    ] {
        let text = format!(
            "[server]\nlisten = [\"127.0.0.1:0\"]\n[[service]]\nprobe = {probe}\n\
             component = \"broken.wasm\"\n"
        );
        std::fs::write(&config, text).unwrap();
        let run = command().arg("run").arg("--config").arg(&config).output();
        let output = run.await.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(complaint), "{probe}: {text}");
        assert_eq!(output.status.code(), Some(code), "{text}");
    }
}
