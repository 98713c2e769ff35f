//! `ostler inspect`, of a file and of a host.

use ostler_tests::{Host, guest};
use serde_json::{Value, json};

use crate::{failed, lines, ostler, stdout};

#[tokio::test]
async fn a_file() {
    let file = guest("users");
    let file = file.to_str().unwrap();
    let table = stdout(&ostler(["inspect", file], b"").await);
    assert_eq!(
        table,
        "SERVICE  METHOD        PATTERN                       PACKAGE\n\
         users    get_user      unary, idempotent             demo:users@1.0.0\n\
         users    list_users    server streaming, idempotent  demo:users@1.0.0\n\
         users    aggregate     client streaming              demo:users@1.0.0\n\
         users    conversation  bidirectional                 demo:users@1.0.0\n"
    );
    let json = lines(&ostler(["inspect", "--json", file], b"").await);
    assert_eq!(json.len(), 1);
    assert_eq!(json[0]["services"][0]["component"], file);
    assert_eq!(json[0]["services"][0]["methods"], methods());
}

#[tokio::test]
async fn a_host() {
    let host = Host::start(&["users", "resource-form"], None).await;
    let table = stdout(&ostler(["inspect", &host.url()], b"").await);
    assert_eq!(table.lines().count(), 9, "{table}");
    assert!(table.contains("printing  print_each"), "{table}");
    let json = lines(&ostler(["inspect", "--json", &host.url()], b"").await);
    assert_eq!(json[0]["services"][0]["methods"], methods());
    assert_eq!(json[0]["services"][1]["name"], "printing");
}

#[tokio::test]
async fn a_host_by_its_other_transports() {
    let host = Host::start(&["users"], None).await;
    for scheme in ["ws", "grpc", "connect+http"] {
        let url = format!("{scheme}://{}", host.addr);
        let json = lines(&ostler(["inspect", "--json", &url], b"").await);
        assert_eq!(json[0]["services"][0]["methods"], methods(), "{scheme}");
    }
}

#[tokio::test]
async fn every_guest_can_be_inspected() {
    for name in [
        "cancel",
        "control",
        "faults",
        "lifecycle",
        "resource-form",
        "spin",
        "ticker",
        "types",
        "unused-next",
    ] {
        let file = guest(name);
        let json = lines(&ostler(["inspect", "--json", file.to_str().unwrap()], b"").await);
        assert_eq!(
            json[0]["services"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
    }
}

#[tokio::test]
async fn hosts_that_cannot_be_inspected() {
    let host = Host::start(&["users"], Some("server.http.contract = false")).await;
    failed(
        &ostler(["inspect", &host.url()], b"").await,
        4,
        &["404", "contract = false"],
    );
    let url = host.url();
    assert!(host.stop().await.success());
    failed(
        &ostler(["inspect", &url], b"").await,
        4,
        &["cannot connect"],
    );
    failed(
        &ostler(["inspect", "ftp://127.0.0.1"], b"").await,
        2,
        &["ftp", "http://"],
    );
}

fn methods() -> Value {
    let method = |name: &str, pattern: &str, idempotent: bool| json!({"name": name, "pattern": pattern, "idempotent": idempotent});
    json!([
        method("get_user", "unary", true),
        method("list_users", "server_streaming", true),
        method("aggregate", "client_streaming", false),
        method("conversation", "bidi_streaming", false),
    ])
}
