//! Calls from pages of other origins.

use std::net::SocketAddr;

use ostler_tests::{Answer, Host, Http, Request, Table};

use crate::caller::{Method, Wire, call};

const CONFIG: &str = r#"server.http.origins = ["https://app.example"]"#;
const APP: (&str, &str) = ("origin", "https://app.example");
const STRANGER: (&str, &str) = ("origin", "https://other.example");
const SET: Method = Method::unary("/control/set");
const SETS: &[u8] =
    br#"{"headers":[{"key":"x-a","value":"1"}],"trailers":[{"key":"x-b","value":"2"}]}"#;

async fn preflight(addr: SocketAddr, http: Http, origin: (&str, &str)) -> Answer {
    let request = Request::new("OPTIONS", "/test.control.v1.Control/Set")
        .header(origin.0, origin.1)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-team");
    ostler_tests::call(addr, http, request).await
}

#[tokio::test]
async fn cors() {
    let host = Host::start(&["control"], Some(CONFIG)).await;
    let addr = host.addr;
    let own = format!("http://{addr}");
    let own = ("origin", own.as_str());
    let mut table = Table::new("RPC: CORS");
    for (what, origin) in [("a listed origin", APP), ("the host's own", own)] {
        table
            .both(format!("preflight of {what}"), |http| async move {
                let answer = preflight(addr, http, origin).await;
                assert_eq!((answer.status(), answer.body.len()), (204, 0));
                let said = |name| answer.head.headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>().join(",");
                assert_eq!(said("access-control-allow-origin"), origin.1);
                assert_eq!(said("access-control-allow-methods"), "POST,GET");
                let headers = "Content-Type,Connect-Protocol-Version,Connect-Timeout-Ms,Grpc-Timeout,X-Grpc-Web,X-User-Agent,Authorization,content-type,x-team";
                assert_eq!(said("access-control-allow-headers"), headers);
                assert_eq!(said("access-control-max-age"), "7200");
                assert!(said("vary").contains("Origin"));
            })
            .await;
    }
    table
        .both("preflight of a stranger", |http| async move {
            let answer = preflight(addr, http, STRANGER).await;
            assert_eq!(
                (
                    answer.status(),
                    answer.header("access-control-allow-origin")
                ),
                (403, "")
            );
            assert!(answer.text().contains("https://other.example"));
        })
        .await;
    for wire in Wire::ALL {
        let row = async move {
            let told = call(addr, wire, SET, &[APP], &[SETS]).await;
            assert_eq!(told.head.header("access-control-allow-origin"), APP.1);
            let exposed = told.head.header("access-control-expose-headers");
            let is_exposed = |name: &str| exposed.split(',').any(|n| n.eq_ignore_ascii_case(name));
            for name in [
                "grpc-status",
                "grpc-message",
                "grpc-status-details-bin",
                "x-a",
            ] {
                assert!(is_exposed(name), "{name} of {exposed}");
            }
            let in_headers = told.head.headers.contains_key("trailer-x-b");
            assert_eq!(is_exposed("trailer-x-b"), in_headers);
            assert_eq!(told.head.header("vary"), "Origin");
        };
        table.row(format!("{wire}: a listed origin"), row).await;
        let row = async move {
            let told = call(addr, wire, SET, &[STRANGER], &[SETS]).await;
            assert_eq!(told.head.header("access-control-allow-origin"), "");
            assert_eq!(told.head.header("access-control-expose-headers"), "");
        };
        table.row(format!("{wire}: a stranger"), row).await;
    }
    table
        .both("plain calls, and errors", |http| async move {
            for path in ["/control/context", "/control/none"] {
                let request = Request::json(path, "{}").header(APP.0, APP.1);
                let answer = ostler_tests::call(addr, http, request).await;
                assert_eq!(answer.header("access-control-allow-origin"), APP.1);
            }
            let request = Request::json("/control/context", "{}");
            let answer = ostler_tests::call(addr, http, request).await;
            assert_eq!(
                (
                    answer.header("access-control-allow-origin"),
                    answer.header("vary")
                ),
                ("", "")
            );
        })
        .await;
    table.finish();
}
