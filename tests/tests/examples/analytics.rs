//! Figures about streams.

use std::fmt::Write as _;

use ostler_tests::{Host, Http, Request, Table, call};
use serde_json::{Value, json};

use crate::{Row, answers, open, send};

#[tokio::test]
async fn analytics() {
    // 200,000 values that were kept would need more.
    let config = "[limits]\nmemory = \"2MiB\"\n";
    let host = Host::start(&["analytics"], Some(config)).await;
    let addr = host.addr;
    let mut table = Table::new("Examples: analytics");
    answers(&mut table, addr, rows()).await;
    table
        .both("a long series needs no more memory", |http| async move {
            let mut points = String::new();
            for value in 1..=200_000 {
                writeln!(points, "{{\"value\":{value}}}").unwrap();
            }
            let request = Request::ndjson("/analytics/aggregate", points);
            let summary = call(addr, http, request).await.json();
            assert_eq!(summary["count"], 200_000, "{summary}");
            for (name, exact) in [("mean", 100_000.5), ("variance", 3_333_333_333.25)] {
                near(&summary, name, exact, 1e-9);
            }
            for (name, exact) in [("p50", 1e5), ("p90", 1.8e5), ("p99", 1.98e5)] {
                near(&summary, name, exact, 0.0101);
            }
        })
        .await;
    table
        .both("the window after each value, at once", |http| {
            rolls(addr, http)
        })
        .await;
    table.finish();
}

fn near(summary: &Value, name: &str, exact: f64, off: f64) {
    let found = summary[name].as_f64().unwrap();
    assert!(
        (found - exact).abs() <= exact * off,
        "{name}: {found} instead of {exact}"
    );
}

fn window(count: u32, min: f64, max: f64, mean: f64) -> Value {
    json!({"count": count, "min": min, "max": max, "mean": mean})
}

fn rows() -> Vec<Row> {
    let aggregate = |body: &str| Request::json("/analytics/aggregate", body.to_owned());
    let rolling = |body: &str| Request::ndjson("/analytics/rolling", body.to_owned());
    let seven = json!({"count": 2, "min": 7.0, "max": 7.0, "mean": 7.0, "variance": 0.0,
                       "p50": 7.0, "p90": 7.0, "p99": 7.0});
    vec![
        (
            "the summary of a series",
            aggregate(r#"[{"value":7},{"value":7}]"#),
            200,
            seven,
        ),
        (
            "nothing has no summary",
            aggregate("[]"),
            400,
            json!("failed_precondition"),
        ),
        (
            "what is no number is refused",
            aggregate(r#"[{"value":1},{"value":"NaN"}]"#),
            400,
            json!("invalid_argument"),
        ),
        (
            "a window of two",
            rolling("{\"size\":2}\n{\"value\":1}\n{\"value\":3}\n{\"value\":8}\n"),
            200,
            json!([
                window(1, 1.0, 1.0, 1.0),
                window(2, 1.0, 3.0, 2.0),
                window(2, 3.0, 8.0, 5.5)
            ]),
        ),
        (
            "a window of none is refused",
            rolling("{\"size\":0}\n"),
            400,
            json!("invalid_argument"),
        ),
    ]
}

async fn rolls(addr: std::net::SocketAddr, http: Http) {
    let mut rolling = open(addr, http, "/analytics/rolling", &json!({"value": 2})).await;
    assert_eq!(rolling.line().await, Some(window(1, 2.0, 2.0, 2.0)));
    send(&mut rolling, &json!({"value": 4})).await;
    assert_eq!(rolling.line().await, Some(window(2, 2.0, 4.0, 3.0)));
    send(&mut rolling, &json!({"size": 1})).await;
    send(&mut rolling, &json!({"value": 9})).await;
    assert_eq!(rolling.line().await, Some(window(1, 9.0, 9.0, 9.0)));
    rolling.finish().await;
    assert_eq!(rolling.line().await, None);
}
