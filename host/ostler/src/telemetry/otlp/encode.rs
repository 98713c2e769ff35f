//! What happened, as messages of OTLP. Attributes go by OpenTelemetry's
//! semantic conventions for RPC; those of our own begin with `ostler.`.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use ostler_call::Code;
use ostler_control::{
    CallSpan, ChangeEvent, Family, FamilyKind, GuestSpan, Period, Point, Reading,
};
use prost::Message as _;

/// Flags of a span (opentelemetry.proto.trace.v1, `SpanFlags`): it is sampled,
/// and it is known whether its parent is of another process.
const SAMPLED: u32 = 0x101;
/// It is.
const REMOTE: u32 = 0x200;

/// Makes messages of one host.
#[derive(Debug)]
pub(super) struct Encoder {
    resource: Resource,
    scope: InstrumentationScope,
    started: SystemTime,
}

impl Encoder {
    /// Of a host of that name.
    pub(super) fn new(name: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            resource: Resource {
                attributes: vec![
                    text("service.name", name),
                    text("service.version", version),
                    number("process.pid", i64::from(std::process::id())),
                ],
                ..Resource::default()
            },
            scope: InstrumentationScope {
                name: "ostler".to_owned(),
                version: version.to_owned(),
                ..InstrumentationScope::default()
            },
            started: SystemTime::now(),
        }
    }

    /// The spans of these calls.
    pub(super) fn traces(&self, calls: &[CallSpan]) -> Vec<u8> {
        let spans = calls.iter().flat_map(|call| {
            let guest = call.guest.map(|guest| of_guest(call, guest));
            std::iter::once(of_host(call)).chain(guest)
        });
        let scope_spans = ScopeSpans {
            scope: Some(self.scope.clone()),
            spans: spans.collect(),
            ..ScopeSpans::default()
        };
        let resource_spans = ResourceSpans {
            resource: Some(self.resource.clone()),
            scope_spans: vec![scope_spans],
            ..ResourceSpans::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![resource_spans],
        };
        request.encode_to_vec()
    }

    /// A change, as an event (logs data model, "Events").
    pub(super) fn logs(&self, change: &ChangeEvent) -> Vec<u8> {
        let scope_logs = ScopeLogs {
            scope: Some(self.scope.clone()),
            log_records: vec![of_change(change)],
            ..ScopeLogs::default()
        };
        let resource_logs = ResourceLogs {
            resource: Some(self.resource.clone()),
            scope_logs: vec![scope_logs],
            ..ResourceLogs::default()
        };
        let request = ExportLogsServiceRequest {
            resource_logs: vec![resource_logs],
        };
        request.encode_to_vec()
    }

    /// These metrics as they are now.
    pub(super) fn metrics(&self, families: Vec<Family>) -> Vec<u8> {
        let time = Period {
            from: self.started,
            to: SystemTime::now(),
        };
        let families = families.into_iter().filter(|f| !f.points.is_empty());
        let scope_metrics = ScopeMetrics {
            scope: Some(self.scope.clone()),
            metrics: families.map(|family| metric(family, time)).collect(),
            ..ScopeMetrics::default()
        };
        let resource_metrics = ResourceMetrics {
            resource: Some(self.resource.clone()),
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        };
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![resource_metrics],
        };
        request.encode_to_vec()
    }
}

fn of_change(change: &ChangeEvent) -> LogRecord {
    let mut attributes = vec![
        text("ostler.tenant", &change.tenant),
        text("ostler.component", &change.component),
        text("ostler.change", change.change),
    ];
    if let Some(from) = change.from {
        attributes.push(number("ostler.version.from", from.into()));
    }
    let severity = match &change.result {
        Ok(to) => {
            attributes.push(number("ostler.version", to.version.into()));
            attributes.push(text("ostler.label", &to.label));
            SeverityNumber::Info
        }
        Err(why) => {
            attributes.push(text("error.message", why));
            SeverityNumber::Warn
        }
    };
    LogRecord {
        time_unix_nano: nanos(change.time),
        observed_time_unix_nano: nanos(change.time),
        severity_number: severity.into(),
        attributes,
        event_name: "ostler.deployment".to_owned(),
        ..LogRecord::default()
    }
}

fn of_host(call: &CallSpan) -> Span {
    let mut attributes = vec![
        text("rpc.system", system(call.transport)),
        text("rpc.service", &call.service),
        text("rpc.method", &call.method),
        text(
            "rpc.response.status_code",
            &call.code.name().to_ascii_uppercase(),
        ),
        text("ostler.tenant", &call.tenant),
        text("ostler.transport", call.transport),
        text("ostler.call_id", &call.call_id),
    ];
    match call.transport {
        "grpc" | "grpc-web" => {
            let code = i64::from(call.code.number());
            attributes.push(number("rpc.grpc.status_code", code));
        }
        "connect" if call.code != Code::Ok => {
            attributes.push(text("rpc.connect_rpc.error_code", call.code.name()));
        }
        _ => {}
    }
    if let Some(peer) = call.peer {
        attributes.push(text("network.peer.address", &peer.ip().to_string()));
        attributes.push(number("network.peer.port", i64::from(peer.port())));
    }
    if call.code != Code::Ok {
        attributes.push(text("error.type", &call.code.name().to_ascii_uppercase()));
    }
    let remote = match call.parent {
        Some(_) => REMOTE,
        None => 0,
    };
    Span {
        span_id: id(call.id),
        parent_span_id: call.parent.map(id).unwrap_or_default(),
        flags: SAMPLED | remote,
        kind: SpanKind::Server.into(),
        attributes,
        status: is_fault(call.code).then(|| Status {
            message: String::new(),
            code: StatusCode::Error.into(),
        }),
        ..span(call, format!("{}/{}", call.service, call.method), call.time)
    }
}

fn of_guest(call: &CallSpan, guest: GuestSpan) -> Span {
    Span {
        span_id: id(guest.id),
        parent_span_id: id(call.id),
        flags: SAMPLED,
        kind: SpanKind::Internal.into(),
        ..span(call, format!("guest {}", call.method), guest.time)
    }
}

/// What the spans of a call have in common.
fn span(call: &CallSpan, name: String, time: Period) -> Span {
    Span {
        trace_id: call.trace_id.to_be_bytes().to_vec(),
        trace_state: call.state.clone(),
        name,
        start_time_unix_nano: nanos(time.from),
        end_time_unix_nano: nanos(time.to),
        ..Span::default()
    }
}

/// `rpc.system`; what is not listed there has a name of its own.
fn system(transport: &str) -> &'static str {
    match transport {
        "grpc" | "grpc-web" => "grpc",
        "connect" => "connect_rpc",
        _ => "ostler",
    }
}

/// The codes that are the server's fault (semantic conventions for gRPC,
/// "gRPC status").
fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

fn metric(family: Family, time: Period) -> Metric {
    let Family {
        name,
        help,
        kind,
        points,
    } = family;
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = |points: Vec<Point>| points.into_iter().filter_map(|p| single(p, time)).collect();
    let data = match kind {
        FamilyKind::Counter => metric::Data::Sum(Sum {
            data_points: numbers(points),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        FamilyKind::Gauge => metric::Data::Gauge(Gauge {
            data_points: numbers(points),
        }),
        FamilyKind::Histogram => metric::Data::Histogram(Histogram {
            data_points: points.into_iter().filter_map(|p| spread(p, time)).collect(),
            aggregation_temporality: cumulative,
        }),
    };
    let unit = match name {
        name if name.ends_with("_seconds") => "s",
        name if name.ends_with("_bytes") => "By",
        _ => "1",
    };
    Metric {
        name: name.to_owned(),
        description: help.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn single(point: Point, time: Period) -> Option<NumberDataPoint> {
    let Reading::Number(value) = point.value else {
        return None;
    };
    Some(NumberDataPoint {
        attributes: labels(point.labels),
        start_time_unix_nano: nanos(time.from),
        time_unix_nano: nanos(time.to),
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    })
}

fn spread(point: Point, time: Period) -> Option<HistogramDataPoint> {
    let Reading::Spread {
        bounds,
        counts,
        sum,
    } = point.value
    else {
        return None;
    };
    Some(HistogramDataPoint {
        attributes: labels(point.labels),
        start_time_unix_nano: nanos(time.from),
        time_unix_nano: nanos(time.to),
        count: counts.iter().sum(),
        sum: Some(sum),
        bucket_counts: counts,
        explicit_bounds: bounds.to_vec(),
        ..HistogramDataPoint::default()
    })
}

fn labels(labels: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    let labels = labels.into_iter();
    labels.map(|(name, value)| text(name, &value)).collect()
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn id(id: u64) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
