//! Chunk streams: raw bytes, and base64 in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ostler_tests::{Exchange, Host, Request, Step, Table, call};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{answers, error};

const RAW: &str = "application/octet-stream";

#[tokio::test]
async fn chunk_streams() {
    let host = Host::start(&["users", "blobs"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: chunk streams");
    answers(&mut table, addr, rows()).await;

    for size in [0, 1, 65_536, 200_000] {
        table
            .both(format!("raw download of {size} bytes"), |http| async move {
                let request = Request::json("/blobs/download", format!("{{\"size\":{size}}}"));
                let answer = call(addr, http, request.header("accept", RAW)).await;
                assert_eq!((answer.status(), answer.header("content-type")), (200, RAW));
                assert!(answer.body == blob(size), "{} bytes", answer.body.len());
            })
            .await;
    }
    table
        .both("raw download by GET", |http| async move {
            let request = Request::get("/blobs/download?size=1000").header("accept", RAW);
            assert_eq!(call(addr, http, request).await.body, blob(1000));
        })
        .await;
    table
        .both("a download as base64 in NDJSON", |http| async move {
            let answer = call(addr, http, Request::get("/blobs/download?size=100000")).await;
            let chunk = |line: &Value| STANDARD.decode(line.as_str().unwrap()).unwrap();
            let chunks: Vec<_> = answer.lines().iter().map(chunk).collect();
            assert_eq!(
                chunks.iter().map(Vec::len).collect::<Vec<_>>(),
                [65_536, 34_464]
            );
            assert_eq!(chunks.concat(), blob(100_000));
        })
        .await;
    table
        .both("a download larger than any message", |http| async move {
            let request = Request::get("/blobs/download?size=20000000").header("accept", RAW);
            let answer = call(addr, http, request).await;
            assert!(
                answer.body == blob(20_000_000),
                "{} bytes",
                answer.body.len()
            );
        })
        .await;
    table
        .both("a raw upload larger than any message", |http| async move {
            let body = blob(20_000_000);
            let receipt = receipt(&body);
            let answer = call(addr, http, Request::raw("/blobs/upload", body)).await;
            assert_eq!((answer.status(), answer.json()), (200, receipt));
        })
        .await;
    table
        .both(
            "raw bytes both ways, before the end of the input",
            |http| async move {
                let request = Request::raw("/blobs/echo", "").header("accept", RAW);
                let mut echo = Exchange::open(addr, http, &request).await;
                for (round, bytes) in [&b"\0\xff\n"[..], b"second"].into_iter().enumerate() {
                    echo.send(bytes).await;
                    if round == 0 {
                        assert_eq!(echo.head().await.header("content-type"), RAW);
                    }
                    let mut back = Vec::new();
                    while back.len() < bytes.len() {
                        match echo.read().await {
                            Step::Data(data) => back.extend_from_slice(&data),
                            end => panic!("{end:?} after {back:?}"),
                        }
                    }
                    assert_eq!(back, bytes);
                }
                echo.finish().await;
                assert!(matches!(echo.read().await, Step::End(_)));
            },
        )
        .await;
    table.finish();
}

fn rows() -> Vec<crate::Row> {
    let whole = || blob(200_000);
    let line = |bytes: &[u8]| format!("{}\n", json!(STANDARD.encode(bytes)));
    let base64_lines: String = whole().chunks(30_000).map(line).collect();
    let chunks = json!(["AAEC", "", "/w=="]);
    let not_chunks = "the method does not take a chunk stream; there are application/json, \
                      application/x-ndjson, application/octet-stream";
    vec![
        (
            "raw upload",
            Request::raw("/blobs/upload", whole()),
            200,
            receipt(&whole()),
        ),
        (
            "raw upload of nothing",
            Request::raw("/blobs/upload", ""),
            200,
            receipt(b""),
        ),
        (
            "base64 upload in NDJSON",
            Request::ndjson("/blobs/upload", base64_lines),
            200,
            receipt(&whole()),
        ),
        (
            "base64 upload in a JSON array",
            Request::json("/blobs/upload", chunks.to_string()),
            200,
            receipt(&[0, 1, 2, 255]),
        ),
        (
            "base64 both ways",
            Request::json("/blobs/echo", chunks.to_string()),
            200,
            chunks,
        ),
        (
            "raw up, base64 down",
            Request::raw("/blobs/echo", vec![0, 1, 2]),
            200,
            json!(["AAEC"]),
        ),
        (
            "raw bytes for a method without chunks",
            Request::raw("/users/get_user", "{}"),
            415,
            error(not_chunks, "invalid_argument"),
        ),
        (
            "raw bytes wanted from a method without chunks",
            Request::json("/users/list_users", "{}").header("accept", RAW),
            406,
            error(
                "the method does not answer a chunk stream",
                "invalid_argument",
            ),
        ),
    ]
}

/// What `blobs.download` gives.
fn blob(size: u64) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}

/// What `blobs.upload` answers.
fn receipt(bytes: &[u8]) -> Value {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"length": bytes.len(), "sha256": hex})
}
