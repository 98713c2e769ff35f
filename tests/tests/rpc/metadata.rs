//! Metadata before and after the messages, and the details of errors.

use std::net::SocketAddr;

use ostler_tests::{Host, Table};
use serde_json::{Value, json};

use crate::caller::{Method, Protocol, Wire, call};
use crate::told::CODES;

const CONTEXT: Method = Method::unary("/control/context");
const SET: Method = Method::unary("/control/set");
const SEND: Method = Method::stream("/control/send");
const FAIL: Method = Method::unary("/control/fail");

#[tokio::test]
async fn metadata() {
    let host = Host::start(&["control"], None).await;
    let addr = host.addr;
    let mut table = Table::new("RPC: metadata");
    for wire in Wire::ALL {
        table
            .row(format!("{wire}: of a request"), inbound(addr, wire))
            .await;
        table
            .row(format!("{wire}: of a reply"), outbound(addr, wire))
            .await;
        table
            .row(format!("{wire}: around a stream"), around(addr, wire))
            .await;
        for number in 1..=16 {
            let what = format!("{wire}: code {number}, with details");
            table.row(what, failure(addr, wire, number)).await;
        }
        let row = async move {
            let bad = [("name", "\u{e9}")];
            let told = call(addr, wire, CONTEXT, &bad, &[b"{}"]).await;
            assert_eq!(told.end.code, 3);
            assert!(told.end.text.contains("\"name\""), "{}", told.end.text);
        };
        table
            .row(format!("{wire}: a value that is not ASCII"), row)
            .await;
    }
    table.finish();
}

async fn inbound(addr: SocketAddr, wire: Wire) {
    let (timeout, value) = wire.timeout(5000);
    let headers = [
        ("team", "blue"),
        ("team", "red"),
        ("trace-bin", "AQI="),
        ("pair-bin", "AQ, Ag=="),
        (timeout, &value),
        ("user-agent", "a test"),
        ("x-user-agent", "a test"),
        ("accept-encoding", "br"),
        ("ostler-x", "stripped"),
    ];
    let told = call(addr, wire, CONTEXT, &headers, &[b"{}"]).await;
    let seen = &told.json()[0];
    let pair = |key: &str, value: &str| json!({"key": key, "value": value});
    let expected = json!([
        pair("team", "blue"),
        pair("team", "red"),
        pair("trace-bin", "AQI"),
        pair("pair-bin", "AQ"),
        pair("pair-bin", "Ag"),
    ]);
    assert_eq!(seen["metadata"], expected);
    let left = seen["remaining"].as_u64().unwrap();
    assert!((4000..=5000).contains(&left), "{left}");
}

async fn outbound(addr: SocketAddr, wire: Wire) {
    let pair = |key: &str, value: &str| json!({"key": key, "value": value});
    let message = json!({
        "headers": [pair("a", "1"), pair("a", "2"), pair("h-bin", "AQI"), pair("content-type", "x/y"), pair("grpc-status", "3"), pair("access-control-allow-origin", "*")],
        "trailers": [pair("b", "3"), pair("b", "4"), pair("t-bin", "AwQ"), pair("connection", "close"), pair("connect-x", "y")],
    });
    let told = call(addr, wire, SET, &[], &[message.to_string().as_bytes()]).await;
    assert_eq!(told.ended(), (0, ""));
    let all = |name| told.head.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(all("a"), ["1", "2"]);
    assert_eq!(all("h-bin"), ["AQI"]);
    assert_eq!(all("access-control-allow-origin"), [] as [&str; 0]);
    assert_eq!(told.trailer("b"), ["3", "4"]);
    assert_eq!(told.trailer("t-bin"), ["AwQ"]);
    for name in ["connection", "connect-x"] {
        assert_eq!(told.trailer(name), [] as [&str; 0], "{name}");
    }
}

async fn around(addr: SocketAddr, wire: Wire) {
    for (code, number) in [(Value::Null, 0), (json!("data_loss"), 15)] {
        let message = json!({"items": 2, "code": code});
        let told = call(addr, wire, SEND, &[], &[message.to_string().as_bytes()]).await;
        assert_eq!(told.json(), [1, 2]);
        assert_eq!(told.end.code, number);
        assert_eq!(told.head.header("x-first"), "before the items");
        assert_eq!(told.trailer("x-last"), ["after the items"]);
    }
}

/// Details are `google.protobuf.StringValue`s, which are the same bytes in
/// every protocol.
async fn failure(addr: SocketAddr, wire: Wire, number: u32) {
    let code = match CODES[number as usize] {
        "canceled" => "cancelled",
        code => code,
    };
    let message = json!({"code": code, "message": "\r\n5% ☺ 😈", "details": ["d"]}).to_string();
    let told = call(addr, wire, FAIL, &[], &[message.as_bytes()]).await;
    assert_eq!(told.ended(), (number, "\r\n5% ☺ 😈"));
    assert!(told.frames.is_empty());
    let details = match wire.protocol {
        Protocol::Connect => {
            r#"[{"type":"google.protobuf.StringValue","value":"CgFk"}]"#.to_owned()
        }
        _ => status(number),
    };
    assert_eq!(told.end.details, details);
}

/// `google.rpc.Status` with that number, in base64.
fn status(number: u32) -> String {
    use base64::Engine as _;
    let text = "\r\n5% ☺ 😈".as_bytes();
    let name = b"type.googleapis.com/google.protobuf.StringValue";
    let mut any = vec![0x0a, u8::try_from(name.len()).unwrap()];
    any.extend_from_slice(name);
    any.extend_from_slice(b"\x12\x03\x0a\x01d");
    let mut status = vec![
        0x08,
        u8::try_from(number).unwrap(),
        0x12,
        u8::try_from(text.len()).unwrap(),
    ];
    status.extend_from_slice(text);
    status.extend_from_slice(&[0x1a, u8::try_from(any.len()).unwrap()]);
    status.extend_from_slice(&any);
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(status)
}
