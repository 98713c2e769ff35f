//! What a running host says of itself.

use std::borrow::Cow;

use ostler_call::{Code, Status};
use ostler_schema::{Contract, Method, Plan, Service, read_contracts};
use ostler_transport::http::client::{Client, Http};

use super::exit::{Class, Failure};

const WS: &str = "ws://";
const PATH: &str = "/.well-known/ostler/contract";

/// Connects to the host at `url`.
pub(super) async fn connect(url: &str, http: Http) -> Result<Client, Failure> {
    Client::connect(url, http).await.map_err(unreachable)
}

/// The failure of a connection.
pub(super) fn unreachable(status: Status) -> Failure {
    let class = match status.code() {
        Code::InvalidArgument => Class::Usage,
        _ => Class::Connection,
    };
    Failure::new(class, status.message())
}

/// Whether a URL names a WebSocket.
pub(super) fn is_socket(url: &str) -> bool {
    url.starts_with(WS)
}

/// The URL of the HTTP side of a host.
pub(super) fn http_url(url: &str) -> Cow<'_, str> {
    match url.strip_prefix(WS) {
        Some(host) => format!("http://{host}").into(),
        None => url.into(),
    }
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

/// A method and the plan its types are in. `users` means the first service of
/// that name, `users.v2` the one of that major version.
pub(super) fn find<'a>(
    contracts: &'a [Contract],
    service: &str,
    method: &str,
) -> Result<(&'a Method, &'a Plan), Failure> {
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
    let by_name = found.methods.iter().find(|m| *m.name.plain == *method);
    let method = by_name.ok_or_else(|| {
        let all: Vec<&str> = found.methods.iter().map(|m| &*m.name.plain).collect();
        let all = all.join(", ");
        missing(format!(
            "Method '{method}' not found in service '{service}'; there are: {all}"
        ))
    })?;
    Ok((method, &contract.plan))
}

/// Whether `users` or `users.v2` means this service.
fn answers_to(service: &Service, name: &str) -> bool {
    let short = &*service.name.plain;
    let version = service.package.version.as_deref();
    let major = version.and_then(|version| version.split('.').next());
    name == short || major.is_some_and(|major| format!("{short}.v{major}") == name)
}
