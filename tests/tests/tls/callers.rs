//! `ostler call` over TLS: every transport, whom it trusts and who it is.

use std::process::Output;

use ostler_tests::{Host, Table, command};
use serde_json::Value;

use super::{Files, authority, user};

const SCHEMES: [(&str, &[&str]); 6] = [
    ("https", &[]),
    ("https", &["--http2"]),
    ("wss", &[]),
    ("grpcs", &[]),
    ("connect+https", &[]),
    ("connect+https", &["--http2"]),
];

async fn call(host: &Host, scheme: &str, options: &[&str]) -> Output {
    let url = format!("{scheme}://{}", host.addr);
    command()
        .args(["call", &url, "users.get_user", r#"{"user_id":7}"#])
        .args(options)
        .output()
        .await
        .expect("the binary is built")
}

#[tokio::test]
async fn callers() {
    let (ours, strangers) = (authority("ours"), authority("strangers"));
    let files = Files::new();
    files.write("ca.pem", &ours.pem());
    files.write("strangers.pem", &strangers.pem());
    files.issue("host", &ours);
    files.issue("client", &ours);
    let path = |name: &str| files.path(name).display().to_string();
    let (ca, strangers) = (path("ca.pem"), path("strangers.pem"));
    let (cert, key) = (path("client.pem"), path("client.key"));
    let asks = format!("client-ca = {ca:?}\nclient-auth = \"required\"");
    let host = Host::start(&["users"], Some(&files.config(&asks))).await;
    let known = ["--ca", &ca, "--cert", &cert, "--key", &key];
    let mut table = Table::new("TLS: callers");
    for (scheme, flags) in SCHEMES {
        let wire = format!("{scheme} {}", flags.join(" "));
        table
            .row(format!("{wire}: both are known"), async {
                let output = call(&host, scheme, &[flags, &known].concat()).await;
                let text = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(0), "{text}");
                let found: Value = serde_json::from_slice(&output.stdout).unwrap();
                assert_eq!(found, user());
            })
            .await;
        for (who, options) in [
            (
                "the host is not trusted",
                &["--cert", &cert, "--key", &key][..],
            ),
            (
                "another is trusted",
                &["--ca", &strangers, "--cert", &cert, "--key", &key],
            ),
            ("nobody calls", &["--ca", &ca]),
        ] {
            table
                .row(format!("{wire}: {who}"), async {
                    let output = call(&host, scheme, &[flags, options].concat()).await;
                    let text = String::from_utf8_lossy(&output.stderr);
                    // No connection, or one that ends before its answer.
                    assert!(
                        [Some(4), Some(24)].contains(&output.status.code()),
                        "{text}"
                    );
                    assert!(output.stdout.is_empty());
                })
                .await;
        }
    }
    for (what, options, words) in [
        (
            "a file that is not there",
            vec!["--ca", "/no/such"],
            "/no/such",
        ),
        (
            "a file of something else",
            vec!["--ca", &key],
            "expected certificates in PEM",
        ),
        ("a certificate alone", vec!["--cert", &cert], "--key"),
    ] {
        table
            .row(what, async {
                let output = call(&host, "grpcs", &options).await;
                let text = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(2), "{text}");
                assert!(text.contains(words), "{text}");
            })
            .await;
    }
    table.finish();
}
