//! Health as `grpc.health.v1` has it, through the life of a host.

use ostler_tests::{Host, Http, Request, Table, within};
use serde_json::{Value, json};

use crate::caller::{Call, Method, Wire, call};
use crate::told::End;

const CHECK: Method = Method::unary("/grpc.health.v1.Health/Check");
const LIST: Method = Method::unary("/grpc.health.v1.Health/List");
const WATCH: Method = Method::stream("/grpc.health.v1.Health/Watch");
const REFLECTION: Method =
    Method::stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");

fn of(service: &str) -> Vec<u8> {
    json!({ "service": service }).to_string().into_bytes()
}

#[tokio::test]
async fn of_services() {
    let host = Host::start(&["matrix"], None).await;
    let addr = host.addr;
    let mut table = Table::new("Health: protocol × service");
    for wire in Wire::ALL {
        for (service, status) in [
            ("", Ok("SERVING")),
            ("test.matrix.v1.Matrix", Ok("SERVING")),
            ("grpc.health.v1.Health", Ok("SERVING")),
            ("test.matrix.v2.Matrix", Err(5)),
        ] {
            let row = async move {
                let told = call(addr, wire, CHECK, &[], &[&of(service)]).await;
                let (replies, code) = match status {
                    Ok(status) => (vec![json!({ "status": status })], 0),
                    Err(code) => (Vec::new(), code),
                };
                assert_eq!((told.json(), told.end.code), (replies, code));
            };
            table.row(format!("{wire}: {service:?}"), row).await;
        }
        let row = async move {
            let told = call(addr, wire, LIST, &[], &[b"{}"]).await;
            let statuses = &told.json()[0]["statuses"];
            for service in ["", "test.matrix.v1.Matrix"] {
                assert_eq!(statuses[service], json!({"status": "SERVING"}));
            }
        };
        table.row(format!("{wire}: all"), row).await;
    }
    table.finish();
}

/// The next message as JSON, or how the call ended.
async fn next(call: &mut Call) -> Result<Value, End> {
    let (_, message) = within("a message", call.next()).await?;
    Ok(serde_json::from_slice(&message).unwrap())
}

/// Who watches is told that a host leaves, and does not hold it up.
#[tokio::test]
async fn of_a_host_that_leaves() {
    let mut host = Host::start(&["matrix"], Some("[server]\ngrace = \"60s\"\n")).await;
    let mut watches = Vec::new();
    for wire in Wire::ALL {
        for (service, before, after) in [
            ("", "SERVING", Some("NOT_SERVING")),
            ("test.matrix.v1.Matrix", "SERVING", Some("NOT_SERVING")),
            ("nobody.v1.Knows", "SERVICE_UNKNOWN", None),
        ] {
            let mut watch = Call::open(host.addr, wire, WATCH, &[]).await;
            watch.send(0, &of(service)).await;
            watch.finish().await;
            assert_eq!(next(&mut watch).await.unwrap(), json!({"status": before}));
            watches.push((watch, after));
        }
    }
    let mut asks = Call::open(host.addr, Wire::ALL[0], REFLECTION, &[]).await;
    asks.send(0, br#"{"listServices":""}"#).await;
    assert!(next(&mut asks).await.unwrap()["listServicesResponse"].is_object());
    let ready = Request::new("GET", "/health");
    let ready = ostler_tests::call(host.addr, Http::One, ready).await;
    assert_eq!(ready.status(), 200);
    host.terminate();
    for (watch, after) in &mut watches {
        if let Some(after) = after {
            assert_eq!(next(watch).await.unwrap(), json!({"status": after}));
        }
        assert_eq!(next(watch).await.unwrap_err().code, 14);
    }
    assert_eq!(next(&mut asks).await.unwrap_err().code, 14);
    let left = within("the host to leave, within its grace", host.wait()).await;
    assert!(left.success());
}
