//! A thousand downloads nobody reads and a thousand uploads no guest reads, on
//! shared HTTP/2 connections: memory stays flat and calls on the same
//! connections are answered.
//!
//! `OSTLER_TEST_STALLED_SECONDS` watches longer than the ten seconds of an
//! ordinary run.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use h2::client::Builder;
use ostler_tests::{H2, H2Call, Host};

use super::post;

/// Streams in each direction.
const STREAMS: usize = 1_000;
const PER_CONNECTION: usize = 100;
/// HTTP/2's own window of a stream.
const WINDOW: u32 = 65_535;
/// KiB of the host a stream, sockets included.
const MOST_KIB: usize = 160;
/// Growth of the whole host, KiB, that is noise.
const FLAT_KIB: usize = 8 << 10;

const CONFIG: &str = "
[server]
instances = 2200
[limits]
concurrency = 2200
timeout = \"10m\"
stream-idle = \"10m\"
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_streams_cost_little_and_hold_nobody_up() {
    let host = Host::options(&["blobs", "users", "bench-load"])
        .config(CONFIG)
        .start()
        .await;
    let mut connections = Vec::new();
    let mut streams = Vec::new();
    stall(&host, 10, &mut connections, &mut streams).await;
    let before = host.rss_kib();
    stall(&host, STREAMS, &mut connections, &mut streams).await;
    feed(&mut streams);
    let settled = settled(&host, &mut streams).await;
    let each = settled.saturating_sub(before) / (2 * STREAMS);

    let seconds = std::env::var("OSTLER_TEST_STALLED_SECONDS").ok();
    let seconds = seconds.and_then(|s| s.parse().ok()).unwrap_or(10);
    let (mut least, mut most) = (settled, settled);
    for _ in 0..seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        feed(&mut streams);
        for connection in &connections {
            answered(&host, connection).await;
        }
        let now = host.rss_kib();
        (least, most) = (least.min(now), most.max(now));
    }
    println!("{each} KiB a stalled stream; {least} to {most} KiB over {seconds} s");
    assert!(
        most - least < FLAT_KIB,
        "memory moved from {least} to {most} KiB"
    );
    assert!(each <= MOST_KIB, "{each} KiB a stream");
}

/// Opens `streams` downloads and as many uploads.
async fn stall(host: &Host, streams: usize, connections: &mut Vec<H2>, open: &mut Vec<H2Call>) {
    let mut settings = Builder::new();
    settings
        .initial_window_size(WINDOW)
        // One stream that is not read must not hold up the others.
        .initial_connection_window_size(WINDOW * (2 * PER_CONNECTION as u32));
    let mut left = streams;
    while left > 0 {
        let connection = H2::connect_with(host.addr, &settings).await;
        for _ in 0..left.min(PER_CONNECTION / 2) {
            open.push(download(host, &connection).await);
            open.push(upload(host, &connection).await);
        }
        left -= left.min(PER_CONNECTION / 2);
        connections.push(connection);
    }
}

async fn download(host: &Host, connection: &H2) -> H2Call {
    let mut request = post(host.addr, "/blobs/download", "application/json");
    let raw = "application/octet-stream".parse().expect("a header value");
    request.headers_mut().insert("accept", raw);
    let mut call = connection.request(request, false).await;
    call.send(r#"{"size":1000000000000}"#).await;
    call.finish();
    assert_eq!(call.head().await.status, 200);
    call
}

async fn upload(host: &Host, connection: &H2) -> H2Call {
    let request = post(host.addr, "/load/hold", "application/octet-stream");
    connection.request(request, false).await
}

/// Gives every upload whatever its window still takes.
fn feed(streams: &mut [H2Call]) {
    for call in streams {
        call.sending.reserve_capacity(WINDOW as usize);
        let room = std::future::poll_fn(|cx| call.sending.poll_capacity(cx)).now_or_never();
        if let Some(Some(Ok(room))) = room {
            call.sending
                .send_data(Bytes::from(vec![7; room]), false)
                .ok();
        }
    }
}

/// Memory once it no longer grows.
async fn settled(host: &Host, streams: &mut [H2Call]) -> usize {
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        feed(streams);
        let now = host.rss_kib();
        if now <= last + 256 {
            return now;
        }
        last = now;
    }
}

async fn answered(host: &Host, connection: &H2) {
    let mut call = connection
        .request(
            post(host.addr, "/users/get_user", "application/json"),
            false,
        )
        .await;
    call.send(r#"{"user_id":7}"#).await;
    call.finish();
    assert_eq!(call.head().await.status, 200);
}
