//! What is refused, and how each protocol says so.

use std::net::SocketAddr;

use ostler_tests::{Answer, Host, Http, Request, Table};

use crate::caller::{Call, Method, Protocol, Wire, call, frame};

const CONFIG: &str = "limits.message = \"64KiB\"";
const DOUBLE: Method = Method::unary("/matrix/double");
const COUNT: Method = Method::stream("/matrix/count");
const SUM: Method = Method::stream("/matrix/sum");

#[tokio::test]
async fn refusals() {
    let host = Host::start(&["matrix", "users"], Some(CONFIG)).await;
    let addr = host.addr;
    let mut table = Table::new("RPC: refusals");
    for row in heads() {
        let http = row.http;
        let what = format!("{} ({http})", row.what);
        table.row(what, check(addr, row)).await;
    }
    for wire in Wire::ALL {
        for (what, method, body, code, text) in bodies(wire) {
            let row = async move {
                let mut call = Call::open(addr, wire, method, &[]).await;
                call.send_bytes(&body).await;
                call.finish().await;
                let told = call.rest().await;
                assert_eq!(told.end.code, code, "{}", told.end.text);
                assert!(told.end.text.contains(text), "{}", told.end.text);
            };
            table.row(format!("{wire}: {what}"), row).await;
        }
        for (name, value) in [
            (wire.header("grpc-timeout", "connect-timeout-ms"), "soon"),
            (
                wire.header("grpc-timeout", "connect-timeout-ms"),
                "123456789012",
            ),
        ] {
            let row = async move {
                let told = call(addr, wire, SUM, &[(name, value)], &[b"1"]).await;
                assert_eq!(told.end.code, 3, "{}", told.end.text);
                assert!(told.end.text.contains(name), "{}", told.end.text);
            };
            table.row(format!("{wire}: {name}: {value}"), row).await;
        }
        for method in [DOUBLE, SUM] {
            let what = format!("{wire}: {}: too much, and more to come", method.path);
            table.row(what, oversize(addr, wire, method)).await;
        }
    }
    table.finish();
}

/// The client sends on, and is answered.
async fn oversize(addr: SocketAddr, wire: Wire, method: Method) {
    let mut call = Call::open(addr, wire, method, &[]).await;
    if method.streams || wire.protocol != Protocol::Connect {
        call.send_bytes(&frame(0, &[b' '; 70_000])[..60_000]).await;
    }
    for _ in 0..20 {
        call.send_bytes(&[b' '; 60_000]).await;
    }
    let told = call.rest().await;
    assert_eq!(told.end.code, 8, "{}", told.end.text);
}

type Body = (&'static str, Method, Vec<u8>, u32, &'static str);

fn bodies(wire: Wire) -> Vec<Body> {
    let is_connect = wire.protocol == Protocol::Connect;
    let truncated = if is_connect { 3 } else { 13 };
    let one = || frame(0, br#"{"items":1,"last":1}"#);
    let two = [one(), one()].concat();
    let mut rows = vec![
        ("a stream of no request", COUNT, vec![], 12, "none was sent"),
        ("a stream of two requests", COUNT, two, 12, "a second one"),
        (
            "half a prefix",
            SUM,
            b"\0\0".to_vec(),
            truncated,
            "inside a message",
        ),
        (
            "half a message",
            SUM,
            b"\0\0\0\0\x021".to_vec(),
            truncated,
            "inside a message",
        ),
        ("a flag that is none", SUM, frame(4, b"1"), 13, "flag 4"),
        ("an end in a request", SUM, frame(2, b"{}"), 13, "flag 2"),
        (
            "a compressed message",
            SUM,
            frame(1, b"1"),
            13,
            "is not set",
        ),
        ("a message that is none", SUM, frame(0, b"one"), 3, ""),
        (
            "a length over the limit",
            SUM,
            b"\0\xff\xff\xff\xff".to_vec(),
            8,
            "65536 bytes",
        ),
    ];
    if !is_connect {
        let one = || frame(0, br#"{"number":1}"#);
        rows.extend([
            ("no request", DOUBLE, vec![], 12, "none was sent"),
            (
                "two requests",
                DOUBLE,
                [one(), one()].concat(),
                12,
                "a second one",
            ),
            (
                "half a request",
                DOUBLE,
                b"\0\0\0\0\x09{".to_vec(),
                13,
                "inside a message",
            ),
        ]);
    }
    rows
}

/// A request by its head, and what is said.
struct Head {
    what: &'static str,
    http: Http,
    verb: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    status: u16,
    told: &'static [(&'static str, &'static str)],
    text: &'static str,
}

async fn check(addr: SocketAddr, row: Head) {
    let mut request = Request::new(row.verb, row.path);
    for (name, value) in row.headers {
        request = request.header(name, value);
    }
    let answer: Answer = ostler_tests::call(addr, row.http, request).await;
    assert_eq!(
        (answer.status(), answer.text().as_str()),
        (row.status, row.text)
    );
    for (name, value) in row.told {
        assert_eq!(answer.header(name), *value, "{name}");
    }
    assert!(answer.trailers.is_empty());
}

fn heads() -> Vec<Head> {
    const GRPC: (&str, &str) = ("content-type", "application/grpc+json");
    const WEB: (&str, &str) = ("content-type", "application/grpc-web+json");
    const JSON: (&str, &str) = ("content-type", "application/json");
    const STREAM: (&str, &str) = ("content-type", "application/connect+json");
    const CONNECT: (&str, &str) = ("connect-protocol-version", "1");
    const NAMED: &str = "/test.matrix.v1.Matrix/Double";
    const WRONG: &str = "the method cannot be called with this content type, or query";
    let row = |what, verb, path, headers| Head {
        what,
        http: Http::Two,
        verb,
        path,
        headers,
        status: 200,
        told: &[],
        text: "",
    };
    let mut rows = vec![
        Head {
            told: &[
                ("content-type", "application/grpc+json"),
                ("grpc-status", "12"),
                ("grpc-message", "Service 'nobody' not found"),
            ],
            ..row("gRPC: no such service", "POST", "/nobody/a", &[GRPC])
        },
        Head {
            told: &[
                ("content-type", "application/grpc"),
                ("grpc-status", "12"),
                (
                    "grpc-message",
                    "Method 'Nothing' not found in service 'test.matrix.v1.Matrix'",
                ),
            ],
            ..row(
                "gRPC: no such method",
                "POST",
                "/test.matrix.v1.Matrix/Nothing",
                &[("content-type", "application/grpc")],
            )
        },
        Head {
            told: &[
                ("grpc-status", "12"),
                (
                    "grpc-message",
                    "no such path \"/matrix\": methods are called at /SERVICE/METHOD",
                ),
            ],
            ..row("gRPC: no path of a method", "POST", "/matrix", &[GRPC])
        },
        Head {
            status: 405,
            told: &[("allow", "POST")],
            ..row("gRPC: another verb", "DELETE", "/matrix/double", &[GRPC])
        },
        Head {
            status: 415,
            text: WRONG,
            ..row(
                "gRPC: another codec",
                "POST",
                "/matrix/double",
                &[("content-type", "application/grpc+foo")],
            )
        },
    ];
    for http in Http::BOTH {
        rows.extend([
            Head {
                http,
                told: &[("content-type", "application/grpc-web+json"), ("grpc-status", "12"), ("grpc-message", "Method 'b' not found in service 'matrix'")],
                ..row("gRPC-Web: no such method", "POST", "/matrix/b", &[WEB])
            },
            Head {
                http,
                status: 405,
                told: &[("allow", "POST")],
                ..row("gRPC-Web: another verb", "GET", "/matrix/double", &[WEB])
            },
            Head {
                http,
                status: 415,
                text: WRONG,
                ..row("gRPC-Web: another codec", "POST", "/matrix/double", &[("content-type", "application/grpc-web-text+foo")])
            },
            Head {
                http,
                status: 404,
                told: &[("content-type", "text/plain; charset=utf-8")],
                text: "Service 'nobody' not found",
                ..row("Connect: no such service", "POST", "/nobody/a", &[JSON, CONNECT])
            },
            Head {
                http,
                status: 404,
                text: "Method 'B' not found in service 'test.matrix.v1.Matrix'",
                ..row("Connect: no such method", "POST", "/test.matrix.v1.Matrix/B", &[JSON])
            },
            Head {
                http,
                status: 404,
                text: "Method 'b' not found in service 'matrix'",
                ..row("Connect: no such method, streaming", "POST", "/matrix/b", &[STREAM])
            },
            Head {
                http,
                status: 405,
                told: &[("allow", "GET, POST")],
                ..row("Connect: another verb", "DELETE", NAMED, &[JSON])
            },
            Head {
                http,
                status: 405,
                told: &[("allow", "POST")],
                ..row("Connect: another verb, streaming", "PUT", "/matrix/count", &[STREAM])
            },
            Head {
                http,
                status: 415,
                text: WRONG,
                ..row("Connect: another type", "POST", NAMED, &[("content-type", "image/jpeg")])
            },
            Head {
                http,
                status: 415,
                text: WRONG,
                ..row("Connect: no type", "POST", NAMED, &[])
            },
            Head {
                http,
                status: 415,
                text: WRONG,
                ..row("Connect: a stream as one message", "POST", "/matrix/count", &[JSON, CONNECT])
            },
            Head {
                http,
                status: 415,
                text: WRONG,
                ..row("Connect: one message as a stream", "POST", "/matrix/double", &[STREAM])
            },
            Head {
                http,
                status: 400,
                told: &[("content-type", "application/json")],
                text: r#"{"code":"invalid_argument","message":"there is version 1 of the Connect protocol alone: connect-protocol-version must be 1, and connect of a query v1"}"#,
                ..row("Connect: another version", "POST", "/matrix/double", &[JSON, ("connect-protocol-version", "2")])
            },
        ]);
    }
    rows
}
