//! A page in Chromium that calls a host of another origin: Connect's client for
//! browsers, and gRPC-Web's own.

use std::path::Path;

use ostler_tests::{Host, Table, field};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::grpcurl::grpcurl;
use crate::pages::Pages;
use crate::{Certificate, program, run, text};

const GUESTS: [&str; 3] = ["users", "control", "cancel"];

/// How many ways of calling the page knows.
const WAYS: usize = 7;

#[tokio::test]
async fn cleartext() {
    over("http", "", &["-plaintext"], "http/1.1").await;
}

#[tokio::test]
async fn tls() {
    let certificate = Certificate::new();
    let trusted = certificate.trusted();
    let trusted = ["-cacert", &trusted];
    over("https", &certificate.config(), &trusted, "h2").await;
}

/// A browser speaks HTTP/2 behind TLS alone.
async fn over(scheme: &str, config: &str, options: &[&str], protocol: &str) {
    let folder = TempDir::new().unwrap();
    let (ours, theirs) = (
        Pages::of(folder.path()).await,
        Pages::of(folder.path()).await,
    );
    // What sends until it is given up may do so for as long as a page takes.
    let config = format!(
        "limits.cpu = \"30s\"\nserver.http.origins = [{:?}]\n{config}",
        ours.origin
    );
    let host = Host::start(&GUESTS, Some(&config)).await;
    let set = folder.path().join("all.binpb");
    let set = set.to_str().unwrap();
    let describe = [options, &["-protoset-out", set]].concat();
    grpcurl(&host, &describe, &["describe"]).await.text();

    let url = format!("{scheme}://{}", host.addr);
    let told = drive(folder.path(), &[&url, set], &[&ours.origin, &theirs.origin]).await;
    let mut table = Table::new("Pages in Chromium");
    assert_eq!(told["protocols"], json!([protocol]));
    let allowed = told["allowed"].as_object().unwrap();
    assert_eq!(allowed.len(), WAYS);
    for (way, told) in allowed {
        rows(&mut table, way, told.as_object().unwrap()).await;
    }
    let cancelled = allowed
        .values()
        .filter(|told| told.get("cancelled").is_some());
    table
        .row("the guest saw every stream that was given up", async {
            let seen = |line: &str| line.contains("send failed");
            let cancelled = cancelled.count();
            host.log.wait_count(seen, cancelled).await;
            // Not because the browser was closed in the end.
            let closing = told["closing"].as_str().unwrap();
            let is_early = |line: &str| seen(line) && *field(line, "timestamp") < *closing;
            assert_eq!(host.log.count(is_early), cancelled);
        })
        .await;
    let refused = told["refused"].as_object().unwrap();
    assert_eq!(refused.len(), WAYS);
    for (way, told) in refused {
        table
            .row(
                format!("{way}: a page of an origin that is not listed"),
                async {
                    let withheld = ["Failed to fetch", "http status code: 0"];
                    let told = told.as_str().unwrap_or_else(|| panic!("it got {told}"));
                    assert!(withheld.iter().any(|text| told.ends_with(text)), "{told}");
                },
            )
            .await;
    }
    table
        .row("the browser asked first, on either page", async {
            let preflights = told["preflights"].as_array().unwrap();
            assert!(
                preflights.iter().all(|count| count.as_u64() > Some(0)),
                "{preflights:?}"
            );
        })
        .await;
    table.finish();
}

/// What one way of calling gives from a page whose origin is listed.
async fn rows(table: &mut Table, way: &str, told: &Map<String, Value>) {
    let user = |id: u32| json!({"username": format!("user-{id}"), "age": 18 + id});
    let mut expected = json!({
        "unary": user(7),
        "streaming": [user(1), user(2)],
        "error": {"code": "NotFound", "text": "no user 404", "details": ["google.rpc.ResourceInfo"]},
        "ownError": {"code": "Unknown", "text": "named", "details": ["test.control.v1.Error"]},
        "errorAfterItems": [1, 2, 3, "Aborted"],
        "metadata": ["1", "AQI", "mine"],
        "deadline": "DeadlineExceeded",
        "cancelled": ["Canceled", true],
    });
    let steps = expected.as_object_mut().unwrap();
    if way.starts_with("gRPC-Web's own") {
        // Its errors do not read details.
        steps["error"]["details"] = json!(true);
        steps.remove("ownError");
        steps["cancelled"] = json!(true);
    }
    if way == "gRPC-Web's own, binary" {
        steps.remove("cancelled");
    }
    assert_eq!(told.len(), steps.len(), "{told:?}");
    for (step, value) in steps {
        table
            .row(format!("{way}: {step}"), async {
                assert_eq!(&told[step], value);
            })
            .await;
    }
}

/// Runs the script that drives the browser.
async fn drive(folder: &Path, host: &[&str], origins: &[&str]) -> Value {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command
        .env(
            "NODE_PATH",
            tests.join("../target/clients/browser/node_modules"),
        )
        .arg(tests.join("clients/browser/drive.cjs"))
        .arg(program("CHROMIUM"))
        .args(host)
        .arg(folder)
        .args(origins);
    let output = run(&mut command).await;
    let told = text(&output.stdout);
    serde_json::from_str(&told).unwrap_or_else(|e| panic!("{e}: {told}{}", text(&output.stderr)))
}
