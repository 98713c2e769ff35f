//! Unary calls of Connect by GET.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use ostler_tests::{Answer, Exchange, Host, Http, Request, Table};

const USER_7: &str = r#"{"username":"user-7","age":25}"#;

async fn get(addr: SocketAddr, http: Http, target: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    ostler_tests::call(addr, http, request).await
}

#[tokio::test]
async fn by_get() {
    let host = Host::start(&["users", "control"], None).await;
    let addr = host.addr;
    let mut table = Table::new("Connect: GET");
    for query in found() {
        let query = &query;
        table
            .both(query, |http| async move {
                let target = format!("/users/get_user?{query}");
                let answer = get(addr, http, &target, &[]).await;
                assert_eq!((answer.status(), answer.text().as_str()), (200, USER_7));
                assert_eq!(answer.header("content-type"), "application/json");
                assert_eq!(answer.header("vary"), "Accept-Encoding");
                assert_eq!(answer.header("accept-encoding"), "gzip");
            })
            .await;
    }
    for (query, status, text) in refused() {
        let query = &query;
        table
            .both(query, |http| async move {
                let target = format!("/users/get_user?{query}");
                let answer = get(addr, http, &target, &[]).await;
                assert_eq!(answer.status(), status, "{}", answer.text());
                assert!(answer.text().contains(text), "{}", answer.text());
            })
            .await;
    }
    for (what, target) in [
        ("a method that is not idempotent", "/control/nothing"),
        ("a method that streams", "/users/list_users"),
        (
            "a method that is not idempotent, by name",
            "/test.control.v1.Control/Nothing",
        ),
    ] {
        table
            .both(what, |http| async move {
                let target = format!("{target}?connect=v1&encoding=json&message=%7B%7D");
                let answer = get(addr, http, &target, &[]).await;
                assert_eq!((answer.status(), answer.header("allow")), (405, "POST"));
            })
            .await;
    }
    table
        .both("an error of the service", |http| async move {
            let target = "/users/get_user?connect=v1&encoding=json&message={%22user_id%22:404}";
            let answer = get(addr, http, target, &[]).await;
            let error = r#"{"code":"not_found","message":"no user 404","details":[{"type":"google.rpc.ResourceInfo","value":"CgR1c2VyEgM0MDQ"}]}"#;
            assert_eq!((answer.status(), answer.text().as_str()), (404, error));
            assert_eq!(answer.header("content-type"), "application/json");
        })
        .await;
    table
        .both("a timeout and metadata in headers", |http| async move {
            let target = "/control/context?connect=v1&encoding=json&message=%7B%7D";
            let headers = [("connect-timeout-ms", "5000"), ("team", "blue")];
            let seen = get(addr, http, target, &headers).await.json();
            assert_eq!(seen["metadata"][0]["value"], "blue");
            assert!(seen["remaining"].as_u64().unwrap() <= 5000);
        })
        .await;
    table
        .both("a body: 415", |http| async move {
            let target = "/users/get_user?connect=v1&encoding=json&message=%7B%7D";
            let request = Request::get(target).body("{}");
            let answer = ostler_tests::call(addr, http, request).await;
            assert_eq!(answer.status(), 415);
        })
        .await;
    table
        .both("a body of no bytes", |http| async move {
            let target = format!("/users/get_user?{}", found()[0]);
            let mut exchange = Exchange::open(addr, http, &Request::get(&target)).await;
            exchange.finish().await;
            let head = exchange.head().await;
            let answer = exchange.rest(head).await;
            assert_eq!((answer.status(), answer.text().as_str()), (200, USER_7));
        })
        .await;
    table
        .both("a plain GET is a plain GET", |http| async move {
            let answer = get(addr, http, "/users/get_user?user_id=7", &[]).await;
            assert_eq!((answer.status(), answer.text().as_str()), (200, USER_7));
            assert_eq!(answer.header("cache-control"), "no-store");
        })
        .await;
    table.finish();
}

fn found() -> Vec<String> {
    let message = br#"{"user_id":7}"#;
    let padded = URL_SAFE.encode(br#"{"user_id":7 }"#);
    assert!(padded.ends_with('='));
    let packed = "H4sIAAAAAAACA6tWKi1OLYrPTFGyMq8FAOnuaccNAAAA";
    let packed = URL_SAFE_NO_PAD.encode(STANDARD.decode(packed).unwrap());
    vec![
        "connect=v1&encoding=json&message=%7B%22user_id%22%3A7%7D".to_owned(),
        "message={%22user_id%22:+7}&encoding=json".to_owned(),
        "connect=v1&encoding=json&base64=0&message=%7B%22user_id%22%3A7%7D&x=1".to_owned(),
        format!(
            "connect=v1&base64=1&encoding=json&message={}",
            URL_SAFE_NO_PAD.encode(message)
        ),
        format!("connect=v1&base64=1&encoding=json&message={padded}"),
        format!("connect=v1&base64=1&compression=gzip&encoding=json&message={packed}"),
        format!("connect=v1&base64=1&compression=identity&encoding=json&message={padded}"),
    ]
}

fn refused() -> Vec<(String, u16, &'static str)> {
    let row = |query: &str, status, text| (query.to_owned(), status, text);
    vec![
        row("connect=v1&encoding=json", 415, ""),
        row("connect=v1&message=%7B%7D", 415, ""),
        row("connect=v1&encoding=xml&message=%7B%7D", 415, ""),
        row(
            "connect=v2&encoding=json&message=%7B%7D",
            400,
            r#"{"code":"invalid_argument""#,
        ),
        row(
            "connect=v1&encoding=json&compression=br&message=%7B%7D",
            501,
            r#"{"code":"unimplemented""#,
        ),
        row(
            "connect=v1&encoding=json&base64=1&message=%7B%7D",
            400,
            "base64",
        ),
        row(
            "connect=v1&encoding=json&message=%7B",
            400,
            r#"{"code":"invalid_argument""#,
        ),
        row(
            "connect=v1&encoding=json&message=%7B%7D",
            400,
            "user_id: missing required field",
        ),
    ]
}
