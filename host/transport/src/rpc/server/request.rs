//! From an HTTP head to the head of a call.

use std::net::SocketAddr;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method as Verb, Version, header};
use ostler_call::{Address, Deadline, Encoding, Head, KeyError, Metadata, Status};

use super::error::Refusal;
use crate::clock::now;

/// The media type of requests and replies.
pub(super) const GRPC_JSON: &str = "application/grpc+json";
/// Headers that are the protocol's own, beside those that start with `grpc-`.
pub(super) const OWN_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
/// Digits of a timeout.
const MAX_TIMEOUT_DIGITS: usize = 8;

/// Whether a request is of this protocol. It needs HTTP/2.
pub(crate) fn is_meant<B>(request: &http::Request<B>) -> bool {
    let media = request.headers().get(header::CONTENT_TYPE);
    let media = media.and_then(|value| value.as_bytes().split(|b| *b == b';').next());
    let is_grpc = media.is_some_and(|m| m.trim_ascii().eq_ignore_ascii_case(GRPC_JSON.as_bytes()));
    is_grpc && request.version() >= Version::HTTP_2
}

/// The head of the call.
///
/// # Errors
/// The refusal of a request that means none.
pub(super) fn head(parts: &Parts, peer: SocketAddr) -> Result<Head, Refusal> {
    if parts.method != Verb::POST {
        return Err(Refusal::Verb);
    }
    let encoding = parts.headers.get("grpc-encoding");
    if let Some(encoding) = encoding.filter(|e| *e != "identity") {
        let shown = encoding.as_bytes().escape_ascii();
        return Err(Refusal::Encoding(Status::unimplemented(format!(
            "grpc-encoding {shown} is not supported here; there is identity"
        ))));
    }
    Ok(Head {
        address: address(parts.uri.path())?,
        metadata: metadata(&parts.headers)?,
        deadline: deadline(&parts.headers)?,
        request: Encoding::PlainJson,
        reply: Encoding::PlainJson,
        peer: Some(peer),
        transport: "grpc+json",
    })
}

fn address(path: &str) -> Result<Address, Status> {
    match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
        Some((service, method))
            if !service.is_empty() && !method.is_empty() && !method.contains('/') =>
        {
            Ok(Address {
                service: plain_name(service).to_owned(),
                method: method.to_owned(),
            })
        }
        _ => Err(Status::unimplemented(format!(
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

fn metadata(headers: &HeaderMap) -> Result<Metadata, Status> {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let key = name.as_str();
        if is_own(key) {
            continue;
        }
        let not_ascii = |_| Status::invalid_argument(KeyError::Value(key.to_owned()).to_string());
        let value = value.to_str().map_err(not_ascii)?;
        if key.ends_with("-bin") {
            // Proxies join repeated headers; clients may pad base64.
            for value in value.split(',') {
                insert(&mut metadata, key, value.trim().trim_end_matches('='))?;
            }
        } else {
            insert(&mut metadata, key, value)?;
        }
    }
    Ok(metadata)
}

fn insert(metadata: &mut Metadata, key: &str, value: &str) -> Result<(), Status> {
    match metadata.insert(key, value) {
        // Reserved keys are the host's own: no client sets them.
        Ok(()) | Err(KeyError::Reserved(_)) => Ok(()),
        Err(error) => Err(Status::invalid_argument(error.to_string())),
    }
}

/// Whether a header is the protocol's own, not metadata.
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with("grpc-") || OWN_HEADERS.contains(&name)
}

/// `grpc-timeout`: digits and a unit.
fn deadline(headers: &HeaderMap) -> Result<Option<Deadline>, Status> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let timeout = value.to_str().ok().and_then(timeout).ok_or_else(|| {
        Status::invalid_argument(
            "grpc-timeout must be at most eight digits and one of the units H M S m u n",
        )
    })?;
    Ok(Deadline::after(now(), timeout))
}

fn timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.len() > MAX_TIMEOUT_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(3600 * number)),
        'M' => Some(Duration::from_secs(60 * number)),
        'S' => Some(Duration::from_secs(number)),
        'm' => Some(Duration::from_millis(number)),
        'u' => Some(Duration::from_micros(number)),
        'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parse(request: http::request::Builder) -> Result<Head, Refusal> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        head(&parts, SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    #[test]
    fn what_is_meant() {
        let rows = [
            ("application/grpc+json", Version::HTTP_2, true),
            (
                "Application/gRPC+JSON; charset=utf-8",
                Version::HTTP_2,
                true,
            ),
            ("application/grpc+json", Version::HTTP_11, false),
            ("application/grpc", Version::HTTP_2, false),
            ("application/grpc+proto", Version::HTTP_2, false),
            ("application/json", Version::HTTP_2, false),
        ];
        for (media, version, expected) in rows {
            let request = Request::post("/users/get_user")
                .version(version)
                .header("content-type", media);
            assert_eq!(is_meant(&request.body(()).unwrap()), expected, "{media}");
        }
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
            let address = parse(Request::post(path)).unwrap().address;
            assert_eq!(
                (address.service.as_str(), address.method.as_str()),
                (service, method)
            );
        }
        for bad in ["/", "/users", "/users/", "//get_user", "/users/a/b"] {
            assert!(parse(Request::post(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_is_what_is_not_the_protocols() {
        let builder = Request::post("/users/get_user")
            .header("content-type", "application/grpc+json")
            .header("te", "trailers")
            .header("user-agent", "grpc-python/1")
            .header("grpc-accept-encoding", "gzip")
            .header("ostler-x", "stripped")
            .header("team", "blue")
            .header("team", "red")
            .header("trace-bin", "AQI=, AwQ");
        let head = parse(builder).unwrap();
        let pairs: Vec<_> = head.metadata.iter().collect();
        let expected = [
            ("team", "blue"),
            ("team", "red"),
            ("trace-bin", "AQI"),
            ("trace-bin", "AwQ"),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn refusals() {
        assert!(matches!(
            parse(Request::get("/users/a")),
            Err(Refusal::Verb)
        ));
        let gzip = parse(Request::post("/users/a").header("grpc-encoding", "gzip"));
        assert!(matches!(gzip, Err(Refusal::Encoding(_))));
        assert!(parse(Request::post("/users/a").header("grpc-encoding", "identity")).is_ok());
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
            assert_eq!(timeout(text).map(|t| t.as_nanos()), nanos, "{text}");
            let head = parse(Request::post("/u/m").header("grpc-timeout", text.as_bytes()));
            assert_eq!(head.is_ok(), nanos.is_some(), "{text}");
        }
    }
}
