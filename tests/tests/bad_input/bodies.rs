//! Bodies that are too large, too slow, or not there. Nothing of them is kept
//! beyond the limit of a message.

use ostler_tests::{Answer, Exchange, Host, Http, RawHttp, Request, Step, Table};

use crate::{refused, serves, unharmed};

const CONFIG: &str = r#"
[server.http]
body-timeout = "1s"
"#;

/// What is sent in all.
const BODY: usize = 100 << 20;

#[tokio::test]
async fn bodies() {
    let mut host = Host::start(&["users"], Some(CONFIG)).await;
    let addr = host.addr;
    let before = resident(&host);
    let mut table = Table::new("Bad input: bodies");
    table
        .row("100 MB, its length told (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            let head = format!(
                "POST /users/get_user HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: {BODY}\r\n\r\n"
            );
            connection.write(head).await;
            // As a client does that reads only when it has sent everything.
            let piece = vec![b' '; 1 << 20];
            for _ in 0..BODY / piece.len() {
                connection.write(&piece).await;
            }
            let head = connection.head("POST").await;
            let mut body = Vec::new();
            while let Step::Data(data) = connection.read().await {
                body.extend_from_slice(&data);
            }
            let answer = Answer {
                head,
                body: body.into(),
                trailers: http::HeaderMap::new(),
                broken: None,
            };
            refused(&answer, 413, "4194304");
            serves(addr, Http::One).await;
        })
        .await;
    for (what, request, piece) in large() {
        let (request, piece) = (&request, &piece);
        table
            .both(what, |http| async move {
                let mut exchange = Exchange::open(addr, http, request).await;
                for _ in 0..BODY / piece.len() {
                    exchange.send(piece).await;
                }
                exchange.finish().await;
                let head = exchange.head().await;
                refused(&exchange.rest(head).await, 413, "4194304");
                serves(addr, http).await;
            })
            .await;
    }
    table
        .both("a body that does not come", |http| async move {
            let mut exchange =
                Exchange::open(addr, http, &Request::json("/users/get_user", "{")).await;
            let head = exchange.head().await;
            let answer = exchange.rest(head).await;
            refused(&answer, 408, "1s");
            serves(addr, http).await;
        })
        .await;
    table
        .both("a body that breaks off", |http| async move {
            for request in [
                Request::json("/users/get_user", "{"),
                Request::ndjson("/users/aggregate", "{"),
            ] {
                drop(Exchange::open(addr, http, &request).await);
                serves(addr, http).await;
            }
        })
        .await;
    table
        .row("what was refused was not kept", async {
            let grown = resident(&host).saturating_sub(before);
            assert!(grown < 64 << 10, "{grown} KiB more than before");
        })
        .await;
    unharmed(&mut host);
    table.finish();
}

/// What is too large, the request, and what its body is made of.
fn large() -> Vec<(&'static str, Request, Vec<u8>)> {
    let megabyte = |byte| vec![byte; 1 << 20];
    vec![
        (
            "100 MB, its length not told",
            Request::json("/users/get_user", "\""),
            megabyte(b'x'),
        ),
        (
            "100 MB in one line of NDJSON",
            Request::ndjson("/users/aggregate", "\""),
            megabyte(b'x'),
        ),
        (
            "100 MB in one item of an array",
            Request::json("/users/aggregate", "[\""),
            megabyte(b'x'),
        ),
        (
            "100 MB of white space",
            Request::json("/users/get_user", ""),
            megabyte(b' '),
        ),
    ]
}

/// KiB of memory the host has.
fn resident(host: &Host) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
