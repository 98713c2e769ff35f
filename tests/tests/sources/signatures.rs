//! Components of the configuration, of which somebody must have signed each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ostler_tests::{Host, SigningKey, Table, foreign_key};

use crate::{answer, refuses, which, write};

#[tokio::test]
async fn a_component_needs_the_signature_of_a_trusted_key() {
    let folder = tempfile::tempdir().unwrap();
    let own = SigningKey::make(folder.path(), "own");
    let other = SigningKey::make(folder.path(), "other");
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    let service = format!("[[service]]\ncomponent = {file:?}\n");
    let config = format!("{service}{}", own.trusted());
    let mut table = Table::new("Signatures: components of the configuration");

    let row = async {
        let text = refuses(3, &config).await;
        assert!(text.contains("one.wasm: it has no signature"), "{text}");
    };
    table.row("none", row).await;
    let row = async {
        other.sign(&file);
        let text = refuses(3, &config).await;
        assert!(text.contains("no key of [trust]"), "{text}");
    };
    table.row("of another key", row).await;
    let row = async {
        let signature = own.sign(&file);
        let host = Host::start(&[], Some(&config)).await;
        assert_eq!(answer(&host, "one").await, Ok(1));
        let text = STANDARD.encode(std::fs::read(&signature).unwrap());
        std::fs::write(&signature, text + "\n").unwrap();
        let host = Host::start(&[], Some(&config)).await;
        assert_eq!(answer(&host, "one").await, Ok(1));
    };
    table.row("as it is, and in base64", row).await;
    let row = async {
        // The 32 bytes are the last ones of what is in the file.
        let pem = std::fs::read_to_string(&own.public).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let info = STANDARD.decode(body).unwrap();
        let inline = STANDARD.encode(&info[info.len() - 32..]);
        let keys = format!(
            "[trust]\nkeys = [\"ed25519:{inline}\", {:?}]\n",
            other.public
        );
        let host = Host::start(&[], Some(&format!("{service}{keys}"))).await;
        assert_eq!(answer(&host, "one").await, Ok(1));
    };
    table.row("of one of two keys, one written out", row).await;
    let row = async {
        write(folder.path(), "one.wasm", &which("one", "1.0.1", 2));
        let text = refuses(3, &config).await;
        assert!(text.contains("other bytes"), "{text}");
    };
    table.row("of other bytes", row).await;
    table.finish();
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let own = SigningKey::make(folder.path(), "own");
    let private = folder.path().join("own.key");
    let x25519 = foreign_key(folder.path(), "x25519");
    let text = write(folder.path(), "text.pem", b"no key");
    let file = write(folder.path(), "one.wasm", &which("one", "1.0.0", 1));
    own.sign(&file);
    let rows = [
        (
            "no file",
            5,
            "nowhere.pem".into(),
            "nowhere.pem: cannot be read",
        ),
        ("a private key", 2, private, "it is a private key"),
        ("of another kind", 2, x25519, "not one of ed25519"),
        ("no PEM", 2, text, "no PEM file with one public key"),
        ("not 32 bytes", 2, "ed25519:AAAA".into(), "32 bytes"),
    ];
    let mut table = Table::new("Signatures: keys that are none");
    for (what, code, key, words) in rows {
        let config = format!("[trust]\nkeys = [{key:?}]\n[[service]]\ncomponent = {file:?}\n");
        let row = async {
            let text = refuses(code, &config).await;
            assert!(text.contains(words), "{text:?} does not say {words:?}");
        };
        table.row(what, row).await;
    }
    table.finish();
}
