//! Connections: how requests follow each other on one, and the paths that are
//! no methods.

use ostler_tests::{H2, Host, Http, RawHttp, Request, Step, Table, call};
use serde_json::{Value, json};

use crate::{answers, error, user};

#[tokio::test]
async fn connections() {
    let host = Host::start(&["users"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: connections");
    table
        .row("a connection is used again (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            for id in 1..=3 {
                connection.write(get_user(id)).await;
                assert_eq!(body(&mut connection, "GET").await, (200, user(id)));
            }
            // After a refusal too.
            connection
                .write("GET /no/such HTTP/1.1\r\nhost: h\r\n\r\n")
                .await;
            assert_eq!(body(&mut connection, "GET").await.0, 404);
            connection.write(get_user(4)).await;
            assert_eq!(body(&mut connection, "GET").await, (200, user(4)));
        })
        .await;
    table
        .row(
            "pipelined requests are answered in order (HTTP/1.1)",
            async {
                let mut connection = RawHttp::connect(addr).await;
                connection
                    .write((1..=20).map(get_user).collect::<String>())
                    .await;
                for id in 1..=20 {
                    assert_eq!(body(&mut connection, "GET").await, (200, user(id)));
                }
            },
        )
        .await;
    table
        .row("connection: close is obeyed (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            connection
                .write("GET /health HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
                .await;
            assert_eq!(body(&mut connection, "GET").await.0, 200);
            assert_eq!(connection.ended().await, "");
        })
        .await;
    table
        .row(
            "Expect: 100-continue is answered before the body (HTTP/1.1)",
            async {
                let mut connection = RawHttp::connect(addr).await;
                let head = "POST /users/get_user HTTP/1.1\r\nhost: h\r\ncontent-length: 13\r\n\
                        content-type: application/json\r\nexpect: 100-continue\r\n\r\n";
                connection.write(head).await;
                assert_eq!(connection.head("POST").await.status, 100);
                connection.write(r#"{"user_id":7}"#).await;
                assert_eq!(body(&mut connection, "POST").await, (200, user(7)));
            },
        )
        .await;
    table
        .row("Expect: 100-continue of a refused request is the refusal (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            let head = "POST /no/such HTTP/1.1\r\nhost: h\r\ncontent-length: 13\r\nexpect: 100-continue\r\n\r\n";
            connection.write(head).await;
            assert_eq!(connection.head("POST").await.status, 404);
        })
        .await;
    table
        .row("a request byte by byte (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            for byte in get_user(7).into_bytes() {
                connection.write([byte]).await;
            }
            assert_eq!(body(&mut connection, "GET").await, (200, user(7)));
        })
        .await;
    table
        .row("a chunked body with extensions and trailers (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            let request = "POST /users/get_user HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n\
                           4;x=y\r\n{\"us\r\n9\r\ner_id\":7}\r\n0\r\nx-trailer: 1\r\n\r\n";
            connection.write(request).await;
            assert_eq!(body(&mut connection, "POST").await, (200, user(7)));
            connection.write(get_user(8)).await;
            assert_eq!(body(&mut connection, "GET").await, (200, user(8)));
        })
        .await;
    table
        .row("the target with its host (HTTP/1.1)", async {
            let mut connection = RawHttp::connect(addr).await;
            connection
                .write("GET http://h/users/get_user?user_id=7 HTTP/1.1\r\nhost: h\r\n\r\n")
                .await;
            assert_eq!(body(&mut connection, "GET").await, (200, user(7)));
        })
        .await;
    table
        .row("100 streams of one connection at once (h2c)", async {
            let connection = H2::connect(addr).await;
            let mut calls = Vec::new();
            for id in 1..=100_u64 {
                let uri = format!("http://{addr}/users/get_user?user_id={id}");
                let request = http::Request::get(uri).body(()).unwrap();
                calls.push((id, connection.request(request, true).await));
            }
            // The last first: none waits for another.
            for (id, mut call) in calls.into_iter().rev() {
                assert_eq!(call.head().await.status, 200);
                let Step::Data(data) = call.read().await else {
                    panic!("no body");
                };
                assert_eq!(serde_json::from_slice::<Value>(&data).unwrap(), user(id));
            }
        })
        .await;
    table
        .row("both versions on one port at once", async {
            let one = RawHttp::connect(addr).await;
            let two = H2::connect(addr).await;
            assert_eq!(
                call(addr, Http::One, Request::get("/health"))
                    .await
                    .status(),
                200
            );
            assert_eq!(
                call(addr, Http::Two, Request::get("/health"))
                    .await
                    .status(),
                200
            );
            drop((one, two));
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn paths_that_are_no_methods() {
    let host = Host::start(&["users", "blobs"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: health and contract");
    let health = json!({"status": "ok"});
    let verb = "this path is read by GET";
    answers(
        &mut table,
        addr,
        [
            ("/health", Request::get("/health"), 200, health),
            (
                "/health by POST",
                Request::json("/health", "{}"),
                405,
                error(verb, "unimplemented"),
            ),
        ],
    )
    .await;
    table
        .both(
            "/health is written as MicroAPI writes it",
            |http| async move {
                let answer = call(addr, http, Request::get("/health")).await;
                assert_eq!(answer.text(), r#"{"status": "ok"}"#);
            },
        )
        .await;
    table
        .both("the contract", |http| async move {
            let answer = call(addr, http, Request::get("/.well-known/ostler/contract")).await;
            assert_eq!(answer.status(), 200);
            contract(&answer.json());
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn the_contract_can_be_switched_off() {
    let host = Host::start(&["users"], Some("server.http.contract = false")).await;
    for http in Http::BOTH {
        let answer = call(
            host.addr,
            http,
            Request::get("/.well-known/ostler/contract"),
        )
        .await;
        assert_eq!(answer.status(), 404, "{http}");
    }
}

fn contract(contract: &Value) {
    assert_eq!(contract["format"], 1);
    let services = contract["services"].as_array().unwrap();
    let names: Vec<_> = services.iter().map(|service| &service["name"]).collect();
    assert_eq!(names, ["users", "blobs"]);
    assert_eq!(services[0]["package"], "demo:users@1.0.0");
    let method = |name: &str, pattern: &str, idempotent: bool| json!({"name": name, "pattern": pattern, "idempotent": idempotent});
    let methods = [
        method("get_user", "unary", true),
        method("list_users", "server_streaming", true),
        method("aggregate", "client_streaming", false),
        method("conversation", "bidi_streaming", false),
    ];
    assert_eq!(services[0]["methods"], Value::from(methods.to_vec()));
    let wit: String = contract["wit"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_str)
        .collect();
    assert!(wit.contains("/// Everything about users."), "{wit}");
    assert!(wit.contains("interface blobs"), "{wit}");
    assert!(contract.get("lock").is_some(), "{contract}");
}

fn get_user(id: u64) -> String {
    format!("GET /users/get_user?user_id={id} HTTP/1.1\r\nhost: h\r\n\r\n")
}

/// The status and the whole JSON body of the next response.
async fn body(connection: &mut RawHttp, verb: &str) -> (u16, Value) {
    let head = connection.head(verb).await;
    let mut body = Vec::new();
    loop {
        match connection.read().await {
            Step::Data(data) => body.extend_from_slice(&data),
            Step::End(_) => break,
            Step::Broken(why) => panic!("{why}"),
        }
    }
    (head.status, serde_json::from_slice(&body).unwrap())
}
