//! Metadata in and out, before and after the messages.

use ostler_tests::{Answer, Host, Http, Request, Table, call};
use serde_json::{Value, json};

use crate::error;

const CONFIG: &str = r#"server.http.metadata = ["X-Own-Header"]"#;

/// A slow guest computes on the guest lane, and ends there at any moment.
#[tokio::test]
async fn headers_of_a_guest_on_the_lane() {
    let host = Host::start(&["control-python"], None).await;
    for _ in 0..200 {
        let request = Request::json("/control/send", r#"{"items":300,"code":null}"#);
        let answer = call(host.addr, Http::One, request).await;
        assert_eq!(answer.header("x-microapi-x-first"), "before the items");
    }
}

#[tokio::test]
async fn metadata() {
    let host = Host::start(&["users", "control"], Some(CONFIG)).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: metadata");
    for (what, headers, pairs) in inbound() {
        let (headers, pairs) = (&headers, &pairs);
        table
            .both(what, |http| async move {
                let seen = context(addr, http, headers).await;
                let expected: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| json!({"key": key, "value": value}))
                    .collect();
                assert_eq!(seen["metadata"], Value::from(expected));
            })
            .await;
    }
    table
        .both("what the context says of a call", |http| async move {
            let seen = context(addr, http, &[("x-request-id", "id-7")]).await;
            let of = |key: &str| seen[key].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                (of("service"), of("method")),
                ("control".to_owned(), "context".to_owned())
            );
            assert_eq!(
                (of("call_id"), of("tenant")),
                ("id-7".to_owned(), "default".to_owned())
            );
            assert!(of("peer").starts_with("127.0.0.1:"), "{seen}");
            assert_eq!(
                (&seen["cancelled"], &seen["draining"]),
                (&json!(false), &json!(false))
            );
            assert_eq!(seen["principal"], Value::Null);
        })
        .await;
    table
        .both(
            "calls without an id get different ones",
            |http| async move {
                let one = context(addr, http, &[]).await;
                let other = context(addr, http, &[]).await;
                assert_ne!(one["call_id"], other["call_id"]);
            },
        )
        .await;
    table
        .both("a value that is not ASCII", |http| async move {
            let request = Request::get("/control/context").header("x-microapi-a", "é");
            let answer = call(addr, http, request).await;
            let text = "the value of metadata key \"a\" is not printable ASCII; use a key ending in -bin with base64";
            assert_eq!((answer.status(), answer.json()), (400, error(text, "invalid_argument")));
        })
        .await;
    table
        .both(
            "headers of a unary reply, repeated ones too",
            |http| async move {
                let answer = set(addr, http, &[("a", "1"), ("b", "x y"), ("a", "2")], &[]).await;
                assert_eq!((answer.status(), answer.json()), (200, json!([])));
                let all: Vec<_> = answer.head.headers.get_all("x-microapi-a").iter().collect();
                assert_eq!(all, ["1", "2"]);
                assert_eq!(answer.header("x-microapi-b"), "x y");
            },
        )
        .await;
    table
        .both(
            "a guest cannot set reserved, malformed or unprintable metadata",
            |http| async move {
                let pairs = [
                    ("ostler-x", "1"),
                    ("Upper", "1"),
                    ("", "1"),
                    ("a", "line\nbreak"),
                ];
                let answer = set(addr, http, &pairs, &pairs).await;
                let refused = answer.json();
                assert_eq!(refused.as_array().map(Vec::len), Some(8), "{refused}");
                let ours = answer
                    .head
                    .headers
                    .keys()
                    .filter(|name| name.as_str().starts_with("x-microapi-"));
                assert_eq!(ours.count(), 0, "{:?}", answer.head);
            },
        )
        .await;
    table
        .both(
            "headers of a stream come before its first message",
            |http| async move {
                let request = Request::json("/control/send", r#"{"items":1}"#);
                let answer = call(addr, http, request).await;
                assert_eq!(answer.header("x-microapi-x-first"), "before the items");
            },
        )
        .await;
    table
        .both("trailers of a stream for who reads trailers", |http| {
            trailers(addr, http)
        })
        .await;
    table
        .both("no trailers for who does not", |http| async move {
            let answer = call(addr, http, Request::get("/users/list_users?limit=1")).await;
            assert_eq!((answer.header("trailer"), answer.trailers.len()), ("", 0));
            assert_eq!(answer.broken, None);
        })
        .await;
    table
        .both("trailers of a unary reply", |http| async move {
            let answer = set(
                addr,
                http,
                &[],
                &[("k", "1"), ("k", "é".escape_default().to_string().as_str())],
            )
            .await;
            assert_eq!(answer.trailer("ostler-status"), "0");
            assert_eq!(
                decoded(answer.trailer("ostler-trailers")),
                json!({"k": ["1", "\\u{e9}"]})
            );
        })
        .await;
    table.finish();
}

/// Headers sent, and the metadata the guest must see.
type Inbound = (
    &'static str,
    Vec<(&'static str, &'static str)>,
    Vec<(&'static str, &'static str)>,
);

fn inbound() -> Vec<Inbound> {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    vec![
        (
            "X-MicroAPI- headers without their prefix",
            vec![("x-microapi-team_name", "blue")],
            vec![("team_name", "blue")],
        ),
        (
            "repeated keys keep their order",
            vec![("x-microapi-a", "1"), ("x-microapi-a", "2")],
            vec![("a", "1"), ("a", "2")],
        ),
        (
            "authorization",
            vec![("authorization", "Bearer t")],
            vec![("authorization", "Bearer t")],
        ),
        ("cookie", vec![("cookie", "a=b")], vec![("cookie", "a=b")]),
        (
            "traceparent",
            vec![("traceparent", trace)],
            vec![("traceparent", trace)],
        ),
        (
            "tracestate",
            vec![("tracestate", "a=b")],
            vec![("tracestate", "a=b")],
        ),
        (
            "x-request-id",
            vec![("x-request-id", "r1")],
            vec![("x-request-id", "r1")],
        ),
        (
            "a header named in the configuration",
            vec![("x-own-header", "mine")],
            vec![("x-own-header", "mine")],
        ),
        (
            "other headers are no metadata",
            vec![("user-agent", "test"), ("x-other", "1")],
            vec![],
        ),
        (
            "reserved keys are stripped",
            vec![("x-microapi-ostler-tenant", "evil"), ("x-microapi-a", "1")],
            vec![("a", "1")],
        ),
        (
            "binary values stay base64",
            vec![("x-microapi-a-bin", "AP8")],
            vec![("a-bin", "AP8")],
        ),
        (
            "an empty value",
            vec![("x-microapi-a", "")],
            vec![("a", "")],
        ),
    ]
}

async fn context(addr: std::net::SocketAddr, http: Http, headers: &[(&str, &str)]) -> Value {
    let request = headers.iter().fold(
        Request::get("/control/context"),
        |request, (name, value)| request.header(name, value),
    );
    call(addr, http, request).await.json()
}

async fn set(
    addr: std::net::SocketAddr,
    http: Http,
    headers: &[(&str, &str)],
    trailers: &[(&str, &str)],
) -> Answer {
    let pairs = |pairs: &[(&str, &str)]| -> Value {
        pairs
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect()
    };
    let body = json!({"headers": pairs(headers), "trailers": pairs(trailers)});
    let request = Request::json("/control/set", body.to_string()).header("te", "trailers");
    call(addr, http, request).await
}

async fn trailers(addr: std::net::SocketAddr, http: Http) {
    let request = Request::get("/users/list_users?limit=2").header("te", "trailers");
    let answer = call(addr, http, request).await;
    assert_eq!(answer.lines().len(), 2);
    let declared = answer.header("trailer").to_ascii_lowercase();
    for name in [
        "ostler-status",
        "ostler-message",
        "ostler-details-bin",
        "ostler-trailers",
    ] {
        assert!(declared.contains(name), "{name} is not in {declared:?}");
    }
    assert_eq!(answer.trailer("ostler-status"), "0");
    assert_eq!(
        decoded(answer.trailer("ostler-trailers")),
        json!({"x-users-sent": ["2"]})
    );
}

/// Percent-encoded JSON.
pub(crate) fn decoded(text: &str) -> Value {
    serde_json::from_str(&unescaped(text)).unwrap_or_else(|e| panic!("{text:?} is not JSON: {e}"))
}

/// Percent-encoded text.
pub(crate) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = tail.split_at(2);
            let digits = std::str::from_utf8(digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}
