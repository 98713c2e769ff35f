//! Configuration: defaults, then a TOML file, then `OSTLER_*` variables;
//! flags come last and are applied by whoever has flags.

mod keys;
mod limits;
mod server;
mod telemetry;
#[cfg(test)]
mod tests;
mod units;
mod value;

use std::fmt;
use std::path::Path;

use ostler_control::Probe;
use ostler_transport::listener::TlsConfig;
use toml::de::{DeTable, DeValue};

use keys::{Key, Source, apply_env, apply_table};
pub use limits::ServiceLimits;
pub use server::{H2, ListenerEntry, Server};
pub use telemetry::TelemetryConfig;
pub use units::duration as parse_duration;
use value::Raw;

use crate::source::{Origin, Registries};
use crate::trust::INLINE;

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The host itself.
    pub server: Server,
    /// Who is told of calls.
    pub telemetry: TelemetryConfig,
    /// What every service is held to that does not say otherwise.
    pub limits: ServiceLimits,
    /// Keys of which one must have signed every component: PEM files, or
    /// `ed25519:` and the base64 of one. Empty trusts everybody.
    pub trust: Vec<String>,
    /// How registries of components are reached.
    pub registries: Registries,
    /// The services of the file.
    pub services: Vec<ServiceConfig>,
}

/// One `[[service]]`.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Where its component is.
    pub component: Origin,
    /// Whether what changes there is deployed.
    pub watch: bool,
    /// What it is held to.
    pub limits: ServiceLimits,
    /// What its `lifecycle.start` is given.
    pub config: Vec<(String, String)>,
    /// What its instances have to answer before calls go to it.
    pub probe: Option<Probe>,
}

/// What is wrong with a configuration: where, what, and the remedy.
#[derive(Debug, Eq, PartialEq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Variables that belong to commands, not to the configuration.
const COMMAND_VARIABLES: [&str; 8] = [
    "OSTLER_CONFIG",
    "OSTLER_LOG",
    "OSTLER_LOG_FORMAT",
    "OSTLER_LISTEN",
    "OSTLER_ADMIN",
    "OSTLER_ADMIN_TOKEN",
    "OSTLER_REGISTRY_USER",
    "OSTLER_REGISTRY_PASSWORD",
];

impl Config {
    /// Reads the file at `path`, if any, and the environment of the process.
    /// Component paths are relative to the file's folder.
    ///
    /// # Errors
    /// [`ConfigError`] naming file, line, key and remedy.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let variables: Vec<_> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let Some(path) = path else {
            return Self::parse("", "", Path::new(""), &variables);
        };
        let origin = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError(format!("{origin}: cannot be read: {e}")))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, &origin, folder, &variables)
    }

    /// A configuration from the text of a file called `origin` in messages,
    /// component paths relative to `folder`, overridden by `variables`.
    ///
    /// # Errors
    /// [`ConfigError`] naming file, line, key and remedy.
    pub fn parse(
        text: &str,
        origin: &str,
        folder: &Path,
        variables: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let source = Source { origin, text };
        let document = DeTable::parse(text)
            .map_err(|e| source.error(e.span().map_or(0, |s| s.start), e.message()))?;
        let mut config = Self::default();
        config.telemetry.usual(variables);
        config.sections(document.get_ref(), folder, source)?;
        config.environment(variables)?;
        // Last, since each service starts from the limits that hold for all.
        if let Some(services) = document.get_ref().get("service") {
            config.services(services.get_ref(), services.span().start, folder, source)?;
        }
        Ok(config)
    }

    fn sections(
        &mut self,
        document: &DeTable<'_>,
        folder: &Path,
        source: Source<'_>,
    ) -> Result<(), ConfigError> {
        for (name, value) in document {
            match &**name.get_ref() {
                "server" => self.server(source.table(value, "server")?, folder, source)?,
                "limits" => {
                    let table = source.table(value, "limits")?;
                    apply_table(
                        &mut self.limits,
                        limits::KEYS,
                        &[],
                        table,
                        "[limits]",
                        source,
                    )?;
                }
                "trust" => {
                    let at = name.span().start;
                    let table = source.table(value, "trust")?;
                    self.trust = trusted(table, at, folder, source)?;
                }
                "registry" => {
                    let table = source.table(value, "registry")?;
                    let registries = &mut self.registries;
                    apply_table(registries, REGISTRY_KEYS, &[], table, "[registry]", source)?;
                }
                "telemetry" => {
                    let table = source.table(value, "telemetry")?;
                    apply_table(
                        &mut self.telemetry,
                        telemetry::KEYS,
                        &[],
                        table,
                        "[telemetry]",
                        source,
                    )?;
                }
                "service" => {}
                other => {
                    let known = [
                        "server",
                        "limits",
                        "registry",
                        "telemetry",
                        "service",
                        "trust",
                    ];
                    return Err(source.unknown(name.span().start, other, "", known));
                }
            }
        }
        Ok(())
    }

    fn server(
        &mut self,
        table: &DeTable<'_>,
        folder: &Path,
        source: Source<'_>,
    ) -> Result<(), ConfigError> {
        let others = ["compile", "http", "listener", "tls"];
        apply_table(
            &mut self.server,
            server::KEYS,
            &others,
            table,
            "[server]",
            source,
        )?;
        if let Some(value) = table.get("compile") {
            let table = source.table(value, "server.compile")?;
            apply_table(
                &mut self.server.compile,
                server::COMPILE_KEYS,
                &[],
                table,
                "[server.compile]",
                source,
            )?;
        }
        if let Some(value) = table.get("http") {
            let table = source.table(value, "server.http")?;
            apply_table(
                &mut self.server.listener,
                server::HTTP_KEYS,
                &[],
                table,
                "[server.http]",
                source,
            )?;
        }
        if let Some(value) = table.get("tls") {
            let table = source.table(value, "server.tls")?;
            let mut tls = TlsConfig::default();
            apply_table(
                &mut tls,
                server::TLS_KEYS,
                &[],
                table,
                "[server.tls]",
                source,
            )?;
            let located = server::located(tls, folder);
            let at = value.span().start;
            self.server.listener.tls = Some(located.map_err(|e| source.error(at, e))?);
        }
        let Some(value) = table.get("listener") else {
            return Ok(());
        };
        let Some(items) = value.get_ref().as_array() else {
            return Err(source.error(
                value.span().start,
                "listener: write [[server.listener]], one for each group of addresses",
            ));
        };
        for item in items {
            let table = source.table(item, "server.listener")?;
            let entry = listener(table, item.span().start, source)?;
            self.server.listeners.push(entry);
        }
        Ok(())
    }

    fn environment(&mut self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        let mut used = Vec::new();
        apply_env(
            &mut self.server,
            server::KEYS,
            "server",
            variables,
            &mut used,
        )?;
        apply_env(
            &mut self.server.compile,
            server::COMPILE_KEYS,
            "server.compile",
            variables,
            &mut used,
        )?;
        let listener = &mut self.server.listener;
        apply_env(
            listener,
            server::HTTP_KEYS,
            "server.http",
            variables,
            &mut used,
        )?;
        apply_env(
            &mut self.limits,
            limits::KEYS,
            "limits",
            variables,
            &mut used,
        )?;
        let registries = &mut self.registries;
        apply_env(registries, REGISTRY_KEYS, "registry", variables, &mut used)?;
        apply_env(&mut self.trust, TRUST_KEYS, "trust", variables, &mut used)?;
        apply_env(
            &mut self.telemetry,
            telemetry::KEYS,
            "telemetry",
            variables,
            &mut used,
        )?;
        for (name, _) in variables {
            let known = used.contains(name) || COMMAND_VARIABLES.contains(&name.as_str());
            if name.starts_with("OSTLER_") && !known {
                // Not an error: the prefix may be used by something else.
                tracing::warn!(
                    "the variable {name} is not a setting of this host; see `ostler run --help`"
                );
            }
        }
        Ok(())
    }

    fn services(
        &mut self,
        value: &DeValue<'_>,
        at: usize,
        folder: &Path,
        source: Source<'_>,
    ) -> Result<(), ConfigError> {
        let Some(items) = value.as_array() else {
            return Err(source.error(at, "service: write [[service]], one for each component"));
        };
        for item in items {
            let table = source.table(item, "service")?;
            let service = service(table, &self.limits, folder, item.span().start, source)?;
            self.services.push(service);
        }
        Ok(())
    }
}

/// `[registry]`.
const REGISTRY_KEYS: &[Key<Registries>] = &[
    Key::new("plain-http", |r, v| v.texts().map(|v| r.plain_http = v)),
    Key::new("timeout", |r, v| v.duration().map(|v| r.timeout = v)),
];

/// `[trust]`.
const TRUST_KEYS: &[Key<Vec<String>>] = &[Key::new("keys", |t, v| {
    *t = v.texts()?;
    // An empty list would trust everybody.
    match t.is_empty() {
        true => Err("expected at least one key, found none".to_owned()),
        false => Ok(()),
    }
})];

/// The keys of `[trust]`, files relative to `folder`.
fn trusted(
    table: &DeTable<'_>,
    at: usize,
    folder: &Path,
    source: Source<'_>,
) -> Result<Vec<String>, ConfigError> {
    let mut keys = Vec::new();
    apply_table(&mut keys, TRUST_KEYS, &[], table, "[trust]", source)?;
    if keys.is_empty() {
        let text = "[trust] without keys; add keys = [\"PUBLIC.pem\"]";
        return Err(source.error(at, text));
    }
    let located = keys.into_iter().map(|key| match key.starts_with(INLINE) {
        true => key,
        false => folder.join(key).display().to_string(),
    });
    Ok(located.collect())
}

fn listener(
    table: &DeTable<'_>,
    at: usize,
    source: Source<'_>,
) -> Result<ListenerEntry, ConfigError> {
    let mut entry = ListenerEntry::default();
    apply_table(
        &mut entry,
        server::LISTENER_KEYS,
        &[],
        table,
        "[[server.listener]]",
        source,
    )?;
    if entry.listen.is_empty() {
        return Err(source.error(
            at,
            "[[server.listener]] without an address; add listen = \"HOST:PORT\"",
        ));
    }
    Ok(entry)
}

fn service(
    table: &DeTable<'_>,
    limits: &ServiceLimits,
    folder: &Path,
    at: usize,
    source: Source<'_>,
) -> Result<ServiceConfig, ConfigError> {
    const KNOWN: [&str; 5] = ["component", "watch", "limits", "config", "probe"];
    apply_table(&mut (), &[], &KNOWN, table, "[[service]]", source)?;
    let Some(component) = table.get("component") else {
        return Err(source.error(
            at,
            "[[service]] without a component; add component = \"FILE.wasm\"",
        ));
    };
    let path = Raw::File(component.get_ref())
        .text()
        .map_err(|e| source.error(component.span().start, format!("component: {e}")))?;
    let mut service = ServiceConfig {
        component: Origin::new(path, folder),
        watch: false,
        limits: limits.clone(),
        config: Vec::new(),
        probe: None,
    };
    if let Some(value) = table.get("watch") {
        let flag = Raw::File(value.get_ref()).flag();
        let at = value.span().start;
        service.watch = flag.map_err(|e| source.error(at, format!("watch: {e}")))?;
        if service.watch && matches!(service.component, Origin::Registry(_)) {
            let text = "watch: a file or a folder is watched, a registry is not";
            return Err(source.error(at, text));
        }
    }
    if let Some(value) = table.get("limits") {
        let table = source.table(value, "limits")?;
        apply_table(
            &mut service.limits,
            limits::KEYS,
            &[],
            table,
            "limits of [[service]]",
            source,
        )?;
    }
    if let Some(value) = table.get("config") {
        service.config = guest_config(source.table(value, "config")?, source)?;
    }
    if let Some(value) = table.get("probe") {
        let probe = Raw::File(value.get_ref()).text().and_then(str::parse);
        let at = value.span().start;
        service.probe = Some(probe.map_err(|e| source.error(at, format!("probe: {e}")))?);
    }
    Ok(service)
}

/// Any keys with plain values, as texts.
fn guest_config(
    table: &DeTable<'_>,
    source: Source<'_>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let pair = |(name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = name.get_ref();
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(flag) => flag.to_string(),
            _ => {
                let text = format!("config.{key}: expected a text, a number, true or false");
                return Err(source.error(value.span().start, text));
            }
        };
        Ok((key.to_string(), text))
    };
    table.iter().map(pair).collect()
}
