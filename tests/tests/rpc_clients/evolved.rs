//! A client generated from a contract's first version meets the second, whose
//! WIT is in another order: `ostler.lock` keeps the client's numbers.

use std::fs;
use std::path::Path;

use ostler_tests::{Host, Table, guest};
use serde_json::json;
use tempfile::TempDir;

use crate::{ostler, protos, rows, text, told};

const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guests");

fn contract(guest: &str, file: &str) -> String {
    fs::read_to_string(Path::new(GUESTS).join(guest).join("wit").join(file)).unwrap()
}

#[tokio::test]
async fn the_second_lock_is_the_first_one_extended() {
    let folder = TempDir::new().unwrap();
    let lock = folder.path().join("ostler.lock");
    for version in ["stock-v1", "stock-v2"] {
        let wit = contract(version, "stock.wit");
        fs::write(folder.path().join("stock.wit"), wit).unwrap();
        ostler(&["lock", text(folder.path())]).await;
        let made = fs::read_to_string(&lock).unwrap();
        assert_eq!(made, contract(version, "ostler.lock"));
    }
}

#[tokio::test]
async fn an_old_client_is_served_by_the_new_version() {
    let first = protos(&["stock-v1"]).await;
    let mut table = Table::new("An old client and a new contract");
    for (guest, supplier) in [("stock-v1", "us"), ("stock-v2", "")] {
        let host = Host::start(&[guest], None).await;
        let told = told("stock.py", &host, first.path()).await;
        let expected = json!({
            "unary": {
                "name": "screw",
                "pieces": 7,
                "condition": "CONDITION_USED",
                "place": {"van": "van of screw"},
                "grams": 10.5,
            },
            "server streaming": [
                {"name": "part-0", "condition": "CONDITION_FRESH", "place": {"shelf": 0}},
                {
                    "name": "part-1",
                    "pieces": 1,
                    "condition": "CONDITION_USED",
                    "place": {"van": "van of part-1"},
                    "grams": 1.5,
                },
                {
                    "name": "part-2",
                    "pieces": 2,
                    "condition": "CONDITION_BROKEN",
                    "place": {"lost": {}},
                    "grams": 3.0,
                },
            ],
            "client streaming": {"parts": 3, "pieces": 17, "last": {"van": "red"}},
            "bidirectional": [
                {
                    "name": "screw",
                    "pieces": 5,
                    "condition": "CONDITION_USED",
                    "place": {"shelf": 4},
                    "grams": 1.5,
                },
                {
                    "name": "nail",
                    "pieces": 3,
                    "condition": "CONDITION_FRESH",
                    "place": {"lost": {}},
                    "grams": 0.25,
                },
                {"name": "bolt", "condition": "CONDITION_BROKEN", "place": {"van": "red"}},
            ],
            "an error": {"code": "NOT_FOUND", "text": "no unicorn", "details": 1},
            "the supplier": [supplier],
        });
        rows(&mut table, guest, &told, expected).await;
    }
    table.finish();
}

#[tokio::test]
async fn it_would_not_be_without_the_lock() {
    let first = protos(&["stock-v1"]).await;
    let file = "test/stock/v1/stock.proto";
    let name = |protos: &Path| {
        let text = fs::read_to_string(protos.join(file)).unwrap();
        let part = text.split_once("message Part {").unwrap().1;
        let field = part
            .lines()
            .find(|line| line.starts_with("  string name = "));
        field.unwrap().to_owned()
    };
    assert_eq!(name(first.path()), "  string name = 1;");
    assert_eq!(
        name(protos(&["stock-v2"]).await.path()),
        "  string name = 1;"
    );

    let folder = TempDir::new().unwrap();
    let bare = folder.path().join("bare.wasm");
    fs::write(&bare, without_lock(&fs::read(guest("stock-v2")).unwrap())).unwrap();
    assert_eq!(
        name(protos(&[text(&bare)]).await.path()),
        "  string name = 7;"
    );
    let bare = Host::start(&[text(&bare)], None).await;
    let locked = Host::start(&["stock-v2"], None).await;
    let told_bare = told("stock.py", &bare, first.path()).await;
    let told_locked = told("stock.py", &locked, first.path()).await;
    assert_eq!(told_bare.len(), 6);
    for (step, told) in &told_bare {
        assert_ne!(told, &told_locked[step], "{step}");
    }
}

/// The component as it were if no `ostler.lock` had been there when it was
/// built: its contract, of which it has copies, has spaces where the lock
/// stood.
fn without_lock(component: &[u8]) -> Vec<u8> {
    let key = br#""lock":""#;
    let mut bare = component.to_vec();
    let mut copies = 0;
    for at in memchr::memmem::find_iter(component, key) {
        let text = at + key.len();
        let mut escaped = false;
        let length = component[text..].iter().position(|&byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let value = &mut bare[text - 1..=text + length.expect("the text ends")];
        value.fill(b' ');
        value[..4].copy_from_slice(b"null");
        copies += 1;
    }
    assert!(copies > 0, "the component has a lock");
    bare
}
