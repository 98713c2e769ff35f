//! Callers that go away: the guest is told at once and has its grace, not
//! more.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ostler_tests::{H2, Host, Http, PATIENCE, RawHttp, Request, call, field};

use super::post;

const RAW: &str = "application/octet-stream";

/// What the guest must have said, and when.
async fn told(host: &Host, since: Instant, what: &str) {
    let said = |text: &'static str| move |line: &str| line.contains(text);
    host.wait_for_log(said("next failed: "), PATIENCE).await;
    let line = host.wait_for_log(said("cancelled: "), PATIENCE).await;
    let took = since.elapsed();
    assert!(line.contains("cancelled: true"), "{what}: {line}");
    assert!(
        took < Duration::from_millis(100),
        "{what}: told after {took:?}"
    );
}

#[expect(clippy::disallowed_methods, reason = "the test measures real time")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn a_reset_mid_upload_reaches_the_guest_over_http2() {
    let host = Host::start(&["cancel"], None).await;
    let connection = H2::connect(host.addr).await;
    let mut upload = connection
        .request(post(host.addr, "/cancel/watch", RAW), false)
        .await;
    upload.send(Bytes::from_static(b"some")).await;
    // The guest has begun once another call on the connection is answered.
    let answer = call(host.addr, Http::Two, Request::get("/health")).await;
    assert_eq!(answer.status(), 200);
    let since = now();
    upload.reset();
    told(&host, since, "h2c").await;
}

#[tokio::test]
async fn a_connection_closed_mid_upload_reaches_the_guest_over_http1() {
    let host = Host::start(&["cancel"], None).await;
    let mut upload = RawHttp::connect(host.addr).await;
    let head = format!(
        "POST /cancel/watch HTTP/1.1\r\nhost: x\r\ncontent-type: {RAW}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    upload.write(head).await;
    upload.write_chunk(b"some").await;
    let answer = call(host.addr, Http::One, Request::get("/health")).await;
    assert_eq!(answer.status(), 200);
    let since = now();
    drop(upload);
    told(&host, since, "HTTP/1.1").await;
}

#[tokio::test]
async fn a_guest_that_ends_in_time_is_used_again() {
    let host = Host::start(&["cancel", "faults"], None).await;
    for _ in 0..3 {
        let connection = H2::connect(host.addr).await;
        let mut upload = connection
            .request(post(host.addr, "/cancel/watch", RAW), false)
            .await;
        upload.send(Bytes::from_static(b"some")).await;
        upload.reset();
    }
    // Instances are counted by one that counts its own calls.
    let mut counts = Vec::new();
    for _ in 0..3 {
        let answer = call(host.addr, Http::One, Request::json("/faults/calls", "{}")).await;
        counts.push(answer.json());
    }
    assert_eq!(counts, [1, 2, 3]);
    // After a trap the count starts anew: the instance was dropped.
    let trapped = call(host.addr, Http::One, Request::json("/faults/trap", "{}")).await;
    assert_eq!(trapped.status(), 500);
    let answer = call(host.addr, Http::One, Request::json("/faults/calls", "{}")).await;
    assert_eq!(answer.json(), 1);
}

#[tokio::test]
async fn a_cancelled_busy_loop_is_gone_after_its_grace() {
    let config = "[limits]\ncpu = \"60s\"\ncancel-grace = \"300ms\"\n";
    let host = Host::start(&["cancel"], Some(config)).await;
    let connection = H2::connect(host.addr).await;
    let mut upload = connection
        .request(post(host.addr, "/cancel/stubborn", RAW), false)
        .await;
    upload.send(Bytes::from_static(b"go")).await;
    host.wait_for_log(|line| line.contains("stubborn: first item"), PATIENCE)
        .await;
    let since = now();
    upload.reset();
    let ended = |line: &str| line.contains("the guest was ended and its instance dropped");
    let line = host.wait_for_log(ended, PATIENCE).await;
    let took = since.elapsed();
    assert_eq!(field(&line, "method"), "stubborn");
    assert!(
        took >= Duration::from_millis(200),
        "it had its grace: {took:?}"
    );
    assert!(took < Duration::from_secs(3), "it was ended: {took:?}");
}

#[tokio::test]
async fn a_download_nobody_reads_ends_when_its_caller_goes() {
    let host = Host::start(&["cancel"], None).await;
    let connection = H2::connect(host.addr).await;
    let mut download = connection
        .request(post(host.addr, "/cancel/count", "application/json"), true)
        .await;
    assert_eq!(download.head().await.status, 200);
    drop(download);
    drop(connection);
    let line = host
        .wait_for_log(|line| line.contains("cancelled: "), PATIENCE)
        .await;
    assert!(line.contains("cancelled: true"), "{line}");
}
