//! A host that is told to stop ends its sockets in order.

use ostler_tests::{Host, Socket, field};
use serde_json::{Value, json};

use crate::talk;

#[tokio::test]
async fn calls_are_finished_and_idle_sockets_closed() {
    let mut host = Host::start(&["users"], None).await;
    let mut idle = Socket::ostler(host.addr).await;
    let mut busy = Socket::ostler(host.addr).await;
    let (message, reply) = talk("hi");
    busy.request("1", "users.conversation", Value::Null).await;
    busy.push("1", message.clone()).await;
    assert_eq!(busy.envelope().await["payload"], reply);
    host.terminate();
    assert_eq!(
        idle.closed().await,
        Some((1001, "the host shuts down".to_owned()))
    );
    // The open call goes on as before.
    busy.push("1", message).await;
    assert_eq!(busy.envelope().await["payload"], reply);
    // A new one is refused, if it does not come too late to be read at all.
    busy.request("2", "users.get_user", json!({"user_id": 1}))
        .await;
    let refused = busy.of("2").await;
    assert_eq!(refused["status_code"], 14, "{refused}");
    busy.end("1").await;
    assert_eq!(busy.of("1").await["type"], "stream_end");
    assert_eq!(
        busy.closed().await,
        Some((1001, "the host shuts down".to_owned()))
    );
    assert!(host.wait().await.success());
    let stopped = |line: &str| line.contains("no call was lost");
    let line = host.wait_for_log(stopped, ostler_tests::PATIENCE).await;
    assert_eq!(field(&line, "level"), "INFO");
}

#[tokio::test]
async fn calls_that_do_not_end_are_told_when_the_grace_is_over() {
    let mut host = Host::start(&["users"], Some("[server]\ngrace = \"300ms\"\n")).await;
    let mut busy = Socket::ostler(host.addr).await;
    busy.request("1", "users.conversation", Value::Null).await;
    busy.push("1", talk("hi").0).await;
    busy.envelope().await;
    host.terminate();
    busy.closed().await;
    host.wait().await;
}
