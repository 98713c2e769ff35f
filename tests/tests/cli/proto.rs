//! `ostler lock`, `ostler generate proto` and `ostler import`.

use std::fs;
use std::path::Path;

use ostler_tests::{Host, guest};

use crate::{failed, ostler, stderr, stdout};

const WIT: &str = "
package demo:greeter@1.0.0;
interface greeter {
  record greeting { text: string }
  /// Greets someone.
  /// @idempotent
  greet: func(name: string) -> greeting;
}
world service { export greeter; }
";

const PROTO: &str = r#"
syntax = "proto3";
package acme.greet.v1;
service Greeter {
  rpc SayHello(HelloRequest) returns (HelloReply);
}
message HelloRequest { string full_name = 7; }
message HelloReply { string Text = 3; }
"#;

async fn runs(arguments: &[&str]) -> String {
    let output = ostler(arguments, b"").await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_lock_is_written_checked_and_extended() {
    let folder = tempfile::tempdir().unwrap();
    let (wit, lock) = (
        folder.path().join("greeter.wit"),
        folder.path().join("ostler.lock"),
    );
    fs::write(&wit, WIT).unwrap();
    let folder = text(folder.path());
    let check = ostler(["lock", folder, "--check"], b"").await;
    failed(
        &check,
        3,
        &["ostler.lock lacks a part of the contract; run `ostler lock`"],
    );
    assert!(!lock.exists());
    assert!(runs(&["lock", folder]).await.starts_with("wrote "));
    assert!(
        runs(&["lock", folder, "--check"])
            .await
            .ends_with("has everything\n")
    );
    let before = fs::read_to_string(&lock).unwrap();
    assert!(before.contains("fields.text = 1"), "{before}");

    fs::write(
        &wit,
        WIT.replace("{ text: string }", "{ mood: u8, text: string }"),
    )
    .unwrap();
    failed(
        &ostler(["lock", folder, "--check"], b"").await,
        3,
        &["run `ostler lock`"],
    );
    runs(&["lock", folder]).await;
    let after = fs::read_to_string(&lock).unwrap();
    assert!(
        after.contains("fields.text = 1\nfields.mood = 2"),
        "{after}"
    );

    fs::write(&lock, "format = 2").unwrap();
    let words = ["ostler.lock:1: format 2 is unknown", "update ostler"];
    failed(&ostler(["lock", folder], b"").await, 3, &words);
    failed(
        &ostler(["lock", "/no/such"], b"").await,
        5,
        &["/no/such: no such folder"],
    );
}

#[tokio::test]
async fn proto_files_of_a_folder_a_component_and_a_host_agree() {
    let out = tempfile::tempdir().unwrap();
    let wit = tempfile::tempdir().unwrap();
    fs::write(wit.path().join("greeter.wit"), WIT).unwrap();
    runs(&[
        "generate",
        "proto",
        text(wit.path()),
        "--out",
        text(out.path()),
    ])
    .await;
    let file = fs::read_to_string(out.path().join("demo/greeter/v1/greeter.proto")).unwrap();
    assert!(
        file.contains("  // Greets someone.\n  rpc Greet(GreetRequest)"),
        "{file}"
    );

    let host = Host::start(&["users"], None).await;
    let component = guest("users");
    let mut texts = Vec::new();
    for target in [text(&component), &host.url()] {
        let out = tempfile::tempdir().unwrap();
        runs(&["generate", "proto", target, "--out", text(out.path())]).await;
        texts.push(fs::read_to_string(out.path().join("demo/users/v1/users.proto")).unwrap());
    }
    assert_eq!(texts[0], texts[1]);
    assert!(
        texts[0].contains("rpc GetUser(GetUserRequest) returns (User)"),
        "{}",
        texts[0]
    );
}

#[tokio::test]
async fn an_imported_file_comes_back_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let (proto, wit) = (folder.path().join("greet.proto"), folder.path().join("wit"));
    fs::write(&proto, PROTO).unwrap();
    let import = ["import", text(&proto), "--out", text(&wit)];
    runs(&import).await;
    runs(&import).await;
    let out = folder.path().join("out");
    runs(&["generate", "proto", text(&wit), "--out", text(&out)]).await;
    let file = fs::read_to_string(out.join("acme/greet/v1/greet.proto")).unwrap();
    for line in [
        "package acme.greet.v1;",
        "rpc SayHello(HelloRequest) returns (HelloReply);",
        "string full_name = 7;",
        "string Text = 3;",
    ] {
        assert!(file.contains(line), "{file}");
    }

    fs::write(wit.join("ostler.lock"), "format = 1").unwrap();
    failed(
        &ostler(import, b"").await,
        5,
        &["ostler.lock is there and says something else", "--force"],
    );
    runs(&["import", text(&proto), "--out", text(&wit), "--force"]).await;
    fs::write(&proto, "syntax = \"proto2\";").unwrap();
    failed(
        &ostler(import, b"").await,
        3,
        &["the files have no `service`"],
    );
}
