//! Uploads to a host that trusts a key: only what it has signed is deployed.

use ostler_tests::{SigningKey, Table};

use crate::{Admin, which};

#[tokio::test]
async fn only_what_the_key_has_signed_is_deployed() {
    let keys = tempfile::tempdir().unwrap();
    let own = SigningKey::make(keys.path(), "own");
    let other = SigningKey::make(keys.path(), "other");
    let admin = Admin::start_with(&own.trusted()).await;
    let file = admin.file("one.wasm", &which("1.0.0", 1));
    let mut table = Table::new("Admin API: signatures");

    let row = async {
        let text = admin.refuses(3, &["deploy", &file]).await;
        assert!(text.contains("no signature"), "{text}");
        assert!(text.contains("openssl pkeyutl"), "{text}");
    };
    table.row("none", row).await;
    let row = async {
        other.sign(file.as_ref());
        let text = admin.refuses(3, &["deploy", &file]).await;
        assert!(text.contains("no key of [trust]"), "{text}");
    };
    table.row("of another key", row).await;
    let row = async {
        let signature = admin.file("none.sig", b"not a signature");
        let arguments = ["deploy", &file, "--signature", &signature];
        let text = admin.refuses(3, &arguments).await;
        assert!(text.contains("15 bytes"), "{text}");
    };
    table.row("no signature at all", row).await;
    let row = async {
        // What nobody trusted has signed is not even looked at.
        let broken = admin.file("broken.wasm", b"no component");
        let text = admin.refuses(3, &["deploy", &broken]).await;
        assert!(text.contains("no signature"), "{text}");
        own.sign(broken.as_ref());
        let text = admin.refuses(3, &["deploy", &broken]).await;
        assert!(text.contains("not a WebAssembly component"), "{text}");
    };
    table.row("verified before it is parsed", row).await;
    let row = async {
        let arguments = ["deploy", &file, "--signature", "nowhere"];
        let text = admin.refuses(5, &arguments).await;
        assert!(text.contains("nowhere"), "{text}");
    };
    table.row("a file that is not there", row).await;
    assert_eq!(admin.which("which").await, Err(404));

    let row = async {
        own.sign(file.as_ref());
        let said = admin.says(&["deploy", &file]).await;
        assert_eq!(said, "which.v1 version 1 is live\n");
        assert_eq!(admin.which("which").await, Ok(1));
    };
    table.row("beside the file", row).await;
    let row = async {
        let file = admin.file("two.wasm", &which("1.1.0", 2));
        let signature = own.sign(file.as_ref());
        let elsewhere = signature.with_file_name("elsewhere");
        std::fs::rename(&signature, &elsewhere).unwrap();
        let elsewhere = elsewhere.to_str().unwrap();
        let arguments = ["deploy", &file, "--signature", elsewhere];
        admin.says(&arguments).await;
        assert_eq!(admin.which("which").await, Ok(2));
        // The signature of another version is none of this one.
        let file = admin.file("three.wasm", &which("1.2.0", 3));
        let arguments = ["deploy", &file, "--signature", elsewhere];
        let text = admin.refuses(3, &arguments).await;
        assert!(text.contains("other bytes"), "{text}");
        assert_eq!(admin.which("which").await, Ok(2));
    };
    table.row("in a file of its own", row).await;
    table.finish();
}

#[tokio::test]
async fn a_host_that_trusts_everybody_needs_no_signature() {
    let admin = Admin::start().await;
    let file = admin.file("one.wasm", &which("1.0.0", 1));
    admin.file("one.wasm.sig", b"not a signature");
    admin.says(&["deploy", &file]).await;
    assert_eq!(admin.which("which").await, Ok(1));
}
