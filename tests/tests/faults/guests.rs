//! Guests that fail: each has its status, again and again, and leaves nothing
//! behind.

use std::time::Duration;

use ostler_tests::{Http, Request, Table, call};

use crate::Site;

const CONFIG: &str = r#"
[limits]
cpu = "100ms"
handles = 50
cancel-grace = "100ms"
"#;

/// How often each fails.
const TIMES: usize = 20;
/// Guest lines a second that are kept.
const LINES: usize = 1_000;

#[tokio::test]
async fn guests_that_fail() {
    let site = Site::start(&["faults", "spin"], CONFIG).await;
    let addr = site.host.addr;
    let mut table = Table::new("Faults: guests that fail");
    for (what, path, body, status) in rows() {
        site.row(
            &mut table,
            format!("{what}: {status}, {TIMES} times"),
            async {
                for n in 0..TIMES {
                    let request = Request::json(path, body);
                    let answer = call(addr, Http::BOTH[n % 2], request).await;
                    assert_eq!(answer.status(), status, "{}", answer.text());
                }
            },
        )
        .await;
    }
    site.row(
        &mut table,
        "a trap after replies: INTERNAL in trailers",
        async {
            for http in Http::BOTH {
                let request = Request::json("/faults/trap_after", r#"{"items":10000}"#);
                let answer = call(addr, http, request.header("te", "trailers")).await;
                assert_eq!(answer.status(), 200);
                assert_eq!(answer.trailer("ostler-status"), "13");
            }
        },
    )
    .await;
    site.row(
        &mut table,
        "a trap in the middle of a request: 500",
        async {
            for http in Http::BOTH {
                let request = Request::json("/faults/trap_in_input", "[1,0,1]");
                assert_eq!(call(addr, http, request).await.status(), 500);
            }
        },
    )
    .await;
    site.row(
        &mut table,
        "streams and sinks that are never dropped",
        async {
            let mut refused = 0;
            for n in 0..200 {
                let request = match n % 2 {
                    0 => Request::json("/faults/leak_stream", "[1]"),
                    _ => Request::json("/faults/leak_sink", "{}"),
                };
                let status = call(addr, Http::One, request).await.status();
                assert!(matches!(status, 200 | 429), "{status}");
                refused += usize::from(status == 429);
            }
            // Of each 51 calls one finds its instance full.
            assert!((1..=4).contains(&refused), "{refused}");
            let request = Request::json("/faults/use_leaked", "{}");
            let answer = call(addr, Http::One, request).await;
            let kept = answer.json().as_array().unwrap().len();
            assert!(kept <= 50, "{kept} handles are kept");
        },
    )
    .await;
    site.row(
        &mut table,
        "100,000 log lines are cut to what is kept",
        async {
            let kept = |line: &str| line.contains("ostler::guest") && line.contains("xxxx");
            let start = tokio::time::Instant::now();
            for _ in 0..TIMES {
                let request = Request::json("/faults/log", r#"{"lines":5000,"bytes":100}"#);
                let status = call(addr, Http::One, request).await.status();
                assert!(matches!(status, 200 | 429), "{status}");
            }
            let seconds = usize::try_from(start.elapsed().as_secs()).unwrap() + 2;
            let lines = site.host.log.count(kept);
            assert!(lines > 0 && lines <= seconds * LINES, "{lines} lines");
        },
    )
    .await;
    site.row(&mut table, "what was dropped of the log is told", async {
        let dropped = |line: &str| line.contains("guest log lines were dropped");
        let told = site.host.wait_for_log(dropped, Duration::from_secs(10));
        let more = async {
            let mut pace = tokio::time::interval(Duration::from_millis(100));
            loop {
                pace.tick().await;
                let request = Request::json("/faults/log", r#"{"lines":1,"bytes":1}"#);
                call(addr, Http::One, request).await;
            }
        };
        tokio::select! {
            _ = told => {}
            () = more => {}
        }
    })
    .await;
    site.row(&mut table, "a log line of 1 MB is cut", async {
        let request = Request::json("/faults/log", r#"{"lines":1,"bytes":1000000}"#);
        let lines = |line: &str| line.contains(&"x".repeat(8_000));
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        // One may be above what is kept this second.
        while site.host.log.count(lines) == 0 {
            pace.tick().await;
            let answer = call(addr, Http::One, request.clone()).await;
            assert_eq!(answer.status(), 200);
        }
        let longest = site.host.log.lines().iter().map(String::len).max();
        assert!(longest < Some(10_000), "{longest:?}");
    })
    .await;
    site.finish(table).await;
}

fn rows() -> [(&'static str, &'static str, &'static str, u16); 7] {
    [
        ("a trap", "/faults/trap", "{}", 500),
        ("an endless loop", "/spin/spin", r#"{"ms":0}"#, 429),
        ("memory without end", "/faults/grow", r#"{"mib":1000}"#, 429),
        (
            "recursion without end",
            "/faults/recurse",
            r#"{"depth":4000000000}"#,
            500,
        ),
        (
            "a reply above the limit of messages",
            "/faults/reply",
            r#"{"bytes":5000000}"#,
            429,
        ),
        (
            "a reply above the limit of memory",
            "/faults/reply",
            r#"{"bytes":1000000000}"#,
            429,
        ),
        (
            "memory within the limit",
            "/faults/grow",
            r#"{"mib":16}"#,
            200,
        ),
    ]
}
