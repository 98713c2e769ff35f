//! `[server]`, the tables in it, and `[[server.listener]]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ostler_control::AccessLog;
use ostler_runtime::CompileLimits;
use ostler_transport::listener::{ListenerConfig, TlsConfig};

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
    /// Further addresses, with settings of their own.
    pub listeners: Vec<ListenerEntry>,
    /// The level of the line written at the end of every call.
    pub access_log: AccessLog,
    /// Where compiled components are kept; `None` compiles at every start.
    pub cache: Option<PathBuf>,
    /// What that folder may hold, bytes; beyond, what was loaded longest ago
    /// goes.
    pub cache_size: usize,
    /// What the compilation of one component may take, where it has a process
    /// of its own.
    pub compile: CompileLimits,
    /// Where the admin API listens; `None` has none.
    pub admin: Option<String>,
    /// The file of its token; `None` is the user's own.
    pub admin_token: Option<PathBuf>,
    /// Where what is deployed by it is kept; `None` is the user's own folder.
    pub store: Option<PathBuf>,
    /// How many of these are loaded at once.
    pub loaded: usize,
    /// Names the admin API may be called by, beside addresses and `localhost`.
    pub admin_hosts: Vec<String>,
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
            listeners: Vec::new(),
            access_log: AccessLog::default(),
            cache: None,
            cache_size: 10 << 30,
            compile: CompileLimits::default(),
            admin: None,
            admin_token: None,
            store: None,
            loaded: 500,
            admin_hosts: Vec::new(),
            instances: None,
        }
    }
}

/// One `[[server.listener]]`.
#[derive(Clone, Debug, Default)]
pub struct ListenerEntry {
    /// Addresses to listen on; port 0 takes any free one.
    pub listen: Vec<String>,
    /// How much a client may send ahead over HTTP/2.
    pub h2: H2,
    /// Whether it speaks cleartext although the others have a certificate.
    pub cleartext: bool,
}

/// Settings of HTTP/2.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum H2 {
    /// Those of `[server.http]`.
    #[default]
    Normal,
    /// Those of [`ListenerConfig::large`].
    Large,
}

impl Server {
    /// Every address, each with what its connections are held to, where
    /// `config` is what holds for all.
    pub(crate) fn addresses(&self, config: &ListenerConfig) -> Vec<(String, ListenerConfig)> {
        let plain = (self.listen.iter()).map(|name| (name, H2::Normal, false));
        let further = self
            .listeners
            .iter()
            .flat_map(|e| e.listen.iter().map(|name| (name, e.h2, e.cleartext)));
        plain
            .chain(further)
            .map(|(name, h2, cleartext)| {
                let mut config = config.clone();
                if cleartext {
                    config.tls = None;
                }
                let config = match h2 {
                    H2::Normal => config,
                    H2::Large => config.large(),
                };
                (name.clone(), config)
            })
            .collect()
    }
}

/// `[[server.listener]]`.
pub(super) const LISTENER_KEYS: &[Key<ListenerEntry>] = &[
    Key::new("listen", |l, v| v.texts().map(|v| l.listen = v)),
    Key::new("h2", |l, v| {
        let size = v.one_of(&["normal", "large"])?;
        l.h2 = [H2::Normal, H2::Large][size];
        Ok(())
    }),
    Key::new("tls", |l, v| v.flag().map(|v| l.cleartext = !v)),
];

/// `[server.tls]`.
pub(super) const TLS_KEYS: &[Key<TlsConfig>] = &[
    Key::new("certificate", |t, v| {
        v.text().map(|v| t.certificate = v.into())
    }),
    Key::new("key", |t, v| v.text().map(|v| t.key = v.into())),
    Key::new("client-ca", |t, v| {
        v.text().map(|v| t.client_ca = Some(v.into()))
    }),
    Key::new("client-auth", |t, v| {
        t.client_optional = v.one_of(&["required", "optional"])? == 1;
        Ok(())
    }),
];

/// The files of a certificate, relative to `folder`.
///
/// # Errors
/// What is missing.
pub(super) fn located(tls: TlsConfig, folder: &Path) -> Result<TlsConfig, &'static str> {
    if tls.certificate.as_os_str().is_empty() || tls.key.as_os_str().is_empty() {
        return Err("[server.tls] needs both certificate and key, each a PEM file");
    }
    if tls.client_optional && tls.client_ca.is_none() {
        return Err("client-auth needs client-ca, a PEM file of those who sign for clients");
    }
    Ok(TlsConfig {
        certificate: folder.join(tls.certificate),
        key: folder.join(tls.key),
        client_ca: tls.client_ca.map(|path| folder.join(path)),
        client_optional: tls.client_optional,
    })
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
    Key::new("cache-size", |s, v| v.size().map(|v| s.cache_size = v)),
    Key::new("admin", |s, v| v.text().map(|v| s.admin = Some(v.into()))),
    Key::new("admin-token", |s, v| {
        v.text().map(|v| s.admin_token = Some(v.into()))
    }),
    Key::new("store", |s, v| v.text().map(|v| s.store = Some(v.into()))),
    Key::new("loaded", |s, v| v.count().map(|v| s.loaded = v)),
    Key::new("admin-hosts", |s, v| v.texts().map(|v| s.admin_hosts = v)),
    Key::new("instances", |s, v| {
        let count = u32::try_from(v.count()?).unwrap_or(u32::MAX);
        s.instances = Some(count);
        Ok(())
    }),
];

/// `[server.compile]`.
pub(super) const COMPILE_KEYS: &[Key<CompileLimits>] = &[
    Key::new("memory", |c, v| v.size().map(|v| c.memory = v)),
    Key::new("timeout", |c, v| v.duration().map(|v| c.time = v)),
    Key::new("size", |c, v| v.size().map(|v| c.size = v)),
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
    Key::new("origins", |l, v| v.texts().map(|v| l.origins = v)),
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
