//! Versions come, go and come back.

use ostler_tests::{component, field, guest};

use crate::{Admin, which};

fn states(all: &[(u64, &str)]) -> Vec<(u64, String)> {
    all.iter().map(|(n, s)| (*n, (*s).to_owned())).collect()
}

#[tokio::test]
async fn a_version_replaces_another_and_is_taken_back() {
    let admin = Admin::start().await;
    assert_eq!(admin.says(&["list"]).await, "nothing is deployed\n");
    assert_eq!(admin.which("which").await, Err(404));
    let said = admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    assert_eq!(said, "which.v1 version 1 is live\n");
    assert_eq!(admin.which("which").await, Ok(1));
    let said = admin.deploy("two.wasm", &which("1.1.0", 2), &[]).await;
    assert_eq!(said, "which.v1 version 2 is live\n");
    assert_eq!(admin.which("which").await, Ok(2));
    admin.deploy("three.wasm", &which("1.2.0", 3), &[]).await;
    let said = admin.says(&["rollback", "which"]).await;
    assert_eq!(said, "which.v1 version 2 is live again\n");
    assert_eq!(admin.which("which").await, Ok(2));
    let said = admin.says(&["rollback", "which.v1", "--to", "3"]).await;
    assert_eq!(said, "which.v1 version 3 is live again\n");
    assert_eq!(admin.which("which").await, Ok(3));
    let text = admin.refuses(2, &["rollback", "which", "--to", "7"]).await;
    assert!(text.contains("no version 7"), "{text}");
    let said = admin.says(&["drain", "which"]).await;
    assert_eq!(said, "which.v1 version 3 takes no more calls\n");
    assert_eq!(admin.which("which").await, Err(404));
}

/// As [`which`], but no instance of it starts.
fn startless() -> Vec<u8> {
    let wit = "package test:which@1.1.0;
        interface which { which: func() -> u32; }
        world service { export which; }";
    let wat = r#"(module (memory (export "memory") 1)
        (func $start unreachable) (start $start)
        (func (export "test:which/which@1.1.0#which") (result i32) i32.const 2))"#;
    component(wit, wat)
}

#[tokio::test]
async fn a_version_that_does_not_start_replaces_nothing() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let file = admin.file("bad.wasm", &startless());
    let text = admin.refuses(3, &["deploy", &file]).await;
    assert!(text.contains("did not start"), "{text}");
    assert_eq!(admin.which("which").await, Ok(1));
    assert_eq!(admin.versions("which.v1").await, states(&[(1, "live")]));
}

#[tokio::test]
async fn a_version_that_does_not_start_is_not_brought_back() {
    let admin = Admin::start().await;
    // The first of a component is not called before it is live.
    admin.deploy("bad.wasm", &startless(), &[]).await;
    admin.deploy("two.wasm", &which("1.2.0", 2), &[]).await;
    admin.ended(1, 1).await;
    let text = admin.refuses(3, &["rollback", "which"]).await;
    assert!(text.contains("did not start"), "{text}");
    assert_eq!(admin.which("which").await, Ok(2));
    admin.ended(1, 2).await;
    let kept = states(&[(1, "kept"), (2, "live")]);
    assert_eq!(admin.versions("which.v1").await, kept);
}

#[tokio::test]
async fn what_is_brought_back_has_started() {
    let admin = Admin::start().await;
    let file = guest("lifecycle").to_str().unwrap().to_owned();
    let probe = ["--probe", "counted.state"];
    admin.says(&["deploy", &file, probe[0], probe[1]]).await;
    admin.says(&["deploy", &file]).await;
    admin.ended(1, 1).await;
    let said = admin.says(&["rollback", "counted"]).await;
    assert_eq!(said, "counted.v1 version 1 is live again\n");
    let back = |line: &str| field(line, "message") == "rolled back";
    admin.host.log.wait_count(back, 1).await;
    let started = |line: &str| field(line, "message").starts_with("started");
    let lines = admin.host.log.lines();
    let before = lines.iter().take_while(|line| !back(line));
    assert_eq!(before.filter(|line| started(line)).count(), 3);
}

#[tokio::test]
async fn what_is_drained_while_an_earlier_version_starts_does_not_come_back() {
    let file = guest("lifecycle").to_str().unwrap().to_owned();
    let config = format!("[[service]]\ncomponent = {file:?}\nconfig = {{ slow = \"true\" }}\n");
    let admin = Admin::start_with(&config).await;
    admin.says(&["deploy", &file]).await;
    admin.ended(1, 1).await;
    let starting = |line: &str| field(line, "message").starts_with("starting");
    let drain = async {
        admin.host.log.wait_count(starting, 2).await;
        admin.says(&["drain", "counted"]).await
    };
    let (text, _) = tokio::join!(admin.refuses(2, &["rollback", "counted"]), drain);
    assert!(text.contains("there is no component"), "{text}");
    // Nothing of it is left running.
    admin.ended(1, 2).await;
    assert_eq!(admin.says(&["list"]).await, "nothing is deployed\n");
}

#[tokio::test]
async fn majors_live_side_by_side() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let said = admin.deploy("two.wasm", &which("2.0.0", 2), &[]).await;
    assert_eq!(said, "which.v2 version 1 is live\n");
    let answers = async || {
        let mut answers = Vec::new();
        for name in ["which", "which.v1", "which.v2"] {
            answers.push(admin.which(name).await.unwrap());
        }
        answers
    };
    assert_eq!(answers().await, [1, 1, 2]);
    let said = admin.says(&["promote", "which.v2"]).await;
    assert_eq!(said, "which.v2 version 1 is live\n");
    assert_eq!(answers().await, [2, 1, 2]);
    // A new version of a major takes nothing from the other.
    admin.deploy("three.wasm", &which("1.1.0", 3), &[]).await;
    assert_eq!(answers().await, [2, 3, 2]);
    admin.says(&["promote", "which.v1"]).await;
    assert_eq!(answers().await, [3, 3, 2]);
    admin.says(&["drain", "which.v1"]).await;
    assert_eq!(admin.which("which").await, Ok(2));
}

#[tokio::test]
async fn a_name_of_somebody_else_is_refused() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let file = admin.file("two.wasm", &which("1.0.0", 2));
    let text = admin
        .refuses(3, &["deploy", &file, "--name", "other"])
        .await;
    assert!(text.contains("two services are called"), "{text}");
    assert_eq!(admin.which("which").await, Ok(1));
    assert_eq!(admin.versions("other").await, []);
}

/// A service `which` with more methods, or other ones.
fn like_which(version: &str, methods: &[(&str, &str)]) -> Vec<u8> {
    let wit = |(name, result): &(&str, &str)| format!("{name}: func() -> {result};\n");
    let wit: String = methods.iter().map(wit).collect();
    let wit = format!(
        "package test:which@{version};
         interface which {{ {wit} }}
         world service {{ export which; }}"
    );
    let wat = |(name, result): &(&str, &str)| {
        let ty = if *result == "u64" { "i64" } else { "i32" };
        format!(r#"(func (export "test:which/which@{version}#{name}") (result {ty}) {ty}.const 9)"#)
    };
    let wat: String = methods.iter().map(wat).collect();
    component(
        &wit,
        &format!(r#"(module (memory (export "memory") 1) {wat})"#),
    )
}

#[tokio::test]
async fn what_would_break_callers_is_refused() {
    let admin = Admin::start().await;
    let first = like_which("1.0.0", &[("which", "u32"), ("other", "u32")]);
    admin.deploy("one.wasm", &first, &[]).await;
    let more = [("which", "u32"), ("other", "u32"), ("third", "u32")];
    let said = admin
        .deploy("two.wasm", &like_which("1.1.0", &more), &[])
        .await;
    assert!(said.contains("which.third"), "{said}");
    let file = admin.file(
        "three.wasm",
        &like_which("1.2.0", &[("which", "u64"), ("third", "u32")]),
    );
    let text = admin.refuses(3, &["deploy", &file]).await;
    for word in ["which.other", "which.which", "u32 → u64", "another major"] {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert_eq!(
        admin.versions("which.v1").await,
        states(&[(1, "kept"), (2, "live")])
    );
    let said = admin.says(&["deploy", &file, "--force"]).await;
    assert!(said.starts_with("which.v1 version 3 is live\n"), "{said}");
    assert_eq!(admin.which("which").await, Ok(9));
}
