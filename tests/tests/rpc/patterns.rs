//! Every pattern ends in every way, in every protocol and language alike.

use std::net::SocketAddr;

use ostler_tests::{Host, MATRIX, Table};
use serde_json::{Value, json};

use crate::caller::{Call, Method, Wire, call, frame};
use crate::told::Told;

const DOUBLE: Method = Method::unary("/matrix/double");
const COUNT: Method = Method::stream("/matrix/count");
const SUM: Method = Method::stream("/matrix/sum");
const DOUBLES: Method = Method::stream("/matrix/doubles");

/// What the methods fail with at the number 0.
const REFUSED: &str = "0 is not allowed: ☺ 100 %";

/// What a call is for, what is sent, and what comes back: messages, the code,
/// and the trailer.
type Row = (
    &'static str,
    Method,
    Value,
    Value,
    u32,
    Option<&'static str>,
);

fn rows() -> Vec<Row> {
    let early = Some("early");
    let in_order = Some("in order");
    let hundred: Value = (1..=100).collect();
    let twice: Value = (1..=100).map(|n| n * 2).collect();
    let one = |number: u32| json!([{"number": number}]);
    let count = |items: u32, last: u32| json!([{"items": items, "last": last}]);
    vec![
        ("unary: ok", DOUBLE, one(21), json!([42]), 0, None),
        ("unary: guest error", DOUBLE, one(0), json!([]), 9, early),
        (
            "server streaming: ok",
            COUNT,
            count(100, 1),
            hundred.clone(),
            0,
            None,
        ),
        (
            "server streaming: no items",
            COUNT,
            count(0, 1),
            json!([]),
            0,
            None,
        ),
        (
            "server streaming: guest error",
            COUNT,
            count(0, 0),
            json!([]),
            9,
            early,
        ),
        (
            "server streaming: error after items",
            COUNT,
            count(3, 0),
            json!([1, 2, 3]),
            9,
            early,
        ),
        (
            "client streaming: ok",
            SUM,
            hundred.clone(),
            json!([5050]),
            0,
            None,
        ),
        (
            "client streaming: no items",
            SUM,
            json!([]),
            json!([0]),
            0,
            None,
        ),
        (
            "client streaming: guest error",
            SUM,
            json!([0]),
            json!([]),
            9,
            early,
        ),
        (
            "client streaming: error after items",
            SUM,
            json!([1, 2, 0]),
            json!([]),
            9,
            early,
        ),
        ("bidirectional: ok", DOUBLES, hundred, twice, 0, in_order),
        (
            "bidirectional: no items",
            DOUBLES,
            json!([]),
            json!([]),
            0,
            in_order,
        ),
        (
            "bidirectional: guest error",
            DOUBLES,
            json!([0]),
            json!([]),
            9,
            early,
        ),
        (
            "bidirectional: error after items",
            DOUBLES,
            json!([1, 2, 0]),
            json!([2, 4]),
            9,
            early,
        ),
    ]
}

fn bytes(messages: &Value) -> Vec<Vec<u8>> {
    let messages = messages.as_array().unwrap();
    messages
        .iter()
        .map(|m| m.to_string().into_bytes())
        .collect()
}

async fn tell(addr: SocketAddr, wire: Wire, method: Method, sent: &Value) -> Told {
    let sent = bytes(sent);
    let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    call(addr, wire, method, &[], &sent).await
}

#[tokio::test]
async fn patterns() {
    let mut table = Table::new("RPC: guest × protocol × pattern × ending");
    for guest in MATRIX {
        let host = Host::start(&[guest], None).await;
        for wire in Wire::ALL {
            protocol(&mut table, guest, &host, wire).await;
        }
    }
    table.finish();
}

async fn protocol(table: &mut Table, guest: &str, host: &Host, wire: Wire) {
    let addr = host.addr;
    for (what, method, sent, received, code, trailer) in rows() {
        let row = async move {
            let told = tell(addr, wire, method, &sent).await;
            assert_eq!(Value::from(told.json()), received);
            let text = if code == 0 { "" } else { REFUSED };
            assert_eq!(told.ended(), (code, text));
            assert_eq!(told.trailer("x-ended"), Vec::from_iter(trailer));
        };
        table.row(format!("{guest}, {wire}: {what}"), row).await;
    }
    for (what, method, sent, received) in waiting() {
        let what = format!("{guest}, {wire}: {what}");
        let row = deadline(host, wire, method, &sent, &received);
        table.row(format!("{what}: deadline"), row).await;
        let row = cancel(host, wire, method, &sent);
        table.row(format!("{what}: cancel"), row).await;
    }
    let turns = take_turns(addr, wire);
    table
        .row(format!("{guest}, {wire}: both sides take turns"), turns)
        .await;
    let pieces = bytewise(addr, wire);
    table
        .row(
            format!("{guest}, {wire}: a body in pieces of one byte"),
            pieces,
        )
        .await;
}

async fn bytewise(addr: SocketAddr, wire: Wire) {
    let mut open = Call::open(addr, wire, DOUBLES, &[]).await;
    let all: Vec<_> = (1..=3)
        .flat_map(|n| frame(0, n.to_string().as_bytes()))
        .collect();
    for byte in all {
        open.send_bytes(&[byte]).await;
    }
    open.finish().await;
    assert_eq!(open.rest().await.json(), [2, 4, 6]);
}

/// Calls whose guest waits for its end while its input is open, and what comes
/// before that.
fn waiting() -> [(&'static str, Method, Value, Value); 4] {
    let count = json!([{"items": 2, "last": 1000}]);
    [
        ("unary", DOUBLE, json!([{"number": 1000}]), json!([])),
        ("server streaming", COUNT, count, json!([1, 2])),
        ("client streaming", SUM, json!([1, 1000]), json!([])),
        ("bidirectional", DOUBLES, json!([1, 1000]), json!([2])),
    ]
}

/// Sends messages; one alone is the whole request.
async fn begin(
    addr: SocketAddr,
    wire: Wire,
    method: Method,
    headers: &[(&str, &str)],
    sent: &Value,
) -> Call {
    let mut call = Call::open(addr, wire, method, headers).await;
    let sent = bytes(sent);
    for message in &sent {
        call.send(0, message).await;
    }
    if sent.len() == 1 {
        call.finish().await;
    }
    call
}

async fn deadline(host: &Host, wire: Wire, method: Method, sent: &Value, received: &Value) {
    let cancelled = |line: &str| line.contains("\"cancelled\"") && line.contains("guest");
    let ends = host.log.count(cancelled);
    // Long enough to get there on a busy machine.
    let (name, value) = wire.timeout(300);
    let call = begin(host.addr, wire, method, &[(name, &value)], sent).await;
    let told = call.rest().await;
    assert_eq!(Value::from(told.json()), *received);
    assert_eq!(told.end.code, 4, "{}", told.end.text);
    host.log.wait_count(cancelled, ends + 1).await;
}

/// The call is dropped once its guest waits; the guest sees it.
async fn cancel(host: &Host, wire: Wire, method: Method, sent: &Value) {
    let waiting = |line: &str| line.contains("\"waiting\"");
    let cancelled = |line: &str| line.contains("\"cancelled\"") && line.contains("guest");
    let (waits, ends) = (host.log.count(waiting), host.log.count(cancelled));
    let call = begin(host.addr, wire, method, &[], sent).await;
    host.log.wait_count(waiting, waits + 1).await;
    drop(call);
    host.log.wait_count(cancelled, ends + 1).await;
}

async fn take_turns(addr: SocketAddr, wire: Wire) {
    let mut call = Call::open(addr, wire, DOUBLES, &[]).await;
    for turn in 1..=3 {
        call.send(0, turn.to_string().as_bytes()).await;
        let (_, reply) = call.next().await.unwrap();
        assert_eq!(reply, (turn * 2).to_string());
    }
    call.finish().await;
    assert_eq!(call.next().await.unwrap_err().code, 0);
}
