//! Changes of what calls get: as log lines and as events of OTLP.

use std::time::Duration;

use serde_json::Value;

use crate::collector::{Collector, attribute};
use crate::{Admin, again};

#[tokio::test]
async fn changes_are_told() {
    let collector = Collector::start().await;
    let config = format!("[telemetry]\notlp = \"http://{}\"\n", collector.addr);
    let admin = Admin::start(&config).await;
    for mark in [1, 2] {
        admin.deploy(again(mark)).await;
    }
    admin.change("rollback").await;
    let refused = admin.deploy("nothing".into()).await;
    assert!(refused["error"].is_object(), "{refused}");
    let events = collector.wait("five events", |sent| {
        let events = sent.events().into_iter().map(|event| {
            assert_eq!(event.event_name, "ostler.deployment");
            assert_ne!(event.time_unix_nano, 0);
            let of = |key| attribute(&event.attributes, key).unwrap_or_default();
            [
                of("ostler.component"),
                of("ostler.change"),
                of("ostler.version.from"),
                of("ostler.version"),
            ]
        });
        let events: Vec<_> = events.collect();
        (events.len() == 5).then_some(events)
    });
    let events = events.await;
    assert_eq!(
        events,
        [
            ["matrix.v1", "deploy", "", "1"],
            ["matrix.v1", "swap", "1", "2"],
            ["matrix.v1", "swap", "2", "3"],
            ["matrix.v1", "rollback", "3", "2"],
            ["upload", "deploy", "", ""],
        ]
    );
    let line = admin.host.wait_for_log(
        |line| line.contains("\"rolled back\""),
        Duration::from_secs(10),
    );
    let line: Value = serde_json::from_str(&line.await).unwrap();
    for (key, value) in [
        ("component", "matrix.v1"),
        ("change", "rollback"),
        ("tenant", "default"),
    ] {
        assert_eq!(line[key], value, "{line}");
    }
    assert_eq!(line["version"], 2, "{line}");
    assert_eq!(line["from"], 3, "{line}");
}
