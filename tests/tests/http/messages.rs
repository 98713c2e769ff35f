//! One message each way, by POST and by GET.

use ostler_tests::{Host, Request, Table, call};
use serde_json::{Value, json};

use crate::{answers, error, user};

#[tokio::test]
async fn one_message_each_way() {
    let host = Host::start(&["users", "control", "types"], None).await;
    let addr = host.addr;
    let mut table = Table::new("HTTP: one message each way");
    answers(&mut table, addr, posts()).await;
    answers(&mut table, addr, gets()).await;

    table
        .both(
            "content type of a reply, and no-store since the method is idempotent",
            |http| async move {
                let answer = call(addr, http, Request::get("/users/get_user?user_id=7")).await;
                assert_eq!(answer.header("content-type"), "application/json");
                assert_eq!(answer.header("cache-control"), "no-store");
                assert_eq!(answer.header("transfer-encoding"), "");
            },
        )
        .await;
    table
        .both(
            "no cache-control where the method is not idempotent",
            |http| async move {
                let answer = call(addr, http, Request::json("/control/nothing", "")).await;
                assert_eq!(answer.header("cache-control"), "");
            },
        )
        .await;
    table
        .both("a cache-control of the guest's own", |http| async move {
            let body =
                r#"{"headers":[{"key":"cache-control","value":"max-age=60"}],"trailers":[]}"#;
            let answer = call(addr, http, Request::json("/control/set", body)).await;
            assert_eq!(answer.header("cache-control"), "max-age=60");
        })
        .await;
    for (what, request, allow) in verbs() {
        let request = &request;
        table
            .both(what, |http| async move {
                let answer = call(addr, http, request.clone()).await;
                assert_eq!((answer.status(), answer.header("allow")), (405, allow));
            })
            .await;
    }
    table.finish();
}

fn posts() -> Vec<crate::Row> {
    let post = |path, body: &'static str| Request::json(path, body);
    let bare = || Request::new("POST", "/users/get_user").body(r#"{"user_id":7}"#);
    let failure = r#"{"code":"aborted","message":"as told","details":[]}"#;
    vec![
        (
            "POST of JSON",
            post("/users/get_user", r#"{"user_id":7}"#),
            200,
            user(7),
        ),
        ("POST without a content type", bare(), 200, user(7)),
        (
            "a content type in capitals with a charset",
            bare().header("content-type", "Application/JSON; charset=utf-8"),
            200,
            user(7),
        ),
        (
            "white space around JSON",
            post("/users/get_user", " {\t\"user_id\" :\r\n7 } \n"),
            200,
            user(7),
        ),
        (
            "a 64-bit number as a string",
            post("/users/get_user", r#"{"user_id":"7"}"#),
            200,
            user(7),
        ),
        (
            "unknown fields are ignored",
            post("/users/get_user", r#"{"x":[{}],"user_id":7,"y":null}"#),
            200,
            user(7),
        ),
        (
            "a key that comes twice, with one value",
            post("/users/get_user", r#"{"user_id":7,"user_id":7}"#),
            200,
            user(7),
        ),
        (
            "an escaped key",
            post("/users/get_user", r#"{"user\u005fid":7}"#),
            200,
            user(7),
        ),
        (
            "an empty body is an empty message",
            post("/control/nothing", ""),
            200,
            Value::Null,
        ),
        (
            "no result is null",
            post("/control/nothing", "{}"),
            200,
            Value::Null,
        ),
        (
            "an absent option is null",
            post("/types/maybe", r#"{"text":""}"#),
            200,
            Value::Null,
        ),
        (
            "a result that is no record stands alone",
            post("/types/maybe", r#"{"text":"é"}"#),
            200,
            json!("é"),
        ),
        (
            "a list as a result",
            post("/types/lengths", r#"{"texts":["a","","bcd"]}"#),
            200,
            json!([1, 0, 3]),
        ),
        (
            "a tuple as a result",
            post("/types/divide", r#"{"a":-7,"b":2}"#),
            200,
            json!([-3, -1]),
        ),
        (
            "@default for an absent field",
            post("/control/add", r#"{"number":1}"#),
            200,
            json!(6),
        ),
        (
            "@default for null",
            post("/control/add", r#"{"number":1,"step":null}"#),
            200,
            json!(6),
        ),
        (
            "@default gives way to what is sent",
            post("/control/add", r#"{"number":1,"step":-1}"#),
            200,
            json!(0),
        ),
        (
            "the one record parameter is the message",
            post("/control/fail", failure),
            409,
            error("as told", "aborted"),
        ),
        (
            "an error of the method has its status",
            post("/users/get_user", r#"{"user_id":404}"#),
            404,
            {
                let detail =
                    json!({"type": "google.rpc.ResourceInfo", "value": "CgR1c2VyEgM0MDQ="});
                json!({"error": "no user 404", "code": "not_found", "details": [detail]})
            },
        ),
    ]
}

fn gets() -> Vec<crate::Row> {
    vec![
        (
            "GET of an idempotent method",
            Request::get("/users/get_user?user_id=7"),
            200,
            user(7),
        ),
        (
            "GET with escapes",
            Request::get("/users/get_user?user%5Fid=%37"),
            200,
            user(7),
        ),
        (
            "GET with unknown parameters",
            Request::get("/users/get_user?x=1&user_id=7&y"),
            200,
            user(7),
        ),
        (
            "GET of a stream",
            Request::get("/users/list_users?limit=2"),
            200,
            json!([user(1), user(2)]),
        ),
        (
            "GET with @default",
            Request::get("/users/list_users"),
            200,
            (1..=100).map(user).collect(),
        ),
        (
            "GET without a required parameter",
            Request::get("/users/get_user"),
            400,
            error("user_id: missing required field", "invalid_argument"),
        ),
    ]
}

fn verbs() -> Vec<(&'static str, Request, &'static str)> {
    vec![
        (
            "GET of a method that is not idempotent",
            Request::get("/control/nothing"),
            "POST",
        ),
        (
            "GET of a method that takes a stream",
            Request::get("/users/aggregate"),
            "POST",
        ),
        (
            "PUT",
            Request::new("PUT", "/users/get_user").body("{}"),
            "GET, POST",
        ),
        (
            "DELETE",
            Request::new("DELETE", "/users/get_user"),
            "GET, POST",
        ),
        (
            "OPTIONS without CORS",
            Request::new("OPTIONS", "/users/get_user"),
            "GET, POST",
        ),
        (
            "HEAD",
            Request::new("HEAD", "/users/get_user?user_id=7"),
            "GET, POST",
        ),
    ]
}
