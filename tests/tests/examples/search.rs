//! Results as they are found.

use ostler_tests::{Host, Request, Table};
use serde_json::{Value, json};

use crate::{Row, answers};

#[tokio::test]
async fn search() {
    let host = Host::start(&["search"], None).await;
    let mut table = Table::new("Examples: search");
    answers(&mut table, host.addr, rows()).await;
    table.finish();
}

fn hit(title: &str, excerpt: &str, score: u32) -> Value {
    json!({"hit": {"title": title, "excerpt": excerpt, "score": score}})
}

fn progress(searched: u32) -> Value {
    json!({"progress": {"searched": searched, "total": 12}})
}

fn done(searched: u32, hits: u32) -> Value {
    json!({"done": {"searched": searched, "hits": hits}})
}

fn rows() -> Vec<Row> {
    let find = |query: &str| Request::json("/search/find", query.to_owned());
    let bridges = hit("bridges", "on arches; where the river is wide, it needs", 1);
    vec![
        (
            "hits, progress and the end in one stream",
            find(r#"{"words":"river"}"#),
            200,
            json!([
                bridges,
                progress(4),
                progress(8),
                hit("mills", "The river turns the wheel,", 1),
                hit("rivers", "A river is named at its", 2),
                progress(12),
                done(12, 3)
            ]),
        ),
        (
            "no more than the limit",
            Request::get("/search/find?words=river&limit=1"),
            200,
            json!([bridges, done(2, 1)]),
        ),
        (
            "nothing found",
            find(r#"{"words":"volcano"}"#),
            200,
            json!([progress(4), progress(8), progress(12), done(12, 0)]),
        ),
        (
            "nothing to look for",
            find(r#"{"words":" "}"#),
            400,
            json!("invalid_argument"),
        ),
        (
            "a document",
            Request::get("/search/get_document?title=clocks"),
            200,
            json!({"title": "clocks",
                   "text": "A pendulum of one metre takes about one second from side to side."}),
        ),
        (
            "a document there is not",
            Request::get("/search/get_document?title=clock"),
            404,
            json!("not_found"),
        ),
    ]
}
