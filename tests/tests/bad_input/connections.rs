//! Bytes that are no HTTP, or HTTP that does not come.

use bytes::Bytes;
use ostler_tests::{H2, Host, Http, RawHttp, Request, Table, call};

use crate::{serves, unharmed};

const CONFIG: &str = r#"
[server.http]
header-timeout = "500ms"
"#;

#[tokio::test]
async fn connections() {
    let mut host = Host::start(&["users"], Some(CONFIG)).await;
    let addr = host.addr;
    let mut table = Table::new("Bad input: connections");
    for (what, bytes, statuses) in garbage() {
        table
            .row(what, async {
                let mut connection = RawHttp::connect(addr).await;
                connection.write(&bytes).await;
                let head = connection.try_head("POST").await;
                let status = head.map_or(0, |head| head.status);
                assert!(statuses.contains(&status), "{status}");
                connection.ended().await;
                serves(addr, Http::One).await;
            })
            .await;
    }
    for (what, bytes) in unfinished() {
        table
            .row(what, async {
                let mut connection = RawHttp::connect(addr).await;
                connection.write(bytes).await;
                let said = connection.ended().await;
                let said = String::from_utf8_lossy(&said);
                let answered = said.strip_prefix("HTTP/1.1 ").unwrap_or("none");
                let fits = ["none", "408", "200"];
                assert!(
                    fits.iter().any(|status| answered.starts_with(status)),
                    "{said}"
                );
                serves(addr, Http::One).await;
            })
            .await;
    }
    table
        .both("oversized headers: one of 100 KB", |http| async move {
            let request =
                Request::get("/users/get_user?user_id=7").header("x-large", &"x".repeat(100_000));
            assert_eq!(call(addr, http, request).await.status(), 431);
            serves(addr, http).await;
        })
        .await;
    table
        .both("oversized headers: 2,000 of them", |http| async move {
            let all = (0..2000).map(|n| format!("x-header-{n}"));
            let request = all.fold(Request::get("/health"), |request, name| {
                request.header(&name, "a value of some length")
            });
            assert_eq!(call(addr, http, request).await.status(), 431);
            serves(addr, http).await;
        })
        .await;
    table
        .row("an oversized path (HTTP/1.1)", async {
            let request = Request::get(&format!("/users/{}", "x".repeat(100_000)));
            let status = call(addr, Http::One, request).await.status();
            assert!(matches!(status, 414 | 431), "{status}");
            serves(addr, Http::One).await;
        })
        .await;
    table
        .row(
            "a stream that is reset before its head is answered (h2c)",
            async {
                let connection = H2::connect(addr).await;
                for _ in 0..50 {
                    let request = http::Request::post(format!("http://{addr}/users/aggregate"));
                    let mut call = connection.request(request.body(()).unwrap(), false).await;
                    call.sending.send_data(Bytes::from_static(b"{"), false).ok();
                    call.reset();
                }
                serves(addr, Http::Two).await;
            },
        )
        .await;
    unharmed(&mut host);
    table.finish();
}

/// Bytes, and the statuses that may answer them; 0 is none.
fn garbage() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frames.extend_from_slice(&[0xff; 64]);
    let post =
        |rest: &str| format!("POST /users/get_user HTTP/1.1\r\nhost: h\r\n{rest}").into_bytes();
    vec![
        (
            "a garbage request line",
            b"GARBAGE\r\n\r\n".to_vec(),
            &[400],
        ),
        ("garbage bytes", vec![0xff; 100], &[400]),
        ("zero bytes", vec![0; 100], &[400]),
        (
            "a greeting of TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            &[400],
        ),
        (
            "an unknown version of HTTP",
            b"GET / HTTP/9.9\r\n\r\n".to_vec(),
            &[400, 505],
        ),
        ("HTTP/0.9", b"GET /health\r\n\r\n".to_vec(), &[400]),
        (
            "a header without a colon",
            b"GET /health HTTP/1.1\r\nnonsense\r\n\r\n".to_vec(),
            &[400],
        ),
        (
            "a header name with a space",
            b"GET /health HTTP/1.1\r\nx y: 1\r\n\r\n".to_vec(),
            &[400],
        ),
        (
            "a length that is no number",
            post("content-length: x\r\n\r\n"),
            &[400],
        ),
        (
            "a length below zero",
            post("content-length: -1\r\n\r\n"),
            &[400],
        ),
        (
            "two lengths",
            post("content-length: 1\r\ncontent-length: 2\r\n\r\n{}"),
            &[400],
        ),
        (
            "an unknown transfer encoding",
            post("transfer-encoding: gzip\r\n\r\n"),
            &[400, 501],
        ),
        (
            "a chunk size that is no number",
            post("transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
            &[0, 400, 499],
        ),
        (
            "a chunk size beyond 64 bits",
            post("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
            &[0, 400, 499],
        ),
        (
            "half a preface of HTTP/2",
            b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec(),
            &[0, 400],
        ),
        ("frames of HTTP/2 that are none", frames, &[0]),
    ]
}

/// Starts of requests whose rest does not come.
fn unfinished() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("nothing is said", b""),
        ("half a preface is said", b"PRI "),
        (
            "a header is not finished",
            b"GET /health HTTP/1.1\r\nhost: h\r\nx-slow: ",
        ),
        ("a request line is not finished", b"GET /hea"),
        (
            "a second request is not finished",
            b"GET /health HTTP/1.1\r\nhost: h\r\n\r\nGET /he",
        ),
    ]
}
