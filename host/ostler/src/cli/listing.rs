//! What a component or a host offers: the rows of tables and of `--json`.

use ostler_schema::{Contract, Method, PackageName};
use serde::Serialize;

use super::curl;
use super::table::Table;

/// Services with their methods.
#[derive(Debug, Default, Serialize)]
pub(super) struct Listing {
    /// Addresses listened on; none for a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) listen: Vec<String>,
    /// Where the admin API listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) admin: Option<String>,
    pub(super) services: Vec<ServiceRow>,
    /// Full names of services that are loaded when they are called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) asleep: Vec<String>,
}

/// Services of one kind that a table for people shows.
const SHOWN: usize = 20;

/// One service.
#[derive(Debug, Serialize)]
pub(super) struct ServiceRow {
    pub(super) name: String,
    pub(super) package: String,
    /// Where it came from, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) component: Option<String>,
    pub(super) methods: Vec<MethodRow>,
}

/// One method.
#[derive(Debug, Serialize)]
pub(super) struct MethodRow {
    pub(super) name: String,
    pub(super) pattern: &'static str,
    pub(super) idempotent: bool,
    /// A command that calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) curl: Option<String>,
}

impl Listing {
    /// Adds the services of one component; `host` is the URL that answers
    /// `curl`.
    pub(super) fn add(&mut self, component: Option<&str>, contract: &Contract, host: Option<&str>) {
        for service in &contract.services {
            let method = |method: &Method| MethodRow {
                name: method.name.plain.to_string(),
                pattern: method.pattern.name(),
                idempotent: method.idempotent,
                curl: host
                    .map(|host| curl::line(host, &service.name.plain, method, &contract.plan)),
            };
            self.services.push(ServiceRow {
                name: service.name.plain.to_string(),
                package: package(&service.package),
                component: component.map(str::to_owned),
                methods: service.methods.iter().map(method).collect(),
            });
        }
    }

    /// As a table for people, each method's `curl` line below its row.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new(["SERVICE", "METHOD", "PATTERN", "PACKAGE"]);
        for service in &self.services {
            for method in &service.methods {
                let tag = if method.idempotent {
                    ", idempotent"
                } else {
                    ""
                };
                let pattern = format!("{}{tag}", words(method.pattern));
                table.row([&service.name, &method.name, &pattern, &service.package]);
                if let Some(curl) = &method.curl {
                    table.note(curl);
                }
            }
        }
        for name in self.asleep.iter().take(SHOWN) {
            table.row([name, "", "loaded when it is called", ""]);
        }
        let more = self.asleep.len().saturating_sub(SHOWN);
        if more > 0 {
            table.note(&format!("and {more} more; `ostler list` shows them"));
        }
        table.to_string()
    }

    /// As one line of JSON.
    pub(super) fn json(&self) -> String {
        // Strings and lists alone: nothing here can fail to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `demo:users@1.0.0`.
fn package(package: &PackageName) -> String {
    let PackageName {
        namespace,
        name,
        version,
    } = package;
    match version {
        Some(version) => format!("{namespace}:{name}@{version}"),
        None => format!("{namespace}:{name}"),
    }
}

pub(super) fn words(pattern: &str) -> &str {
    match pattern {
        "server_streaming" => "server streaming",
        "client_streaming" => "client streaming",
        "bidi_streaming" => "bidirectional",
        other => other,
    }
}
