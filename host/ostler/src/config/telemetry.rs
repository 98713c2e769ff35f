//! `[telemetry]`, and the variables that OpenTelemetry gives the same meaning
//! everywhere.

use std::time::Duration;

use super::keys::Key;

/// Who is told of calls.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// The URL of an OpenTelemetry collector, such as `http://localhost:4318`;
    /// `None` tells nobody.
    pub otlp: Option<String>,
    /// Headers of every request to it.
    pub headers: Vec<(String, String)>,
    /// The share of calls, from 0 to 1, that begin a trace where the caller has
    /// none.
    pub sampling: f64,
    /// Between two readings of the metrics.
    pub interval: Duration,
    /// What the host is called there.
    pub service_name: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp: None,
            headers: Vec::new(),
            sampling: 1.0,
            interval: Duration::from_secs(60),
            service_name: "ostler".to_owned(),
        }
    }
}

pub(super) const KEYS: &[Key<TelemetryConfig>] = &[
    Key::new("otlp", |t, v| v.text().map(|v| t.otlp = Some(v.into()))),
    Key::new("headers", |t, v| {
        let pairs = v.texts()?.into_iter();
        t.headers = pairs.map(|pair| header(&pair)).collect::<Result<_, _>>()?;
        Ok(())
    }),
    Key::new("sampling", |t, v| v.share().map(|v| t.sampling = v)),
    Key::new("interval", |t, v| v.duration().map(|v| t.interval = v)),
    Key::new("service-name", |t, v| {
        v.text().map(|v| t.service_name = v.into())
    }),
];

fn header(pair: &str) -> Result<(String, String), String> {
    let split = pair.split_once('=');
    let (name, value) = split.ok_or_else(|| format!("expected NAME=VALUE, found {pair:?}"))?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

impl TelemetryConfig {
    /// Takes what OpenTelemetry's own variables say (its specification, "OTLP
    /// exporter configuration"); the file and our variables say it louder.
    pub(super) fn usual(&mut self, variables: &[(String, String)]) {
        let get = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| name == wanted);
            found
                .map(|(_, value)| value.as_str())
                .filter(|v| !v.is_empty())
        };
        self.otlp = get("OTEL_EXPORTER_OTLP_ENDPOINT").map(str::to_owned);
        if let Some(pairs) = get("OTEL_EXPORTER_OTLP_HEADERS") {
            let pairs = pairs.split(',').filter_map(|pair| header(pair).ok());
            self.headers = pairs.collect();
        }
        if let Some(name) = get("OTEL_SERVICE_NAME") {
            name.clone_into(&mut self.service_name);
        }
        if get("OTEL_SDK_DISABLED") == Some("true") {
            self.otlp = None;
        }
    }
}
