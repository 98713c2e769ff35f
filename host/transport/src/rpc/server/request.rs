//! From an HTTP head to the head of a call.

use std::net::SocketAddr;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb};
use ostler_call::{Address, Deadline, Head, Status};
use ostler_wire::connect::Query;

use super::dialect::{CONNECT_VERSION, Dialect, Protocol};
use super::error::Refusal;
use super::{compression, metadata};
use crate::clock::now;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// Digits of a timeout with a unit.
const GRPC_DIGITS: usize = 8;
const CONNECT_TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
/// Digits of a timeout in milliseconds; ten are 115 days.
const CONNECT_DIGITS: usize = 10;

/// A request that means a call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) head: Head,
    /// Whether its messages may be compressed.
    pub(super) gzip: bool,
}

/// The call that a request means; `query` is that of a GET.
///
/// # Errors
/// The refusal of a request that means none.
pub(super) fn call(
    parts: &Parts,
    dialect: Dialect,
    query: Option<&Query>,
    peer: SocketAddr,
) -> Result<Call, Refusal> {
    match (dialect.protocol, &parts.method) {
        (Protocol::ConnectGet, _) | (_, &Verb::POST) => {}
        (Protocol::Connect, _) => return Err(Refusal::verb("GET, POST")),
        _ => return Err(Refusal::verb("POST")),
    }
    if dialect.content.is_none() || query.is_some_and(|query| !query.has_message()) {
        return Err(Refusal::media_type());
    }
    if dialect.is_connect() {
        check_version(&parts.headers, query)?;
    }
    let by_get = query.and_then(|query| query.compression.as_deref());
    let gzip = compression::is_used(dialect, &parts.headers, by_get)?;
    let head = Head {
        address: address(parts.uri.path())?,
        metadata: metadata::read(&parts.headers)?,
        deadline: deadline(&parts.headers, dialect)?,
        request: dialect.encoding(),
        reply: dialect.encoding(),
        peer: Some(peer),
        transport: dialect.name(),
    };
    Ok(Call { head, gzip })
}

fn check_version(headers: &HeaderMap, query: Option<&Query>) -> Result<(), Status> {
    let by_header = headers.get(CONNECT_VERSION).is_none_or(|v| v == "1");
    let by_query = query.and_then(|query| query.version.as_deref());
    if by_header && by_query.is_none_or(|version| version == "v1") {
        return Ok(());
    }
    Err(Status::invalid_argument(
        "there is version 1 of the Connect protocol alone: connect-protocol-version must be 1, and connect of a query v1",
    ))
}

fn address(path: &str) -> Result<Address, Refusal> {
    match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
        Some((service, method))
            if !service.is_empty() && !method.is_empty() && !method.contains('/') =>
        {
            Ok(Address {
                service: plain_name(service).to_owned(),
                method: method.to_owned(),
            })
        }
        _ => Err(Refusal::Unknown(format!(
            "no such path {path:?}: methods are called at /SERVICE/METHOD"
        ))),
    }
}

/// `users` of `users.UsersService`, the name in MicroAPI's `.proto` files; any
/// other name as it is.
fn plain_name(service: &str) -> &str {
    let Some((name, rest)) = service.split_once('.') else {
        return service;
    };
    match rest.strip_suffix("Service") {
        Some(capitalized) if is_capitalized(capitalized, name) => name,
        _ => service,
    }
}

/// Whether `text` is `name` as Python's `str.capitalize` gives it.
fn is_capitalized(text: &str, name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let rest = letters.map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(rest).eq(text.chars())
}

/// `None` is as long as the host lets calls run.
fn deadline(headers: &HeaderMap, dialect: Dialect) -> Result<Option<Deadline>, Status> {
    let value = |name| headers.get(name).map(HeaderValue::as_bytes);
    let timeout = if dialect.is_connect() {
        let Some(text) = value(CONNECT_TIMEOUT) else {
            return Ok(None);
        };
        connect_timeout(text)
            .ok_or("connect-timeout-ms must be a whole number of milliseconds, at most ten digits")
    } else {
        let Some(text) = value(GRPC_TIMEOUT) else {
            return Ok(None);
        };
        grpc_timeout(text)
            .ok_or("grpc-timeout must be at most eight digits and one of the units H M S m u n")
    };
    let timeout = timeout.map_err(Status::invalid_argument)?;
    Ok(Deadline::after(now(), timeout))
}

fn connect_timeout(text: &[u8]) -> Option<Duration> {
    number(text, CONNECT_DIGITS).map(Duration::from_millis)
}

fn grpc_timeout(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    let number = number(digits, GRPC_DIGITS)?;
    match unit {
        b'H' => Some(Duration::from_secs(3600 * number)),
        b'M' => Some(Duration::from_secs(60 * number)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn number(digits: &[u8], most: usize) -> Option<u64> {
    if digits.is_empty() || digits.len() > most || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::request::Builder;

    use super::*;
    use crate::rpc::server::dialect::Codec;

    fn dialect(protocol: Protocol) -> Dialect {
        Dialect {
            protocol,
            content: Some(("application/grpc+json", Codec::Json)),
            proto_name: false,
        }
    }

    fn parse(protocol: Protocol, request: Builder) -> Result<Call, Refusal> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let query = parts.uri.query().map(Query::read);
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        call(&parts, dialect(protocol), query.as_ref(), peer)
    }

    fn grpc(request: Builder) -> Result<Head, Refusal> {
        parse(Protocol::Grpc, request).map(|call| call.head)
    }

    #[test]
    fn addresses() {
        let rows = [
            ("/users/get_user", "users", "get_user"),
            ("/users.UsersService/get_user", "users", "get_user"),
            ("/user_admin.User_adminService/add", "user_admin", "add"),
            ("/users.v2/get_user", "users.v2", "get_user"),
            ("/users.UserService/a", "users.UserService", "a"),
            (
                "/demo.users.v1.Users/GetUser",
                "demo.users.v1.Users",
                "GetUser",
            ),
        ];
        for (path, service, method) in rows {
            let address = grpc(Request::post(path)).unwrap().address;
            assert_eq!(
                (address.service.as_str(), address.method.as_str()),
                (service, method)
            );
        }
        for bad in ["/", "/users", "/users/", "//get_user", "/users/a/b"] {
            let refused = grpc(Request::post(bad));
            assert!(matches!(refused, Err(Refusal::Unknown(_))), "{bad}");
        }
    }

    /// How a request is refused: HTTP's status, or the number of the code.
    fn refused(protocol: Protocol, request: Builder) -> (u16, Option<u32>) {
        match parse(protocol, request).map(drop) {
            Ok(()) => (200, None),
            Err(Refusal::Http(status, ..)) => (status.as_u16(), None),
            Err(Refusal::Unknown(_)) => (404, None),
            Err(Refusal::Reply(reply)) => match reply.body.kind {
                ostler_call::Kind::Empty(end) => {
                    (200, end.result.err().map(|status| status.code().number()))
                }
                other => panic!("{other:?}"),
            },
        }
    }

    #[test]
    fn refusals() {
        use Protocol::{Connect, ConnectGet, ConnectStream, Grpc, Web};
        let post = |name, value| Request::post("/users/a").header(name, value);
        let get = |query: &str| Request::get(format!("/users/a?{query}"));
        let unimplemented = (200, Some(12));
        let invalid = (200, Some(3));
        let ok = (200, None);
        let rows = [
            (Grpc, Request::get("/users/a"), (405, None)),
            (Connect, Request::delete("/users/a"), (405, None)),
            (Grpc, post("grpc-encoding", "br"), unimplemented),
            (Grpc, post("grpc-encoding", "gzip"), ok),
            (Grpc, post("grpc-encoding", "identity"), ok),
            // Each protocol has a header of its own.
            (Web, post("content-encoding", "br"), ok),
            (Connect, post("content-encoding", "br"), unimplemented),
            (Connect, post("grpc-encoding", "br"), ok),
            (
                ConnectStream,
                post("connect-content-encoding", "br"),
                unimplemented,
            ),
            (ConnectStream, post("content-encoding", "br"), ok),
            (Connect, post("connect-protocol-version", "2"), invalid),
            (ConnectStream, post("connect-protocol-version", "1"), ok),
            (Connect, post("connect-timeout-ms", "soon"), invalid),
            (Connect, post("grpc-timeout", "soon"), ok),
            (Grpc, post("connect-timeout-ms", "soon"), ok),
            (ConnectGet, get("connect=v1&message=x"), ok),
            (ConnectGet, get("connect=v2&message=x"), invalid),
            (ConnectGet, get("connect=v1"), (415, None)),
            (ConnectGet, get("message=x&compression=br"), unimplemented),
            (ConnectGet, get("message=x&compression=gzip"), ok),
        ];
        for (protocol, request, expected) in rows {
            let shown = format!("{protocol:?} {request:?}");
            assert_eq!(refused(protocol, request), expected, "{shown}");
        }
        let gzip = parse(Protocol::Grpc, post("grpc-encoding", "gzip"));
        assert!(gzip.unwrap().gzip);
    }

    #[test]
    fn timeouts() {
        let rows = [
            ("1H", Some(3_600_000_000_000)),
            ("2M", Some(120_000_000_000)),
            ("3S", Some(3_000_000_000)),
            ("4999m", Some(4_999_000_000)),
            ("5u", Some(5_000)),
            ("00000006n", Some(6)),
            ("99999999H", Some(359_999_996_400_000_000_000)),
            ("123456789n", None),
            ("", None),
            ("1", None),
            ("S", None),
            ("-1S", None),
            ("1.5S", None),
            ("1s", None),
            ("1é", None),
        ];
        for (text, nanos) in rows {
            let found = grpc_timeout(text.as_bytes());
            assert_eq!(found.map(|t| t.as_nanos()), nanos, "{text}");
            let head = grpc(Request::post("/u/m").header("grpc-timeout", text.as_bytes()));
            assert_eq!(head.is_ok(), nanos.is_some(), "{text}");
        }
        let rows = [
            ("0", Some(0)),
            ("1500", Some(1500)),
            ("9999999999", Some(9_999_999_999)),
            ("10000000000", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
        ];
        for (text, millis) in rows {
            let found = connect_timeout(text.as_bytes());
            assert_eq!(found.map(|t| t.as_millis()), millis, "{text}");
        }
    }
}
