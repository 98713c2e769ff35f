//! The profile of protobuf: binary messages on any path, its JSON on the paths
//! that have protobuf's names.

use ostler_tests::{Host, Http, Request, Table};

use crate::caller::{Method, Wire, call};

const BY_NAME: &str = "/test.matrix.v1.Matrix/Double";

/// What a call is for, its method, the messages sent and received, the code.
type Row = (
    &'static str,
    Method,
    &'static [&'static [u8]],
    &'static [&'static [u8]],
    u32,
);

#[tokio::test]
async fn messages() {
    let host = Host::start(&["matrix", "users", "control"], None).await;
    let addr = host.addr;
    let mut table = Table::new("RPC: the profile of protobuf");
    for wire in Wire::ALL {
        for (what, method, sent, received, code) in rows() {
            let row = async move {
                let told = call(addr, wire, method, &[], sent).await;
                assert_eq!(told.end.code, code, "{}", told.end.text);
                let messages: Vec<_> = told.frames.iter().map(|(_, m)| &m[..]).collect();
                assert_eq!(messages, received);
            };
            table.row(format!("{wire}: {what}"), row).await;
        }
    }
    for http in Http::BOTH {
        let wire = Wire::connect(http);
        table
            .row(
                format!("{wire}: JSON of no bytes is the default"),
                async move {
                    let doubles = Method::stream("/test.matrix.v1.Matrix/Doubles");
                    let told = call(addr, wire, doubles, &[], &[b"{\"value\":1}", b""]).await;
                    assert_eq!((told.json().len(), told.end.code), (1, 9));
                },
            )
            .await;
    }
    table
        .both("Connect by GET, in protobuf", |http| async move {
            let target =
                "/demo.users.v1.Users/GetUser?connect=v1&base64=1&encoding=proto&message=CAc";
            let answer = ostler_tests::call(addr, http, Request::get(target)).await;
            assert_eq!(
                (answer.status(), answer.header("content-type")),
                (200, "application/proto")
            );
            assert_eq!(answer.body, USER_7);
        })
        .await;
    table
        .both(
            "Connect needs no header on a name of protobuf",
            |http| async move {
                let request = Request::json(BY_NAME, r#"{"number":21}"#);
                let answer = ostler_tests::call(addr, http, request).await;
                assert_eq!(
                    (answer.status(), answer.text().as_str()),
                    (200, r#"{"value":42}"#)
                );
            },
        )
        .await;
    table
        .row("gRPC, as its name says without a codec", async {
            let request = Request::new("POST", BY_NAME)
                .header("content-type", "application/grpc")
                .body(&b"\0\0\0\0\x02\x08\x15"[..]);
            let answer = ostler_tests::call(addr, Http::Two, request).await;
            assert_eq!(answer.header("content-type"), "application/grpc");
            assert_eq!(answer.body, &b"\0\0\0\0\x02\x08\x2a"[..]);
            assert_eq!(answer.trailer("grpc-status"), "0");
        })
        .await;
    table.finish();
}

const USER_7: &[u8] = b"\x0a\x06user-7\x10\x19";

fn rows() -> Vec<Row> {
    const DOUBLE: Method = Method::unary(BY_NAME);
    const COUNT: Method = Method::stream("/test.matrix.v1.Matrix/Count");
    const SUM: Method = Method::stream("/test.matrix.v1.Matrix/Sum");
    const DOUBLES: Method = Method::stream("/test.matrix.v1.Matrix/Doubles");
    const NOTHING: Method = Method::unary("/test.control.v1.Control/Nothing");
    const USER: Method = Method::unary("/demo.users.v1.Users/GetUser");
    const ALIAS: Method = Method::unary("/users/get_user");
    const POINTS: Method = Method::stream("/demo.users.v1.Users/Aggregate");
    vec![
        ("unary", DOUBLE.proto(), &[b"\x08\x15"], &[b"\x08\x2a"], 0),
        ("unary: guest error", DOUBLE.proto(), &[b""], &[], 9),
        ("unary: no protobuf", DOUBLE.proto(), &[b"\x08"], &[], 3),
        ("a record", USER.proto(), &[b"\x08\x07"], &[USER_7], 0),
        ("an alias", ALIAS.proto(), &[b"\x08\x07"], &[USER_7], 0),
        (
            "no parameter, no result",
            NOTHING.proto(),
            &[b""],
            &[b""],
            0,
        ),
        (
            "server streaming",
            COUNT.proto(),
            &[b"\x08\x02\x10\x01"],
            &[b"\x08\x01", b"\x08\x02"],
            0,
        ),
        (
            "server streaming: error after items",
            COUNT.proto(),
            &[b"\x08\x01"],
            &[b"\x08\x01"],
            9,
        ),
        (
            "client streaming",
            SUM.proto(),
            &[b"\x08\x01", b"\x08\x02"],
            &[b"\x08\x03"],
            0,
        ),
        ("client streaming: no items", SUM.proto(), &[], &[b""], 0),
        (
            "bidirectional",
            DOUBLES.proto(),
            &[b"\x08\x01", b"\x08\x02"],
            &[b"\x08\x02", b"\x08\x04"],
            0,
        ),
        (
            "bidirectional: an item of no bytes is 0",
            DOUBLES.proto(),
            &[b"\x08\x01", b""],
            &[b"\x08\x02"],
            9,
        ),
        (
            "JSON: unary",
            DOUBLE,
            &[b"{\"number\":\"21\"}"],
            &[b"{\"value\":42}"],
            0,
        ),
        ("JSON: defaults", DOUBLE, &[b"{}"], &[], 9),
        (
            "JSON: a record",
            USER,
            &[b"{\"userId\":\"7\"}"],
            &[b"{\"username\":\"user-7\",\"age\":25}"],
            0,
        ),
        (
            "JSON: no parameter, no result",
            NOTHING,
            &[b"{}"],
            &[b"{}"],
            0,
        ),
        (
            "JSON: 64 bits are text",
            POINTS,
            &[b"{\"value\":1.5}"],
            &[b"{\"count\":\"1\",\"average\":1.5,\"total\":1.5}"],
            0,
        ),
        (
            "JSON: an array is no stream",
            SUM,
            &[b"[{\"value\":1}]"],
            &[],
            3,
        ),
        (
            "JSON: bidirectional",
            DOUBLES,
            &[b"{\"value\":1}", b"{\"value\":2}"],
            &[b"{\"value\":2}", b"{\"value\":4}"],
            0,
        ),
    ]
}
