//! Both directions at their own pace.

use std::net::SocketAddr;

use ostler_tests::{Exchange, Host, Http, Request, Table, call};
use serde_json::{Value, json};

use crate::{open, send};

#[tokio::test]
async fn chat() {
    let host = Host::start(&["chat"], None).await;
    let addr = host.addr;
    let mut table = Table::new("Examples: chat");
    for (what, actions, heard) in rows() {
        let (actions, heard) = (&actions, &heard);
        table
            .both(what, |http| async move {
                let request = Request::json("/chat/talk", actions.to_string());
                let answer = call(addr, http, request).await;
                assert_eq!(answer.status(), 200);
                // A busy machine may leave the room waiting.
                let events = answer.lines().into_iter().filter(|e| !is_quiet(e));
                assert_eq!(&events.collect::<Value>(), heard);
            })
            .await;
    }
    for (what, actions) in [
        ("who says something before joining", json!([{"say": "hi"}])),
        ("who leaves without having come", json!(["leave"])),
    ] {
        let actions = &actions;
        table
            .both(format!("{what} is refused"), |http| async move {
                let request = Request::json("/chat/talk", actions.to_string());
                let answer = call(addr, http, request).await;
                assert_eq!(
                    (answer.status(), &answer.json()["code"]),
                    (400, &json!("failed_precondition"))
                );
            })
            .await;
    }
    table
        .both("the room is heard while the guest is silent", |http| {
            silence(addr, http)
        })
        .await;
    table.finish();
}

fn joined() -> Value {
    json!({"joined": "ada"})
}

fn said(text: &str) -> Value {
    json!({"said": {"user": "echo", "text": format!("ada said: {text}")}})
}

fn left(messages: u32) -> Value {
    json!({"left": {"user": "ada", "messages": messages}})
}

fn rows() -> Vec<(&'static str, Value, Value)> {
    vec![
        (
            "come, talk, go",
            json!([{"join": "ada"}, {"say": "hi"}, {"say": "bye"}, "leave"]),
            json!([joined(), said("hi"), said("bye"), left(2)]),
        ),
        (
            "the end of the actions is a leave",
            json!([{"join": "ada"}, {"say": "hi"}]),
            json!([joined(), said("hi"), left(1)]),
        ),
        (
            "what comes after leaving is not heard",
            json!([{"join": "ada"}, "leave", {"say": "hi"}]),
            json!([joined(), left(0)]),
        ),
        ("nobody comes", json!([]), json!([])),
    ]
}

fn is_quiet(event: &Value) -> bool {
    event.get("quiet").is_some()
}

async fn silence(addr: SocketAddr, http: Http) {
    let mut talk = open(addr, http, "/chat/talk", &json!({"join": "ada"})).await;
    assert_eq!(talk.line().await, Some(joined()));
    for waited in 1..=2 {
        assert_eq!(talk.line().await, Some(json!({"quiet": waited})));
    }
    send(&mut talk, &json!({"say": "hi"})).await;
    assert_eq!(heard(&mut talk).await, said("hi"));
    // It waits anew, and is left although more might be said.
    assert_eq!(talk.line().await, Some(json!({"quiet": 1})));
    send(&mut talk, &json!("leave")).await;
    assert_eq!(heard(&mut talk).await, left(1));
    assert_eq!(talk.line().await, None);
}

/// The next event that is not of silence.
async fn heard(talk: &mut Exchange) -> Value {
    loop {
        let event = talk.line().await.unwrap();
        if !is_quiet(&event) {
            return event;
        }
    }
}
