//! SIGTERM while calls run and keep coming: every request that was taken is
//! answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ostler_tests::{H2, Host, PATIENCE, RawHttp, Step};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::post;

const CALLERS: usize = 16;

#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    lost: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_no_call() {
    let mut host = Host::start(&["users", "spin"], None).await;
    let tally = Arc::new(Tally::default());
    let mut callers = JoinSet::new();
    for i in 0..CALLERS {
        let (addr, tally) = (host.addr, tally.clone());
        callers.spawn(async move { keep_calling(addr, i % 4 == 0, &tally).await });
    }
    // A call that is far from done when the signal comes.
    let connection = H2::connect(host.addr).await;
    let mut slow = connection
        .request(post(host.addr, "/spin/sleep", "application/json"), false)
        .await;
    slow.send(r#"{"ms":1500}"#).await;
    slow.finish();
    while tally.answered.load(Ordering::Relaxed) < 500 {
        tokio::task::yield_now().await;
    }
    host.terminate();
    assert_eq!(slow.head().await.status, 200);
    while callers.join_next().await.is_some() {}
    assert!(host.wait().await.success());
    let lost = tally.lost.load(Ordering::Relaxed);
    let answered = tally.answered.load(Ordering::Relaxed);
    println!("{answered} calls answered, {lost} lost");
    assert_eq!(lost, 0, "of {answered}");
}

/// Calls until the host takes no more connections. A request that was written
/// on an open connection must be answered.
async fn keep_calling(addr: SocketAddr, anew: bool, tally: &Tally) {
    let body = r#"{"user_id":7}"#;
    let request = format!(
        "POST /users/get_user HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    loop {
        // Whether there is still somebody to call.
        match TcpStream::connect(addr).await {
            Ok(probe) => drop(probe),
            Err(_) => return,
        }
        let Ok(mut connection) = connect(addr).await else {
            return;
        };
        loop {
            connection.write(&request).await;
            let Some(head) = connection.try_head("POST").await else {
                tally.lost.fetch_add(1, Ordering::Relaxed);
                return;
            };
            while let Step::Data(_) = connection.read().await {}
            assert_eq!(head.status, 200);
            tally.answered.fetch_add(1, Ordering::Relaxed);
            if anew || head.header("connection") == "close" {
                break;
            }
        }
    }
}

async fn connect(addr: SocketAddr) -> Result<RawHttp, tokio::task::JoinError> {
    // The harness panics when nobody listens: here that is the end of the load.
    let mut set = JoinSet::new();
    set.spawn(RawHttp::connect(addr));
    set.join_next().await.expect("one task")
}

#[tokio::test]
async fn a_stream_that_outlasts_the_grace_is_ended_and_the_host_leaves() {
    let config = "[server]\ngrace = \"500ms\"\n[limits]\ncancel-grace = \"300ms\"\n";
    let mut host = Host::start(&["cancel"], Some(config)).await;
    let connection = H2::connect(host.addr).await;
    let mut upload = connection
        .request(
            post(host.addr, "/cancel/watch", "application/octet-stream"),
            false,
        )
        .await;
    upload.send("some").await;
    // The upload is under way once a later call on its connection is answered.
    let mut other = connection
        .request(post(host.addr, "/cancel/nothing", "application/json"), true)
        .await;
    assert_eq!(other.head().await.status, 404);
    host.terminate();
    tokio::time::timeout(PATIENCE.min(Duration::from_secs(10)), host.wait())
        .await
        .expect("the host leaves soon after its grace");
}
