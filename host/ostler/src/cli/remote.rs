//! A running host: how it is reached, and what it says of itself.

use std::path::PathBuf;
use std::time::Duration;

use ostler_call::{Code, Status};
use ostler_schema::{Contract, Method, Plan, Service, read_contracts};
use ostler_transport::http::client::{Client, ClientConfig, ClientTls, Http};
use ostler_transport::{rpc, websocket};

use super::exit::{Class, Failure};
use super::reflection;

const PATH: &str = "/.well-known/ostler/contract";

/// How long a server that speaks gRPC or Connect may take to say that it has
/// no contract.
const CONTRACT: Duration = Duration::from_secs(5);

/// TLS, where the URL asks for it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct TlsArgs {
    /// Trust the authorities in this file too, PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Show this certificate to the server, PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// A host, by its URL.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    url: String,
    http: Option<Http>,
    tls: ClientTls,
}

/// What a URL says how to call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wire {
    Http,
    Socket,
    Rpc,
}

/// Schemes of URLs: how to call, and the scheme of the host's HTTP side with
/// the version it surely speaks.
const SCHEMES: [(&str, Wire, &str, Http); 6] = [
    ("ws", Wire::Socket, "http", Http::One),
    ("wss", Wire::Socket, "https", Http::One),
    ("grpc", Wire::Rpc, "http", Http::Two),
    ("grpcs", Wire::Rpc, "https", Http::Two),
    ("connect+http", Wire::Rpc, "http", Http::One),
    ("connect+https", Wire::Rpc, "https", Http::One),
];

impl Peer {
    /// The host at `url`, in HTTP/2 if wanted.
    pub(super) fn new(url: &str, http2: bool, tls: &TlsArgs) -> Self {
        let identity = tls.cert.clone().zip(tls.key.clone());
        Self {
            url: url.to_owned(),
            http: http2.then_some(Http::Two),
            tls: ClientTls {
                ca: tls.ca.clone(),
                identity,
            },
        }
    }

    pub(super) fn wire(&self) -> Wire {
        self.of_scheme().0
    }

    /// How to call, and the URL of the host's HTTP side with its version.
    fn of_scheme(&self) -> (Wire, String, Http) {
        let split = self.url.split_once("://");
        let row = split.and_then(|(scheme, host)| {
            let row = SCHEMES.iter().find(|(own, ..)| *own == scheme)?;
            Some((row, host))
        });
        match row {
            Some(((_, wire, http, version), host)) => (*wire, format!("{http}://{host}"), *version),
            None => (Wire::Http, self.url.clone(), Http::One),
        }
    }

    fn config(&self) -> ClientConfig {
        ClientConfig {
            tls: self.tls.clone(),
            ..ClientConfig::default()
        }
    }

    /// The HTTP side, whatever carries calls.
    pub(super) async fn http(&self) -> Result<Client, Failure> {
        let (_, url, version) = self.of_scheme();
        let version = self.http.unwrap_or(version);
        let client = Client::connect_with(&url, version, self.config()).await;
        client.map_err(unreachable)
    }

    pub(super) async fn socket(&self) -> Result<websocket::client::Client, Failure> {
        let config = websocket::client::ClientConfig {
            tls: self.tls.clone(),
            ..websocket::client::ClientConfig::default()
        };
        let client = websocket::client::Client::connect_with(&self.url, config).await;
        client.map_err(unreachable)
    }

    pub(super) async fn rpc(&self) -> Result<rpc::client::Client, Failure> {
        let client = rpc::client::Client::connect_with(&self.url, self.http, self.config()).await;
        client.map_err(unreachable)
    }

    /// The contracts of everything the host serves. Others than ostler, which
    /// have gRPC or Connect, are asked by reflection.
    pub(super) async fn contracts(&self) -> Result<Vec<Contract>, Failure> {
        if self.wire() != Wire::Rpc {
            return contracts(&self.http().await?).await;
        }
        let client = self.rpc().await?;
        match self.rpc_contracts().await {
            Ok(contracts) => Ok(contracts),
            Err(_) => reflection::contracts(&client, None).await,
        }
    }

    /// What a host that is called by gRPC or Connect says over plain HTTP.
    pub(super) async fn rpc_contracts(&self) -> Result<Vec<Contract>, Failure> {
        let asked = async { contracts(&self.http().await?).await };
        let late = |_| Failure::new(Class::Connection, format!("{PATH}: no answer"));
        tokio::time::timeout(CONTRACT, asked).await.map_err(late)?
    }
}

/// The failure of a connection.
fn unreachable(status: Status) -> Failure {
    let class = match status.code() {
        Code::InvalidArgument => Class::Usage,
        _ => Class::Connection,
    };
    Failure::new(class, status.message())
}

/// The contracts of everything a host serves.
pub(super) async fn contracts(client: &Client) -> Result<Vec<Contract>, Failure> {
    let (status, body) = client.get(PATH).await?;
    if status != 200 {
        return Err(Failure::new(
            Class::Connection,
            format!(
                "{PATH}: HTTP {status}; this is no ostler host, or one that has contract = false"
            ),
        ));
    }
    read_contracts(&body).map_err(|e| Failure::new(Class::Connection, format!("{PATH}: {e}")))
}

/// A method, where it is declared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) service: &'a Service,
    pub(super) method: &'a Method,
    /// The plan its types are in.
    pub(super) plan: &'a Plan,
}

impl Found<'_> {
    /// What the service is called in the plain profile, where `name` was asked
    /// for: with its version if it was called by its name in protobuf.
    pub(super) fn plain<'a>(&'a self, name: &'a str) -> String {
        match major(self.service) {
            Some(major) if name == self.service.proto => {
                format!("{}.v{major}", self.service.name.plain)
            }
            None if name == self.service.proto => self.service.name.plain.to_string(),
            _ => name.to_owned(),
        }
    }
}

/// A method by its plain name or that in protobuf, of a service by either:
/// `users` means the first service of that name, `users.v2` the one of that
/// major version.
pub(super) fn find<'a>(
    contracts: &'a [Contract],
    service: &str,
    method: &str,
) -> Result<Found<'a>, Failure> {
    let missing =
        |text: String| Failure::new(Class::Call(Code::NotFound), format!("not_found: {text}"));
    let services = || {
        contracts
            .iter()
            .flat_map(|c| c.services.iter().map(move |s| (c, s)))
    };
    let Some((contract, found)) = services().find(|(_, s)| answers_to(s, service)) else {
        let all: Vec<&str> = services().map(|(_, s)| &*s.name.plain).collect();
        let all = all.join(", ");
        return Err(missing(format!(
            "Service '{service}' not found; there are: {all}"
        )));
    };
    let mut methods = found.methods.iter();
    let by_name = methods.find(|m| *m.name.plain == *method || m.proto == method);
    let method = by_name.ok_or_else(|| {
        let all: Vec<&str> = found.methods.iter().map(|m| &*m.name.plain).collect();
        let all = all.join(", ");
        missing(format!(
            "Method '{method}' not found in service '{service}'; there are: {all}"
        ))
    })?;
    Ok(Found {
        service: found,
        method,
        plan: &contract.plan,
    })
}

/// Whether `users`, `users.v2` or `demo.users.v2.Users` means this service.
fn answers_to(service: &Service, name: &str) -> bool {
    let short = &*service.name.plain;
    name == short
        || name == service.proto
        || major(service).is_some_and(|major| format!("{short}.v{major}") == name)
}

fn major(service: &Service) -> Option<&str> {
    let version = service.package.version.as_deref();
    version.and_then(|version| version.split('.').next())
}
