//! A collector: takes OTLP over HTTP (OTLP specification, "OTLP/HTTP") as the
//! official protobufs have it, and keeps what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use ostler_tests::within;
use prost::Message;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// What was sent, as it came.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) traces: Vec<ExportTraceServiceRequest>,
    pub(crate) metrics: Vec<ExportMetricsServiceRequest>,
    pub(crate) logs: Vec<ExportLogsServiceRequest>,
    /// Header lines of all requests, in lower case.
    pub(crate) headers: Vec<String>,
}

impl Sent {
    pub(crate) fn spans(&self) -> Vec<&Span> {
        let resources = self.traces.iter().flat_map(|t| &t.resource_spans);
        let scopes = resources.flat_map(|r| &r.scope_spans);
        scopes.flat_map(|s| &s.spans).collect()
    }

    pub(crate) fn events(&self) -> Vec<&LogRecord> {
        let resources = self.logs.iter().flat_map(|l| &l.resource_logs);
        let scopes = resources.flat_map(|r| &r.scope_logs);
        scopes.flat_map(|s| &s.log_records).collect()
    }

    /// The metrics of the last request.
    pub(crate) fn metric(&self, name: &str) -> Option<&Metric> {
        let resources = self.metrics.last()?.resource_metrics.iter();
        let mut metrics = resources
            .flat_map(|r| &r.scope_metrics)
            .flat_map(|s| &s.metrics);
        metrics.find(|metric| metric.name == name)
    }
}

pub(crate) struct Collector {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    sent: Mutex<Sent>,
    told: Notify,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let mut tasks = JoinSet::new();
        let of = Arc::clone(&shared);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&of)));
            }
        });
        Self {
            addr,
            shared,
            _tasks: tasks,
        }
    }

    /// What `read` finds in what was sent, once it finds something.
    pub(crate) async fn wait<T>(&self, what: &str, read: impl Fn(&Sent) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let told = self.shared.told.notified();
                if let Some(found) = self.look(&read) {
                    return found;
                }
                told.await;
            }
        };
        within(what, waiting).await
    }

    pub(crate) fn look<T>(&self, read: impl Fn(&Sent) -> T) -> T {
        read(&self.shared.sent.lock().unwrap())
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let headers: Vec<_> = lines.drain(1..).map(|l| l.to_ascii_lowercase()).collect();
        let length = headers
            .iter()
            .find_map(|h| h.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        assert!(headers.contains(&"content-type: application/x-protobuf".to_owned()));
        {
            let mut sent = shared.sent.lock().unwrap();
            sent.headers.extend(headers);
            match lines[0].split(' ').nth(1).unwrap() {
                "/v1/traces" => sent.traces.push(Message::decode(&*body).unwrap()),
                "/v1/metrics" => sent.metrics.push(Message::decode(&*body).unwrap()),
                "/v1/logs" => sent.logs.push(Message::decode(&*body).unwrap()),
                other => panic!("{other} is no path of OTLP"),
            }
        }
        shared.told.notify_waiters();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// An attribute as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}
