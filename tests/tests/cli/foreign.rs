//! `ostler call` and `inspect` of a server that is not ours: gRPC's own for
//! Python, known by its reflection alone, which has only the older version.

use std::process::Stdio;

use ostler_tests::{Table, within};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{failed, lines, ostler, stderr, stdout};

/// Serves until dropped.
struct Shop {
    url: String,
    _server: Child,
}

impl Shop {
    async fn start() -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let mut server = Command::new(format!("{root}/target/clients/grpcio/bin/python"))
            .arg(format!("{root}/tests/clients/grpcio/shop.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("Python cannot be run: {e}; run `cargo xtask setup`"));
        let mut printed = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = within("the port", printed.next_line()).await.unwrap();
        let port = port.expect("the server starts; if not, run `cargo xtask setup`");
        Self {
            url: format!("grpc://127.0.0.1:{port}"),
            _server: server,
        }
    }
}

fn item(name: &str) -> Value {
    json!({
        "item_id": name,
        "kind": "tool",
        "size": {"width": -3},
        "stock": {"here": 2},
        "price": 1.5,
        "made": "1970-01-01T00:00:01Z",
        "note": {"number": 7},
    })
}

#[tokio::test]
async fn a_server_of_others() {
    let shop = Shop::start().await;
    let mut table = Table::new("CLI: a server of others");
    let offers = "{\"price\":4}\n{\"price\":1}\n";
    let mut whole = item("a");
    whole["price"] = json!(2.5);
    let items = json!([whole, whole]).to_string();
    let rows = [
        (
            "unary",
            "acme.shop.v1.Shop/GetItem",
            r#"{"item_id":"a"}"#,
            "",
            json!([item("a")]),
        ),
        (
            "unary by its plain name",
            "shop.get_item",
            r#"{"item_id":"b"}"#,
            "",
            json!([item("b")]),
        ),
        (
            "server streaming",
            "acme.shop.v1.Shop.ListItems",
            r#"{"limit":2}"#,
            "",
            json!([item("item-0"), item("item-1")]),
        ),
        (
            "client streaming of fields that differ from zero",
            "shop.total",
            r#"[{"price":1},{"itemId":"x","kind":"KIND_TOOL"}]"#,
            "",
            json!([{"items": 2, "price": 1.0}]),
        ),
        (
            "client streaming",
            "shop.total",
            &items,
            "",
            json!([{"items": 2, "price": 5.0}]),
        ),
        (
            "bidirectional",
            "acme.shop.v1.Shop/Haggle",
            "-",
            offers,
            json!([{"price": 2.0}, {"price": 0.5}]),
        ),
    ];
    for (what, method, message, stdin, expected) in rows {
        table
            .row(what, async {
                let output = ostler(["call", &shop.url, method, message], stdin.as_bytes()).await;
                assert_eq!(Value::from(lines(&output)), expected);
            })
            .await;
    }
    table.row("metadata both ways", metadata(&shop)).await;
    table
        .row("an error after items", async {
            let three = ["call", &shop.url, "shop.list_items", r#"{"limit":3}"#];
            let output = ostler(three, b"").await;
            assert_eq!(stdout(&output).lines().count(), 3);
            failed(&output, 25, &["data_loss: after 3 items"]);
        })
        .await;
    table
        .row("a method there is not", async {
            let output = ostler(["call", &shop.url, "shop.nothing"], b"").await;
            failed(&output, 15, &["'nothing'", "get_item"]);
        })
        .await;
    table
        .row("what it offers", async {
            let listed = stdout(&ostler(["inspect", &shop.url], b"").await);
            let expected = "SERVICE  METHOD      PATTERN           PACKAGE\n\
                 shop     get_item    unary             acme:shop@1.0.0\n\
                 shop     list_items  server streaming  acme:shop@1.0.0\n\
                 shop     total       client streaming  acme:shop@1.0.0\n\
                 shop     haggle      bidirectional     acme:shop@1.0.0\n";
            assert_eq!(listed, expected);
        })
        .await;
    table.finish();
}

async fn metadata(shop: &Shop) {
    let none = [
        "shop.get_item",
        "--json",
        "--metadata",
        "team=blue",
        r#"{"item_id":"none"}"#,
    ];
    let output = ostler([&["call", &*shop.url][..], &none].concat(), b"").await;
    assert_eq!(output.status.code(), Some(15), "{}", stderr(&output));
    let told: Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert_eq!(told["error"], "no such item ☺");
    assert_eq!(told["headers"]["seen-by"], json!(["blue"]));
    assert_eq!(told["trailers"]["x-last"], json!(["1"]));
    assert_eq!(told["trailers"]["x-last-bin"], json!(["AQI"]));
}
