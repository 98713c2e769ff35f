//! `/metrics`, read with Prometheus' own parsers.

use std::collections::BTreeSet;

use ostler_call::Code;
use ostler_tests::caller::{Caller, Transport};
use ostler_tests::{Http, Request, Table, prometheus, within};
use serde::Deserialize;

use crate::{Admin, METHODS, SERVICE, again, call};

#[derive(Debug, Deserialize)]
struct Sample {
    metric: String,
    r#type: String,
    help: String,
    name: String,
    labels: std::collections::BTreeMap<String, String>,
    value: f64,
}

impl Admin {
    async fn metrics(&self, accept: &str) -> String {
        let request = Request::get("/metrics").header("accept", accept);
        let answer = self.ask(request).await;
        assert_eq!(answer.status(), 200);
        answer.text()
    }

    /// Reads the metrics once no call runs.
    async fn quiet(&self) -> Vec<Sample> {
        let quiet = async {
            loop {
                let text = self.metrics("text/plain").await;
                let mut running = text
                    .lines()
                    .filter(|l| l.starts_with("ostler_calls_in_flight"));
                if running.all(|line| line.ends_with(" 0")) {
                    return text;
                }
            }
        };
        let text = within("the end of all calls", quiet).await;
        self.parsed("prometheus", &text).await
    }

    async fn parsed(&self, format: &str, text: &str) -> Vec<Sample> {
        let file = self.folder.path().join("metrics");
        std::fs::write(&file, text).unwrap();
        let said = prometheus("read.py", &[format, file.to_str().unwrap()]).await;
        serde_json::from_str(&said).unwrap()
    }
}

/// The value of the one sample of that name with these labels.
fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let fits = |sample: &&Sample| {
        let has = |(key, value): &(&str, &str)| sample.labels.get(*key).is_some_and(|v| v == value);
        sample.name == name && labels.iter().all(has)
    };
    let mut found = samples.iter().filter(fits);
    let value = found.next()?.value;
    assert!(found.next().is_none(), "{name} {labels:?} is there twice");
    Some(value)
}

fn of<'a>(method: &'a str, code: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("tenant", "default"),
        ("service", SERVICE),
        ("method", method),
        ("code", code),
    ]
}

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let admin = Admin::start("").await;
    let mut calls = 0.0;
    for transport in Transport::ALL {
        let caller = Caller::connect(transport, admin.host.addr).await;
        calls += 1.0;
        for (method, ..) in METHODS {
            for _ in 0..3 {
                assert_eq!(call(&caller, method, 2, &[]).await, Code::Ok);
            }
            let refused = call(&caller, method, 0, &[]).await;
            assert_eq!(refused, Code::FailedPrecondition);
        }
    }
    let samples = admin.quiet().await;
    let mut table = Table::new("Metrics: four patterns over four transports");
    for (_, method, _) in METHODS {
        let row = async {
            let method_of = &of(method, "")[..3];
            let count = |name, labels: &[_]| value(&samples, name, labels);
            let ended = |code| count("ostler_calls_total", &of(method, code));
            assert_eq!(ended("OK"), Some(3.0 * calls));
            assert_eq!(ended("FAILED_PRECONDITION"), Some(calls));
            assert_eq!(ended("INTERNAL"), None);
            let took = |part: &str| {
                let name = format!("ostler_call_duration_seconds_{part}");
                value(&samples, &name, method_of)
            };
            assert_eq!(took("count"), Some(4.0 * calls));
            let infinite = [method_of, &[("le", "+Inf")]].concat();
            let all = count("ostler_call_duration_seconds_bucket", &infinite);
            assert_eq!(all, Some(4.0 * calls));
            assert!(took("sum").unwrap() > 0.0);
            assert_eq!(count("ostler_calls_in_flight", method_of), Some(0.0));
            let cpu = count("ostler_guest_cpu_seconds_total", method_of).unwrap();
            assert!(cpu > 0.0 && cpu < took("sum").unwrap() + 1.0, "{cpu}");
        };
        table.row(method, row).await;
    }
    let row = async {
        let component = [("component", "matrix.v1")];
        let count = |name, labels: &[_]| value(&samples, name, labels);
        assert!(count("ostler_instances_created_total", &component).unwrap() >= 1.0);
        let idle = [component[0], ("state", "idle")];
        assert!(count("ostler_instances", &idle).unwrap() >= 1.0);
        assert!(count("ostler_instances_memory_bytes", &component).unwrap() >= 65536.0);
        assert_eq!(count("ostler_component_version", &component), Some(1.0));
        assert_eq!(count("ostler_streams_open", &[]), Some(0.0));
        assert!(count("ostler_connections", &[]).unwrap() >= 0.0);
        assert!(count("process_resident_memory_bytes", &[]).unwrap() > 1e6);
        assert!(count("process_cpu_seconds_total", &[]).unwrap() > 0.0);
        assert!(count("process_start_time_seconds", &[]).unwrap() > 1.7e9);
    };
    table.row("instances and the process", row).await;
    let row = async {
        for sample in &samples {
            assert!(!sample.help.is_empty(), "{sample:?} has no help");
            assert_ne!(sample.r#type, "unknown", "{sample:?} has no type");
        }
    };
    table.row("every metric has a type and a help", row).await;
    let row = async {
        let text = admin
            .metrics("application/openmetrics-text;version=1.0.0")
            .await;
        let open = admin.parsed("openmetrics", &text).await;
        let names = |samples: &[Sample]| -> BTreeSet<_> {
            samples
                .iter()
                .map(|s| (s.metric.clone(), s.name.clone()))
                .collect()
        };
        assert_eq!(names(&open), names(&samples));
    };
    table.row("the same as OpenMetrics", row).await;
    table.finish();
}

#[tokio::test]
async fn a_swap_interrupts_no_series() {
    let admin = Admin::start("").await;
    let caller = Caller::connect(Transport::H2c, admin.host.addr).await;
    assert_eq!(call(&caller, "double", 2, &[]).await, Code::Ok);
    for mark in [1, 2] {
        let placed = admin.deploy(again(mark)).await;
        assert_eq!(placed["deployed"]["component"], "matrix.v1", "{placed}");
        assert_eq!(call(&caller, "double", 2, &[]).await, Code::Ok);
    }
    admin.change("rollback").await;
    assert_eq!(call(&caller, "double", 2, &[]).await, Code::Ok);
    admin.deploy("nothing".into()).await;
    let samples = admin.quiet().await;
    let change = |name, component, change| {
        value(
            &samples,
            name,
            &[("component", component), ("change", change)],
        )
    };
    let double = value(&samples, "ostler_calls_total", &of("Double", "OK"));
    assert_eq!(double, Some(4.0));
    let made = "ostler_deployment_changes_total";
    assert_eq!(change(made, "matrix.v1", "deploy"), Some(1.0));
    assert_eq!(change(made, "matrix.v1", "swap"), Some(2.0));
    assert_eq!(change(made, "matrix.v1", "rollback"), Some(1.0));
    let failed = "ostler_deployment_failures_total";
    assert_eq!(change(failed, "unknown", "deploy"), Some(1.0));
    let version = [("component", "matrix.v1")];
    let version = value(&samples, "ostler_component_version", &version);
    assert_eq!(version, Some(2.0));
}

#[tokio::test]
async fn unknown_names_make_no_series() {
    let admin = Admin::start("").await;
    let before = admin.quiet().await.len();
    for n in 0..250 {
        for path in [
            format!("/stranger{n}/method"),
            format!("/matrix/stranger{n}"),
            format!("/test.matrix.v1.Stranger{n}/Double"),
            format!("/{SERVICE}/Stranger{n}"),
        ] {
            let request = Request::json(&path, "{}");
            let answer = ostler_tests::call(admin.host.addr, Http::One, request).await;
            assert!(answer.status() >= 400, "{path}: {}", answer.text());
        }
    }
    let samples = admin.quiet().await;
    let unknown = [("service", "unknown"), ("code", "NOT_FOUND")];
    let unknown = value(&samples, "ostler_calls_total", &unknown);
    assert_eq!(unknown, Some(1000.0));
    let services = samples.iter().filter_map(|s| s.labels.get("service"));
    let services: BTreeSet<_> = services.map(String::as_str).collect();
    assert_eq!(services, BTreeSet::from([SERVICE, "unknown"]));
    // Those of what is unknown: one code, CPU time and the buckets.
    assert!(samples.len() <= before + 25, "{before}, {}", samples.len());
}

#[tokio::test]
async fn who_may_read() {
    let admin = Admin::start("").await;
    let mut table = Table::new("Admin API: metrics and health");
    for (what, path, token, status, word) in [
        ("metrics with the token", "/metrics", true, 200, "# HELP"),
        ("metrics without", "/metrics", false, 401, "Bearer TOKEN"),
        ("health with the token", "/health", true, 200, "\"ok\""),
        ("health without", "/health", false, 200, "\"ok\""),
        (
            "anything else without",
            "/healthy",
            false,
            401,
            "Bearer TOKEN",
        ),
    ] {
        let row = async {
            let answer = if token {
                admin.ask(Request::get(path)).await
            } else {
                ostler_tests::call(admin.address, Http::One, Request::get(path)).await
            };
            let text = answer.text();
            assert_eq!(answer.status(), status, "{text}");
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        };
        table.row(what, row).await;
    }
    table.finish();
}
