//! Errors: their place, number and text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::HeaderMap;
use ostler_tests::{H2, Host, Http, PATIENCE, Request, Step, Table};

use crate::{Call, call, frame, frames};

const CONFIG: &str = "limits.message = \"1KiB\"";

/// What is wrong, the path, headers and body, and the status and text.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    Bytes,
    (&'static str, &'static str),
);

#[tokio::test]
async fn errors() {
    let host = Host::start(&["users", "control", "spin", "cancel"], Some(CONFIG)).await;
    let addr = host.addr;
    let mut table = Table::new("gRPC+JSON: errors");
    for (what, path, headers, body, told) in rows() {
        table
            .row(what, async move {
                let reply = call(addr, path, headers, body).await;
                assert_eq!(
                    (reply.trailer("grpc-status"), reply.trailer("grpc-message")),
                    told
                );
                assert_eq!((reply.head.status, reply.messages.len()), (200, 0));
                assert_eq!(reply.head.header("content-type"), "application/grpc+json");
                assert!(reply.trailers_only);
            })
            .await;
    }
    for (number, code) in CODES {
        table
            .row(format!("{code} is {number}, with details"), async move {
                let failure = format!(r#"{{"code":"{code}","message":"5% ☺","details":["d"]}}"#);
                let reply = call(addr, "/control/fail", &[], frame(&failure)).await;
                assert_eq!(reply.told(), (vec![], number.to_string().as_str()));
                assert_eq!(reply.trailer("grpc-message"), "5%25 %E2%98%BA");
                let details = reply.trailer("grpc-status-details-bin");
                let details = STANDARD_NO_PAD.decode(details).unwrap();
                assert_eq!(details[..4], [1 << 3, number, 2 << 3 | 2, 6]);
                let name = b"google.protobuf.StringValue";
                assert!(details.windows(name.len()).any(|at| at == name));
            })
            .await;
    }
    table
        .row("after messages the status is in the trailers", async move {
            let body = frame(r#"{"items":2,"code":"data_loss"}"#);
            let reply = call(addr, "/control/send", &[], body).await;
            assert_eq!(reply.told(), (vec!["1", "2"], "15"));
            assert_eq!(reply.trailer("grpc-message"), "after 2 items");
            assert!(!reply.trailers_only);
        })
        .await;
    table
        .row("a malformed message after a good one", async move {
            let body = frames(&[r#"{"text":"hi","user":"ada"}"#, "no JSON"]);
            let reply = call(addr, "/users/conversation", &[], body).await;
            assert_eq!(
                (reply.messages.len(), reply.trailer("grpc-status")),
                (1, "3")
            );
        })
        .await;
    table
        .row("compression that is not known", async move {
            let brotli = [("grpc-encoding", "br")];
            let reply = call(addr, "/users/get_user", &brotli, frame("{}")).await;
            assert_eq!(reply.told(), (vec![], "12"));
            assert_eq!(reply.head.header("grpc-accept-encoding"), "gzip");
        })
        .await;
    table
        .row("a request that does not come: the deadline", async move {
            let call = Call::open(addr, "/users/get_user", &[("grpc-timeout", "100m")]).await;
            assert_eq!(call.rest().await.told(), (vec![], "4"));
        })
        .await;
    table
        .row("a client that goes away cancels the call", async {
            let id = "grpc-json-cancel";
            let mut call = Call::open(addr, "/cancel/count", &[("x-request-id", id)]).await;
            call.send("{}").await;
            call.call.finish();
            assert_eq!(call.call.head().await.status, 200);
            assert_eq!(call.message().await.unwrap(), "0");
            call.call.reset();
            let ended = |line: &str| line.contains(id) && line.contains("send failed");
            host.wait_for_log(ended, PATIENCE).await;
        })
        .await;
    table
        .row("any other verb than POST: 405", async move {
            let request = http::Request::get(format!("http://{addr}/users/get_user"))
                .header("content-type", "application/grpc+json");
            let connection = H2::connect(addr).await;
            let mut call = connection.request(request.body(()).unwrap(), true).await;
            let head = call.head().await;
            assert_eq!((head.status, head.header("allow")), (405, "POST"));
            assert!(
                matches!(call.read().await, Step::End(trailers) if trailers == HeaderMap::new())
            );
        })
        .await;
    table
        .row("HTTP/1.1 has no gRPC: 415", async move {
            let request = Request::new("POST", "/users/get_user")
                .header("content-type", "application/grpc+json")
                .body(frame("{}"));
            let answer = ostler_tests::call(addr, Http::One, request).await;
            assert_eq!(answer.status(), 415);
        })
        .await;
    table.finish();
}

const CODES: [(u8, &str); 16] = [
    (1, "cancelled"),
    (2, "unknown"),
    (3, "invalid_argument"),
    (4, "deadline_exceeded"),
    (5, "not_found"),
    (6, "already_exists"),
    (7, "permission_denied"),
    (8, "resource_exhausted"),
    (9, "failed_precondition"),
    (10, "aborted"),
    (11, "out_of_range"),
    (12, "unimplemented"),
    (13, "internal"),
    (14, "unavailable"),
    (15, "data_loss"),
    (16, "unauthenticated"),
];

fn rows() -> Vec<Row> {
    let bytes = Bytes::from_static;
    let large = "x".repeat(2000);
    vec![
        (
            "no such service",
            "/nobody/get_user",
            &[],
            frame("{}"),
            ("12", "Service 'nobody' not found"),
        ),
        (
            "no such method",
            "/users/nothing",
            &[],
            frame("{}"),
            ("12", "Method 'nothing' not found in service 'users'"),
        ),
        (
            "a path that is no method's",
            "/users",
            &[],
            frame("{}"),
            (
                "12",
                "no such path \"/users\": methods are called at /SERVICE/METHOD",
            ),
        ),
        (
            "no message",
            "/users/get_user",
            &[],
            Bytes::new(),
            ("12", "this method takes one request message; none was sent"),
        ),
        (
            "two messages",
            "/users/get_user",
            &[],
            frames(&["{}", "{}"]),
            (
                "12",
                "this method takes one request message; a second one was sent",
            ),
        ),
        (
            "a compressed message",
            "/users/get_user",
            &[],
            bytes(b"\x01\0\0\0\x02{}"),
            (
                "13",
                "a message is compressed, but grpc-encoding is not set",
            ),
        ),
        (
            "a compressed message in a stream",
            "/users/aggregate",
            &[],
            bytes(b"\x01\0\0\0\x02{}"),
            (
                "13",
                "a message is compressed, but grpc-encoding is not set",
            ),
        ),
        (
            "half a message",
            "/users/get_user",
            &[],
            bytes(b"\0\0\0\0\x03{}"),
            ("13", "the body ended inside a message"),
        ),
        (
            "half a prefix",
            "/users/aggregate",
            &[],
            bytes(b"\0\0"),
            ("13", "the body ended inside a message"),
        ),
        (
            "a message over the limit",
            "/users/get_user",
            &[],
            frame(&large),
            ("8", "a message has more than the 1024 bytes allowed"),
        ),
        (
            "a message without a field",
            "/users/get_user",
            &[],
            frame("{}"),
            ("3", "user_id: missing required field"),
        ),
        (
            "a timeout that is none",
            "/users/get_user",
            &[("grpc-timeout", "1s")],
            frame(r#"{"user_id":7}"#),
            (
                "3",
                "grpc-timeout must be at most eight digits and one of the units H M S m u n",
            ),
        ),
        (
            "a guest past its deadline",
            "/spin/sleep",
            &[("grpc-timeout", "100m")],
            frame(r#"{"ms":20000}"#),
            ("4", "the deadline passed"),
        ),
    ]
}
