//! `[server]` and `[server.http]`.

use std::path::PathBuf;
use std::time::Duration;

use ostler_control::AccessLog;
use ostler_transport::listener::ListenerConfig;

use super::keys::Key;

/// The host itself.
#[derive(Clone, Debug)]
pub struct Server {
    /// Addresses to listen on; port 0 takes any free one.
    pub listen: Vec<String>,
    /// How long running calls may go on once the host is told to stop.
    pub grace: Duration,
    /// What connections are held to.
    pub listener: ListenerConfig,
    /// The level of the line written at the end of every call.
    pub access_log: AccessLog,
    /// Where compiled components are kept; `None` compiles at every start.
    pub cache: Option<PathBuf>,
    /// Instances alive at once over all services; `None` adds up what the
    /// services may have.
    pub instances: Option<u32>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:8080".to_owned()],
            grace: Duration::from_secs(30),
            listener: ListenerConfig::default(),
            access_log: AccessLog::default(),
            cache: None,
            instances: None,
        }
    }
}

pub(super) const KEYS: &[Key<Server>] = &[
    Key::new("listen", |s, v| v.texts().map(|v| s.listen = v)),
    Key::new("grace", |s, v| v.duration().map(|v| s.grace = v)),
    Key::new("access-log", |s, v| {
        let level = v.one_of(&["off", "debug", "info"])?;
        s.access_log = [AccessLog::Off, AccessLog::Debug, AccessLog::Info][level];
        Ok(())
    }),
    Key::new("cache", |s, v| v.text().map(|v| s.cache = Some(v.into()))),
    Key::new("instances", |s, v| {
        let count = u32::try_from(v.count()?).unwrap_or(u32::MAX);
        s.instances = Some(count);
        Ok(())
    }),
];

/// `[server.http]`.
pub(super) const HTTP_KEYS: &[Key<ListenerConfig>] = &[
    Key::new("connections", |l, v| v.count().map(|v| l.connections = v)),
    Key::new("connections-per-ip", |l, v| {
        v.count().map(|v| l.connections_per_ip = v)
    }),
    Key::new("header-timeout", |l, v| {
        v.duration().map(|v| l.header_timeout = v)
    }),
    Key::new("header-size", |l, v| v.size().map(|v| l.header_bytes = v)),
    Key::new("body-timeout", |l, v| {
        v.duration().map(|v| l.http.body_timeout = v)
    }),
    Key::new("streams", |l, v| {
        v.count().map(|v| l.streams = saturated(v))
    }),
    Key::new("stream-window", |l, v| {
        v.size().map(|v| l.stream_window = saturated(v))
    }),
    Key::new("send-buffer", |l, v| v.size().map(|v| l.send_buffer = v)),
    Key::new("keep-alive", |l, v| v.duration().map(|v| l.keep_alive = v)),
    Key::new("event-idle", |l, v| {
        v.duration().map(|v| l.http.event_idle = v)
    }),
    Key::new("contract", |l, v| v.flag().map(|v| l.http.contract = v)),
    Key::new("metadata", |l, v| {
        let names = v.texts()?;
        l.http.metadata_headers = names.iter().map(|n| n.to_ascii_lowercase()).collect();
        Ok(())
    }),
];

/// More than 32 bits hold is as good as all of them.
fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
