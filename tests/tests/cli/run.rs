//! `ostler run`: what it prints, and that what it prints works.

use std::path::Path;
use std::process::Output;

use ostler_tests::{Host, Http, Request, call, command, guest, within};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{failed, ostler, stdout};

/// The host as a person starts it: with a table.
async fn table() -> (Child, Vec<String>) {
    let mut command = command();
    let (users, blobs) = (guest("users"), guest("blobs"));
    command
        .arg("run")
        .args([users, blobs])
        .args(["--listen", "127.0.0.1:0"]);
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    while let Some(line) = within("the table", stdout.next_line()).await.unwrap() {
        let last = line.starts_with("Listening on ");
        lines.push(line);
        if last {
            break;
        }
    }
    (child, lines)
}

#[tokio::test]
async fn the_table_has_a_curl_line_each_that_works() {
    let (_host, table) = table().await;
    let text = table.join("\n");
    assert!(table[0].starts_with("SERVICE"), "{text}");
    for row in [
        ["users", "get_user", "unary, idempotent"],
        ["users", "list_users", "server streaming, idempotent"],
        ["users", "aggregate", "client streaming"],
        ["users", "conversation", "bidirectional"],
        ["blobs", "upload", "client streaming"],
        ["blobs", "download", "server streaming, idempotent"],
        ["blobs", "echo", "bidirectional"],
    ] {
        let fits = |line: &&String| row.iter().all(|word| line.contains(word));
        assert!(
            table.iter().any(|line| fits(&line)),
            "no row of {row:?} in\n{text}"
        );
    }
    let curls: Vec<_> = table.iter().filter(|line| line.contains("curl ")).collect();
    for flags in ["", "--http2-prior-knowledge "] {
        let curls = curls
            .iter()
            .map(|line| line.replace("curl ", &format!("curl {flags}")));
        pasted(curls.collect()).await;
    }
}

/// Runs the lines and checks what they answer.
async fn pasted(lines: Vec<String>) {
    let folder = TempDir::new().unwrap();
    let mut answers = Vec::new();
    for line in &lines {
        let output = shell(line, folder.path()).await;
        assert!(output.status.success(), "{line}\n{output:?}");
        let answer = stdout(&output);
        assert!(!answer.contains("\"error\""), "{line}\n{answer}");
        answers.push(answer);
    }
    assert_eq!(answers.len(), 7, "{lines:?}");
    assert_eq!(answers[0], r#"{"username":"user-1","age":19}"#);
    assert_eq!(answers[1].lines().count(), 100);
    assert!(answers[2].contains(r#""count":2"#), "{}", answers[2]);
    assert_eq!(answers[3].lines().count(), 2);
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(answers[4], format!(r#"{{"length":5,"sha256":"{hello}"}}"#));
    // Downloads go to a file, the last of them is the echo.
    assert_eq!(
        std::fs::read(folder.path().join("out.bin")).unwrap(),
        b"hello"
    );
}

/// A line as it is pasted.
async fn shell(line: &str, folder: &Path) -> Output {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line.trim()])
        .current_dir(folder)
        .kill_on_drop(true);
    within(line, shell.output()).await.unwrap()
}

#[tokio::test]
async fn the_json_listing() {
    let host = Host::start(&["users", "blobs"], None).await;
    let services = host.listing["services"].as_array().unwrap();
    assert_eq!(services.len(), 2);
    assert_eq!(services[0]["name"], "users");
    assert_eq!(services[0]["package"], "demo:users@1.0.0");
    let method = &services[0]["methods"][1];
    assert_eq!(
        (&method["name"], &method["pattern"], &method["idempotent"]),
        (
            &json!("list_users"),
            &json!("server_streaming"),
            &json!(true)
        )
    );
    let curl = method["curl"].as_str().unwrap();
    assert!(curl.contains(&host.addr.to_string()), "{curl}");
}

#[tokio::test]
async fn several_addresses() {
    let host = Host::options(&["users"])
        .argument("--listen")
        .argument("127.0.0.1:0")
        .start()
        .await;
    let listen = host.listing["listen"].as_array().unwrap();
    assert_eq!(listen.len(), 2);
    for addr in listen {
        let addr = addr.as_str().unwrap().parse().unwrap();
        let answer = call(addr, Http::One, Request::get("/health")).await;
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn components_of_the_configuration() {
    let config = format!("[[service]]\ncomponent = {:?}\n", guest("users"));
    let host = Host::start(&[], Some(&config)).await;
    let answer = call(
        host.addr,
        Http::One,
        Request::get("/users/get_user?user_id=7"),
    )
    .await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn wrong_usage_is_told_with_a_remedy() {
    let host = Host::start(&["users"], None).await;
    let (users, taken) = (guest("users"), host.addr.to_string());
    let users = users.to_str().unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bad.toml");
    let config = file.to_str().unwrap();
    std::fs::write(&file, "[server]\nlistn = [\"127.0.0.1:0\"]\n").unwrap();
    let missing = folder.path().join("missing.toml");
    let missing = missing.to_str().unwrap();

    let rows: [(&[&str], i32, &[&str]); 8] = [
        (&["run"], 2, &["no component to serve", "FILE.wasm"]),
        (
            &["run", users, "--listen", &taken],
            4,
            &[&taken, "choose another port"],
        ),
        (
            &["run", users, "--listen", "nonsense"],
            4,
            &["nonsense", "HOST:PORT"],
        ),
        (
            &["run", users, "--config", config],
            2,
            &["bad.toml", "listn", "listen"],
        ),
        (
            &["run", users, "--config", missing],
            2,
            &["missing.toml", "cannot be read"],
        ),
        (&["run", users, "--no-such-flag"], 2, &["--no-such-flag"]),
        (&["run", users, "--log", "=="], 2, &["OSTLER_LOG"]),
        (&["rum"], 2, &["run"]),
    ];
    for (arguments, code, words) in rows {
        failed(&ostler(arguments, b"").await, code, words);
    }
}

#[tokio::test]
async fn help_has_the_exit_codes() {
    let output = ostler(["--help"], b"").await;
    assert!(output.status.success());
    assert!(stdout(&output).contains("a component that cannot be served"));
}
