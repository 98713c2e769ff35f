//! Who may use the admin API, and what it makes of bad requests.

use ostler_tests::{Http, Request, Table};

use crate::Admin;

const LIST: &str = "/v1/components";

#[tokio::test]
async fn requests() {
    let admin = Admin::start().await;
    let token = std::fs::read_to_string(admin.token()).unwrap();
    let bearer = &*format!("Bearer {}", token.trim());
    let ours = |request: Request| request.header("authorization", bearer);
    let rows = [
        ("with the token", ours(Request::get(LIST)), 200, "[]"),
        ("no token", Request::get(LIST), 401, "Bearer TOKEN"),
        (
            "another token",
            Request::get(LIST).header("authorization", "Bearer 0123456789abcdef"),
            401,
            "not this host's",
        ),
        (
            "another scheme",
            Request::get(LIST).header("authorization", "Basic eDp5"),
            401,
            "Bearer TOKEN",
        ),
        (
            "a page",
            ours(Request::get(LIST).header("origin", "http://localhost")),
            403,
            "browser",
        ),
        (
            "no such path",
            ours(Request::get("/v2")),
            404,
            "/v1/components",
        ),
        (
            "no token, no such path",
            Request::get("/v2"),
            401,
            "Bearer TOKEN",
        ),
        ("no component", ours(Request::raw(LIST, "")), 400, "empty"),
        (
            "an unknown option",
            ours(Request::raw("/v1/components?weight=3", "x")),
            400,
            "weight",
        ),
        (
            "too large a share",
            ours(Request::raw("/v1/components?canary=101", "x")),
            400,
            "from 0 to 100",
        ),
        (
            "a key without a share",
            ours(Request::raw("/v1/components?key=x-user", "x")),
            400,
            "canary",
        ),
        (
            "no time",
            ours(Request::raw("/v1/components?drain=soon", "x")),
            400,
            "30s",
        ),
        (
            "an unknown component",
            ours(Request::raw("/v1/components/users/rollback", "")),
            404,
            "ostler list",
        ),
        (
            "no version",
            ours(Request::raw("/v1/components/users/rollback?version=x", "")),
            400,
            "version",
        ),
        // A deployment that was begun is answered as it goes.
        (
            "no WebAssembly",
            ours(Request::raw(LIST, "x")),
            200,
            "not a WebAssembly component",
        ),
    ];
    let mut table = Table::new("Admin API: requests");
    for (what, request, status, word) in rows {
        let row = async {
            let answer = ostler_tests::call(admin.address, Http::One, request).await;
            let text = answer.text();
            assert_eq!(answer.status(), status, "{text}");
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        };
        table.row(what, row).await;
    }
    let row = async {
        let mut connection = ostler_tests::RawHttp::connect(admin.address).await;
        let request =
            format!("GET {LIST} HTTP/1.1\r\nhost: evil.example\r\nauthorization: {bearer}\r\n\r\n");
        connection.write(request).await;
        assert_eq!(connection.head("GET").await.status, 421);
    };
    table.row("a name that is not the host's", row).await;
    table.finish();
}

#[tokio::test]
async fn commands() {
    let admin = Admin::start().await;
    let mut table = Table::new("Admin API: commands that fail");
    let text = admin.file("text.wasm", b"(module)");
    let rows: [(&str, i32, &[&str], &str); 6] = [
        ("no file", 5, &["deploy", "nowhere.wasm"], "nowhere.wasm"),
        ("no component", 3, &["deploy", &text], "WebAssembly"),
        (
            "nothing to share with",
            2,
            &["deploy", &text, "--canary", "200"],
            "from 0 to 100",
        ),
        ("nothing to go back to", 2, &["rollback", "users"], "users"),
        ("nothing to promote", 2, &["promote", "users"], "users"),
        ("nothing to drain", 2, &["drain", "users"], "users"),
    ];
    for (what, code, arguments, word) in rows {
        let row = async {
            let text = admin.refuses(code, arguments).await;
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        };
        table.row(what, row).await;
    }
    let row = async {
        std::fs::write(admin.token(), "fedcba9876543210\n").unwrap();
        let text = admin.refuses(2, &["list"]).await;
        assert!(text.contains("not this host's"), "{text}");
        std::fs::remove_file(admin.token()).unwrap();
        let text = admin.refuses(5, &["list"]).await;
        assert!(text.contains("token"), "{text}");
    };
    table.row("another token, or none", row).await;
    table.finish();
}
