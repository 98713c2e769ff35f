//! One trace of a call: the caller's span, the host's, the guest's.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use ostler_call::Code;
use ostler_tests::caller::{Caller, Transport};
use ostler_tests::{Host, Http, Request, Table, command, within};
use serde_json::Value as Json;

use crate::collector::{Collector, attribute};
use crate::{METHODS, SERVICE, call};

const CALLERS_SPAN: &str = "b7ad6b7169203331";

fn config(collector: &Collector, more: &str) -> String {
    let addr = collector.addr;
    format!("[telemetry]\notlp = \"http://{addr}\"\n{more}")
}

/// The `traceparent` of the `n`th caller.
fn caller(n: usize, flags: &str) -> (String, String) {
    let trace = format!("0af7651916cd43dd8448eb21{n:08x}");
    (trace.clone(), format!("00-{trace}-{CALLERS_SPAN}-{flags}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The host's span and the guest's of a trace, once both are there.
async fn spans(collector: &Collector, trace: &str) -> [Span; 2] {
    let found = collector.wait("two spans", |sent| {
        let spans = sent
            .spans()
            .into_iter()
            .filter(|s| hex(&s.trace_id) == trace);
        let mut spans: Vec<Span> = spans.cloned().collect();
        spans.sort_by_key(|span| span.kind != i32::from(SpanKind::Server));
        (spans.len() >= 2).then_some(spans)
    });
    found.await.try_into().unwrap()
}

#[tokio::test]
async fn one_trace_across_every_transport() {
    let collector = Collector::start().await;
    let headers = "headers = [\"x-key=secret\"]\n";
    let host = Host::start(&["matrix"], Some(&config(&collector, headers))).await;
    let mut table = Table::new("Traces: transport × pattern");
    let mut n = 0;
    for transport in Transport::ALL {
        let client = Caller::connect(transport, host.addr).await;
        for (method, name, _) in METHODS {
            n += 1;
            let row = async {
                let (trace, parent) = caller(n, "01");
                let metadata = [("traceparent", &*parent), ("tracestate", "vendor=1")];
                assert_eq!(call(&client, method, 2, &metadata).await, Code::Ok);
                let [server, guest] = spans(&collector, &trace).await;
                assert_eq!(server.name, format!("{SERVICE}/{name}"));
                assert_eq!(hex(&server.parent_span_id), CALLERS_SPAN);
                assert_eq!(server.trace_state, "vendor=1");
                assert_eq!(guest.parent_span_id, server.span_id);
                assert_ne!(guest.span_id, server.span_id);
                assert_eq!(guest.kind(), SpanKind::Internal);
                assert!(server.start_time_unix_nano <= guest.start_time_unix_nano);
                assert!(guest.end_time_unix_nano <= server.end_time_unix_nano);
                let of = |key| attribute(&server.attributes, key);
                assert_eq!(of("rpc.service").as_deref(), Some(SERVICE));
                assert_eq!(of("rpc.method").as_deref(), Some(name));
                let grpc = transport == Transport::Grpc;
                let system = if grpc { "grpc" } else { "ostler" };
                assert_eq!(of("rpc.system").as_deref(), Some(system));
                let code = grpc.then(|| "0".to_owned());
                assert_eq!(of("rpc.grpc.status_code"), code);
                assert_eq!(of("ostler.tenant").as_deref(), Some("default"));
                assert_eq!(server.status, None);
            };
            table.row(format!("{transport}, {method}"), row).await;
        }
    }
    let row = async {
        let sent = collector.look(|sent| sent.headers.contains(&"x-key: secret".to_owned()));
        assert!(sent, "the configured header was not sent");
    };
    table.row("headers", row).await;
    assert!(host.stop().await.success());
    let row = async {
        collector.look(|sent| {
            let calls = sent
                .metric("ostler_calls")
                .expect("metrics are sent at the end");
            let Some(Data::Sum(sum)) = &calls.data else {
                panic!("{calls:?}");
            };
            assert!(sum.is_monotonic);
            for (_, name, _) in METHODS {
                let point = sum.data_points.iter().find(|point| {
                    attribute(&point.attributes, "method").as_deref() == Some(name)
                        && attribute(&point.attributes, "code").as_deref() == Some("OK")
                });
                let calls = Some(Value::AsDouble(4.0));
                assert_eq!(point.map(|point| point.value), Some(calls), "{name}");
            }
            let took = sent.metric("ostler_call_duration_seconds").unwrap();
            assert!(matches!(took.data, Some(Data::Histogram(_))), "{took:?}");
        });
    };
    table.row("metrics", row).await;
    table.finish();
}

/// What the guest is shown of its call's metadata.
async fn shown(host: &Host, metadata: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut request = Request::json("/control/context", "{}");
    for (key, value) in metadata {
        request = request.header(key, value);
    }
    let answer = ostler_tests::call(host.addr, Http::One, request).await;
    let pair = |pair: &Json| {
        let text = |key: &str| pair[key].as_str().unwrap().to_owned();
        (text("key"), text("value"))
    };
    let context = answer.json();
    let pairs = context["metadata"].as_array().unwrap().iter().map(pair);
    let traces = pairs.filter(|(key, _)| key.starts_with("trace"));
    traces.collect()
}

#[tokio::test]
async fn what_the_guest_passes_on() {
    let collector = Collector::start().await;
    let rows = "sampling = 0\n";
    let host = Host::start(&["control"], Some(&config(&collector, rows))).await;
    let mut table = Table::new("Traces: what the guest is shown");
    let row = async {
        let (trace, parent) = caller(1, "01");
        let metadata = [("traceparent", &*parent), ("tracestate", "a=b")];
        let shown = shown(&host, &metadata).await;
        let [_, guest] = spans(&collector, &trace).await;
        let own = format!("00-{trace}-{}-01", hex(&guest.span_id));
        let expected = [("tracestate", "a=b"), ("traceparent", &own)];
        for (key, value) in expected {
            assert!(
                shown.contains(&(key.to_owned(), value.to_owned())),
                "{shown:?}"
            );
        }
        assert_eq!(shown.len(), 2);
    };
    table.row("its own span", row).await;
    let row = async {
        let (_, parent) = caller(2, "00");
        let shown = shown(&host, &[("traceparent", &parent)]).await;
        assert_eq!(shown, [("traceparent".to_owned(), parent)]);
    };
    table.row("a caller that does not record", row).await;
    let row = async {
        let shown = shown(&host, &[("traceparent", "00-bad"), ("tracestate", "a=b")]).await;
        let [(key, value)] = &shown[..] else {
            panic!("{shown:?}");
        };
        assert_eq!(key, "traceparent");
        assert!(value.ends_with("-00"), "{value}");
    };
    table.row("a root that is not sampled", row).await;
    let row = async {
        let output = command()
            .args([
                "call",
                &host.url(),
                "control.get",
                "{\"key\":\"traceparent\"}",
            ])
            .output();
        let output = within("ostler call", output).await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("\"00-") && said.contains("-01\""), "{said}");
    };
    table.row("ostler call", row).await;
    assert!(host.stop().await.success());
    let row = async {
        let traces = collector.look(|sent| sent.spans().len());
        // Of the first call and of that of `ostler call`, two each.
        assert_eq!(traces, 4);
    };
    table.row("nothing else was recorded", row).await;
    table.finish();
}

#[tokio::test]
async fn failures_are_told() {
    let collector = Collector::start().await;
    let host = Host::start(&["control"], Some(&config(&collector, ""))).await;
    let mut table = Table::new("Traces: status of the span");
    for (n, (path, body, code, fault, guest)) in [
        (
            "/control/fail",
            r#"{"code":"internal","message":"m","details":[]}"#,
            "INTERNAL",
            true,
            true,
        ),
        (
            "/control/fail",
            r#"{"code":"not_found","message":"m","details":[]}"#,
            "NOT_FOUND",
            false,
            true,
        ),
        ("/nowhere/at-all", "{}", "NOT_FOUND", false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let row = async {
            let (trace, parent) = caller(n, "01");
            let request = Request::json(path, body).header("traceparent", &parent);
            ostler_tests::call(host.addr, Http::Two, request).await;
            let (server, count) = collector
                .wait("a span", |sent| {
                    let spans = sent.spans().into_iter();
                    let spans: Vec<_> = spans.filter(|s| hex(&s.trace_id) == trace).collect();
                    Some(((*spans.first()?).clone(), spans.len()))
                })
                .await;
            let of = |key| attribute(&server.attributes, key);
            assert_eq!(of("rpc.response.status_code").as_deref(), Some(code));
            assert_eq!(of("error.type").as_deref(), Some(code));
            let status = server.status.as_ref().map(|status| status.code());
            assert_eq!(status, fault.then_some(StatusCode::Error));
            assert_eq!(count, 1 + usize::from(guest));
        };
        table.row(format!("{path}: {code}, {fault}"), row).await;
    }
    table.finish();
}

/// A collector that takes connections and says nothing.
#[tokio::test]
async fn a_dead_collector_holds_up_nothing() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap();
    let config = format!(
        "[server]\ngrace = \"2s\"\n[telemetry]\notlp = \"http://{addr}\"\ninterval = \"10ms\"\n"
    );
    let host = Host::start(&["matrix"], Some(&config)).await;
    let client = Caller::connect(Transport::H2c, host.addr).await;
    // More than the queue holds.
    for _ in 0..6000 {
        assert_eq!(call(&client, "double", 2, &[]).await, Code::Ok);
    }
    drop(client);
    let began = now();
    assert!(host.stop().await.success());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "it took {took:?} to stop");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test measures how long it took"
)]
fn now() -> Instant {
    Instant::now()
}
