//! Who may open a socket, and what is said to who may not.

use ostler_tests::{Host, Socket, Table};
use serde_json::{Value, json};

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn handshakes() {
    let config = "[server.http]\norigins = [\"https://app.example.com\"]\n";
    let host = Host::start(&["users"], Some(config)).await;
    let addr = host.addr;
    let own = format!("http://{addr}");
    let mut table = Table::new("WebSocket: handshakes");
    let accepted: [(&str, &str, Headers<'_>); 6] = [
        ("without anything", "/", &[]),
        ("on any path", "/users/get_user?x=1", &[]),
        (
            "with a protocol of others",
            "/",
            &[("sec-websocket-protocol", "ostler.v1, chat")],
        ),
        ("of a page of the host", "/", &[("origin", &own)]),
        (
            "of a page that is configured",
            "/",
            &[("origin", "https://app.example.com")],
        ),
        (
            "that offers compression",
            "/",
            &[("sec-websocket-extensions", "permessage-deflate")],
        ),
    ];
    for (what, path, headers) in accepted {
        table
            .row(format!("a handshake {what} is accepted"), async move {
                let mut socket = Socket::open(addr, path, headers).await.unwrap();
                socket
                    .request("1", "users.get_user", json!({"user_id": 7}))
                    .await;
                assert_eq!(socket.envelope().await["payload"], crate::user(7));
            })
            .await;
    }
    let refused: [(&str, Headers<'_>, u16, &str); 5] = [
        (
            "of a foreign page",
            &[("origin", "https://evil.example")],
            403,
            "permission_denied",
        ),
        (
            "of a page without origin",
            &[("origin", "null")],
            403,
            "permission_denied",
        ),
        (
            "of another version",
            &[("sec-websocket-version", "8")],
            426,
            "invalid_argument",
        ),
        (
            "with a bad key",
            &[("sec-websocket-key", "abc")],
            400,
            "invalid_argument",
        ),
        (
            "with bad metadata",
            &[("x-microapi-a", "\u{e4}")],
            400,
            "invalid_argument",
        ),
    ];
    for (what, headers, status, code) in refused {
        table
            .row(format!("a handshake {what} is refused"), async move {
                let response = Socket::open(addr, "/", headers).await.unwrap_err();
                assert_eq!(response.status(), status);
                let body = response.body().as_deref().unwrap_or_default();
                let body: Value = serde_json::from_slice(body).unwrap();
                assert_eq!(body["code"], code, "{body}");
                assert!(!body["error"].as_str().unwrap().is_empty());
            })
            .await;
    }
    table.finish();
}
