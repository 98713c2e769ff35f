//! What is deployed sleeps until it is called, and sleeps again for others.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ostler::admin::{Component, Rollout};
use ostler_call::{Body, Code, Head};
use ostler_schema::{Contract, Pattern};
use ostler_tests::caller::{Caller, Fed, Outcome, Transport};
use ostler_tests::{Http, Request, call, component, guest};
use serde_json::json;

use crate::{Admin, Folder};

/// Components of which all are idle, unless `OSTLER_IDLE` says another number.
const IDLE: u32 = 200;
/// What they and their host may take at most, however many they are.
const MAX_RSS_KIB: usize = 500 << 10;
const MAX_START: Duration = Duration::from_secs(5);
/// A restart with a hundred deployments.
const MAX_RESTART: Duration = Duration::from_secs(2);

/// A component whose one method answers with `number`.
fn tiny(number: u32) -> Bytes {
    let name = format!("tiny{number}");
    let wit = format!(
        "package test:{name}; interface {name} {{ answer: func() -> u32; }} \
         world service {{ export {name}; }}"
    );
    let wat = format!(
        "(module (func (export \"test:{name}/{name}#answer\") (result i32) i32.const {number}))"
    );
    component(&wit, &wat).into()
}

async fn deploy(admin: &Admin, number: u32) {
    let rollout = Rollout::default();
    let placed = admin.client.deploy(tiny(number), &rollout, |_| {}).await;
    assert_eq!(placed.unwrap().component, format!("tiny{number}"));
}

async fn deploy_guest(admin: &Admin, name: &str) {
    let bytes = std::fs::read(guest(name)).unwrap();
    let rollout = Rollout::default();
    let placed = admin.client.deploy(bytes.into(), &rollout, |_| {}).await;
    placed.unwrap();
}

/// Calls one of them and sees what it says.
async fn ask(admin: &Admin, number: u32) {
    let request = Request::json(&format!("/tiny{number}/answer"), "{}".to_owned());
    let answer = call(admin.host.addr, Http::One, request).await;
    assert_eq!(answer.text(), number.to_string());
}

fn loaded(components: &[Component]) -> usize {
    let versions = components.iter().flat_map(|c| &c.versions);
    versions.filter(|v| v.loaded).count()
}

#[tokio::test]
async fn the_first_calls_load_a_component_over_any_transport() {
    let folder = Folder::new();
    let admin = folder.start().await;
    for guest_of in ["matrix", "users"] {
        deploy_guest(&admin, guest_of).await;
    }
    admin.stop().await;

    for transport in Transport::ALL {
        let admin = folder.start().await;
        assert_eq!(loaded(&admin.client.list().await.unwrap()), 0);
        let caller = Caller::connect(transport, admin.host.addr).await;
        // All at once: it is loaded for all of them, once.
        let calls = (1..=20).map(async |user| {
            let body = Body::one(json!({"user_id": user}).to_string().into());
            let head = Head::new("users", "get_user");
            match caller.call(head, Pattern::Unary, body).await {
                Ok(reply) => Outcome::of(reply).await,
                Err(status) => status.into(),
            }
        });
        for (user, outcome) in futures_util::future::join_all(calls)
            .await
            .iter()
            .enumerate()
        {
            assert_eq!(outcome.code, Code::Ok, "{transport}: {}", outcome.text);
            let name = format!("user-{}", user + 1);
            assert_eq!(outcome.messages[0]["username"], name);
        }
        let components = admin.client.list().await.unwrap();
        assert_eq!(loaded(&components), 1, "{components:?}");
        let unknown = Head::new("users", "get_nobody");
        let refused = caller
            .call(unknown, Pattern::Unary, Body::one("{}".into()))
            .await;
        let code = match refused {
            Ok(reply) => Outcome::of(reply).await.code,
            Err(status) => status.code(),
        };
        assert!(
            matches!(code, Code::NotFound | Code::Unimplemented),
            "{transport}: {code:?}"
        );
        admin.stop().await;
    }
}

#[test]
fn the_contract_of_every_guest_is_in_what_is_kept_of_it() {
    let folder = guest("users").parent().unwrap().to_owned();
    let mut seen = 0;
    for path in std::fs::read_dir(folder).unwrap() {
        let path = path.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "wasm") {
            continue;
        }
        let component = std::fs::read(&path).unwrap();
        let contract = Contract::from_component(&component).unwrap();
        let extract = Contract::extract(&component).unwrap();
        let kept = Contract::from_extract(&extract).unwrap();
        assert_eq!(format!("{kept:?}"), format!("{contract:?}"), "{path:?}");
        assert!(extract.len() < 64 << 10, "{path:?}: {}", extract.len());
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[tokio::test]
async fn contracts_and_reflection_tell_of_what_sleeps() {
    let folder = Folder::new();
    let admin = folder.start().await;
    for number in 0..3 {
        deploy(&admin, number).await;
    }
    admin.stop().await;
    let admin = folder.start().await;
    let detail = admin.client.inspect("tiny1").await.unwrap();
    assert_eq!(detail.methods[0].name, "answer");
    let request = Request::get("/.well-known/ostler/contract");
    let contract = call(admin.host.addr, Http::One, request).await.json();
    assert_eq!(contract["services"].as_array().unwrap().len(), 3);
    let url = format!("grpc://{}", admin.host.addr);
    for number in 0..3 {
        let mut ostler = ostler_tests::command();
        let service = format!("test.tiny{number}.Tiny{number}");
        let output = ostler
            .args(["call", &url, &format!("{service}.Answer"), "{}"])
            .output();
        let output = output.await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&number.to_string()) || number == 0, "{text}");
        assert!(output.status.success(), "{output:?}");
    }
    admin.stop().await;
}

#[tokio::test]
async fn those_called_least_recently_sleep_unless_they_have_calls() {
    let mut folder = Folder::new();
    folder.server = "loaded = 3".to_owned();
    let admin = folder.start().await;
    for number in 0..6 {
        deploy(&admin, number).await;
    }
    deploy_guest(&admin, "users").await;
    let caller = Caller::connect(Transport::H2c, admin.host.addr).await;
    let head = Head::new("users", "conversation");
    let input = Body::stream(Fed::new(&[json!({"text": "hello", "user": "ada"})], false));
    let open = caller
        .call(head, Pattern::Bidirectional, input)
        .await
        .unwrap();

    let turns = (0..4).map(async |start: u32| {
        for turn in 0..30 {
            ask(&admin, (start + turn * (start + 1)) % 6).await;
        }
    });
    futures_util::future::join_all(turns).await;
    let components = admin.client.list().await.unwrap();
    // One may have been loaded while the others had calls.
    assert!((3..=6).contains(&loaded(&components)), "{components:?}");
    for number in 0..6 {
        ask(&admin, number).await;
    }
    let components = admin.client.list().await.unwrap();
    assert_eq!(loaded(&components), 3, "{components:?}");
    let users = components
        .iter()
        .find(|c| c.name.starts_with("users"))
        .unwrap();
    assert_eq!(
        (users.versions[0].running, users.versions[0].loaded),
        (1, true)
    );
    drop(open);
    admin.stop().await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it measures the host")]
async fn idle_components_cost_little_more_than_their_names() {
    let idle = std::env::var("OSTLER_IDLE").ok();
    let idle = idle.map_or(IDLE, |text| text.parse().unwrap());
    let folder = Folder::new();
    let admin = folder.start().await;
    for number in 0..idle {
        deploy(&admin, number).await;
    }
    admin.stop().await;

    let start = Instant::now();
    let admin = folder.start().await;
    let took = start.elapsed();
    let rss = admin.host.rss_kib();
    let components = admin.client.list().await.unwrap();
    assert_eq!((components.len(), loaded(&components)), (idle as usize, 0));
    let first = Instant::now();
    ask(&admin, idle / 2).await;
    let first = first.elapsed();
    println!("{idle} idle components: ready after {took:?}, {rss} KiB; a first call {first:?}");
    assert!(rss < MAX_RSS_KIB, "{rss} KiB");
    assert!(took < MAX_START, "{took:?}");
    admin.stop().await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it measures the host")]
async fn a_restart_with_many_deployments_is_quick() {
    let folder = Folder::new();
    let admin = folder.start().await;
    for number in 0..98 {
        deploy(&admin, number).await;
    }
    for name in ["matrix-python", "users-javascript"] {
        deploy_guest(&admin, name).await;
    }
    admin.stop().await;

    let start = Instant::now();
    let admin = folder.start().await;
    let took = start.elapsed();
    assert!(took < MAX_RESTART, "{took:?}");
    let mut said = format!("100 deployments: ready after {took:?}; first and second calls:");
    for (what, path, body, answer) in [
        ("by hand", "/tiny9/answer", json!({}), json!(9)),
        ("Python", "/matrix/double", json!({"number": 21}), json!(42)),
        (
            "JavaScript",
            "/users/get_user",
            json!({"user_id": 7}),
            json!({"username": "user-7", "age": 25}),
        ),
    ] {
        write!(said, " {what}").unwrap();
        for _ in 0..2 {
            let request = Request::json(path, body.to_string());
            let start = Instant::now();
            let answered = call(admin.host.addr, Http::One, request).await;
            write!(said, " {:?}", start.elapsed()).unwrap();
            assert_eq!(answered.json(), answer, "{what}");
        }
    }
    println!("{said}");
    admin.stop().await;
}
