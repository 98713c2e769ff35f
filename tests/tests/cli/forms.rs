//! Components of other forms than the usual one, their lifecycle, and the host
//! inside another program.

use std::process::Stdio;

use ostler_tests::{
    Host, Http, PATIENCE, Request, Table, call, command, example, field, guest, within,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn resource_form_written_by_hand() {
    let host = Host::start(&["resource-form"], None).await;
    let addr = host.addr;
    let page = |number: u32| json!({"number": number, "text": format!("page {number}")});
    let rows = [
        (
            "unary",
            Request::json("/printing/get_page", r#"{"number":3}"#),
            200,
            vec![page(3)],
        ),
        (
            "an error",
            Request::json("/printing/get_page", r#"{"number":0}"#),
            404,
            vec![json!({"error": "pages count from 1", "code": "not_found"})],
        ),
        (
            "server streaming",
            Request::json("/printing/print", r#"{"pages":2}"#),
            200,
            vec![page(1), page(2)],
        ),
        (
            "client streaming",
            Request::ndjson("/printing/sum", "1\n2\n3\n"),
            200,
            vec![json!(6)],
        ),
        (
            "bidirectional",
            Request::json("/printing/print_each", "[5,6]"),
            200,
            vec![page(5), page(6)],
        ),
    ];
    let mut table = Table::new("A hand-written resource form");
    for (what, request, status, expected) in &rows {
        table
            .both(what, |http| async move {
                let answer = call(addr, http, request.clone()).await;
                assert_eq!((answer.status(), &answer.lines()), (*status, expected));
            })
            .await;
    }
    table.finish();
}

#[tokio::test]
async fn a_component_that_leaves_next_unused() {
    let host = Host::start(&["unused-next"], None).await;
    for http in Http::BOTH {
        for body in [
            "",
            "{\"x\":1,\"y\":2}\n",
            "{\"x\":1,\"y\":2}\n{\"x\":3,\"y\":4}\n",
        ] {
            let answer = call(host.addr, http, Request::ndjson("/unused/ignore", body)).await;
            assert_eq!(
                (answer.status(), answer.json()),
                (200, json!(42)),
                "{http} {body:?}"
            );
        }
    }
}

/// A configuration that serves the lifecycle guest with this as its `config`.
fn lifecycle(config: &str) -> String {
    format!(
        "[[service]]\ncomponent = {:?}\nconfig = {config}\n",
        guest("lifecycle")
    )
}

#[tokio::test]
async fn an_instance_is_started_with_its_configuration() {
    let config = lifecycle(r#"{ colour = "red", size = "7" }"#);
    let host = Host::start(&[], Some(&config)).await;
    for http in Http::BOTH {
        let answer = call(host.addr, http, Request::json("/counted/state", "")).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let state = answer.json();
        let mut pairs: Vec<_> = state["config"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        pairs.sort_unstable();
        assert_eq!(
            (&state["starts"], pairs),
            (&json!(1), vec!["colour=red", "size=7"])
        );
    }
}

#[tokio::test]
async fn an_instance_whose_start_fails_is_unavailable() {
    let host = Host::start(&["users"], Some(&lifecycle(r#"{ fail = "true" }"#))).await;
    for http in Http::BOTH {
        let answer = call(host.addr, http, Request::json("/counted/state", "")).await;
        let text = answer.json()["error"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(
            (answer.status(), &answer.json()["code"]),
            (503, &json!("unavailable"))
        );
        assert!(text.contains("told to fail"), "{text}");
        // Others are not touched by it.
        let other = call(host.addr, http, Request::get("/users/get_user?user_id=7")).await;
        assert_eq!(other.status(), 200);
    }
}

#[tokio::test]
async fn a_deployment_is_started_once_before_its_instances_and_stopped_after_them() {
    let config = lifecycle(r#"{ colour = "red" }"#);
    let mut host = Host::start(&[], Some(&config)).await;
    let said = |text: &'static str| {
        let by_guest = |line: &str| field(line, "target") == "ostler::guest";
        move |line: &str| by_guest(line) && field(line, "message").starts_with(text)
    };
    // Before any call.
    host.wait_for_log(said("deployment started"), PATIENCE)
        .await;
    assert_eq!(host.log.count(said("started")), 0);
    let calls = (0..8).map(|_| call(host.addr, Http::One, Request::json("/counted/state", "")));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.json()["starts"], 1);
    }
    host.terminate();
    // The last of its words.
    host.wait_for_log(said("deployment stopped"), PATIENCE)
        .await;
    let count = |text| host.log.count(said(text));
    assert_eq!(count("deployment started"), 1);
    assert!(count("started") > 0);
    assert_eq!(count("stopped"), count("started"));
    assert!(host.wait().await.success());
}

#[tokio::test]
async fn a_deployment_that_refuses_to_start_does_not_go_live() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, lifecycle(r#"{ fail = "deployment" }"#)).unwrap();
    let mut command = command();
    command.args(["run", "--listen", "127.0.0.1:0", "--config"]);
    let output = command.arg(file.path()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("told to fail as a whole"), "{text}");
}

#[tokio::test]
async fn a_guest_logs_with_its_call() {
    let host = Host::start(&["users"], None).await;
    let request = Request::json("/users/conversation", "[]").header("x-request-id", "call-7");
    assert_eq!(call(host.addr, Http::One, request).await.status(), 200);
    let line = host
        .wait_for_log(|line| line.contains("is over"), PATIENCE)
        .await;
    assert_eq!(field(&line, "service"), "users", "{line}");
    assert_eq!(field(&line, "method"), "conversation", "{line}");
    assert_eq!(field(&line, "call_id"), "call-7", "{line}");
    assert_eq!(field(&line, "tenant"), "default", "{line}");
}

#[tokio::test]
async fn the_host_inside_another_program() {
    let mut command = Command::new(example("embed"));
    command
        .arg(guest("users"))
        .args(["users.get_user", r#"{"user_id":7}"#])
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = within("its address", lines.next_line())
        .await
        .unwrap()
        .unwrap();
    let addr = first
        .trim_start_matches("listening on [")
        .trim_end_matches(']')
        .parse();
    let addr = addr.unwrap_or_else(|e| panic!("{first:?}: {e}"));
    let called = within("its own call", lines.next_line())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(called, r#"{"username":"user-7","age":25}"#);
    for http in Http::BOTH {
        let answer = call(addr, http, Request::get("/users/get_user?user_id=7")).await;
        assert_eq!(answer.status(), 200);
    }
    let pid = child
        .id()
        .and_then(|pid| rustix::process::Pid::from_raw(pid.try_into().ok()?));
    rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::INT).unwrap();
    let last = within("its last words", lines.next_line())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(last, "0 calls were lost");
    assert!(within("its end", child.wait()).await.unwrap().success());
}
