//! From an HTTP head to the head of a call.

use std::net::SocketAddr;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method as Verb, header};
use ostler_call::{Address, Deadline, Encoding, Head, KeyError, Metadata, Status};
use ostler_wire::sse;

use super::HttpConfig;
use super::error::Refusal;
use crate::clock::now;
use crate::http::names::{
    EVENTS, JSON, LAST_EVENT_ID, METADATA_PREFIX, NDJSON, PLAIN_METADATA, RAW, TIMEOUT,
};

/// Digits of a timeout; ten are 115 days.
const MAX_TIMEOUT_DIGITS: usize = 10;

/// What a request means.
pub(super) enum Target {
    Health,
    Contract,
    /// An event stream its client has seen to its end: an `EventSource`
    /// connects again whenever a stream ends.
    Finished,
    /// Boxed: a head is large and the other targets are empty.
    Call(Box<Head>, Form),
}

/// How the messages of a request are laid out in its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// One JSON text; an array of messages where the request streams.
    Json,
    /// One JSON text a line.
    Ndjson,
    /// Bytes of a chunk stream.
    Raw,
    /// Fields of the message as URL query; there is no body.
    Query,
}

/// Tells what a request means, from its head alone.
///
/// # Errors
/// The refusal of a request that means nothing.
pub(super) fn target(
    parts: &Parts,
    config: &HttpConfig,
    peer: SocketAddr,
) -> Result<Target, Refusal> {
    match parts.uri.path() {
        "/health" => return only_get(parts).map(|()| Target::Health),
        "/.well-known/ostler/contract" if config.contract => {
            return only_get(parts).map(|()| Target::Contract);
        }
        _ => {}
    }
    let address = address(parts.uri.path())?;
    let form = form(parts)?;
    if wants_events(&parts.headers) && has_seen_the_end(&parts.headers) {
        return Ok(Target::Finished);
    }
    let head = Head {
        address,
        metadata: metadata(&parts.headers, config)?,
        deadline: deadline(&parts.headers)?,
        request: match form {
            Form::Json | Form::Ndjson => Encoding::PlainJson,
            Form::Raw => Encoding::Raw,
            Form::Query => Encoding::Query,
        },
        reply: reply_encoding(&parts.headers),
        peer: Some(peer),
        transport: "http",
    };
    Ok(Target::Call(Box::new(head), form))
}

fn only_get(parts: &Parts) -> Result<(), Refusal> {
    if parts.method == Verb::GET {
        return Ok(());
    }
    Err(Refusal::verb("GET", "this path is read by GET"))
}

fn address(path: &str) -> Result<Address, Refusal> {
    let mut names = path[1.min(path.len())..].split('/');
    match (names.next(), names.next(), names.next()) {
        (Some(service), Some(method), None) if !service.is_empty() && !method.is_empty() => {
            Ok(Address {
                service: service.to_owned(),
                method: method.to_owned(),
            })
        }
        _ => Err(Status::not_found(format!(
            "no such path {path:?}: methods are called at /SERVICE/METHOD"
        ))
        .into()),
    }
}

fn form(parts: &Parts) -> Result<Form, Refusal> {
    match parts.method {
        Verb::GET => Ok(Form::Query),
        Verb::POST => match parts.headers.get(header::CONTENT_TYPE) {
            None => Ok(Form::Json),
            Some(value) => media_form(value.as_bytes()).ok_or_else(|| {
                let shown = value.as_bytes().escape_ascii();
                Refusal::media_type(&format!(
                    "the content type {shown} is not one of this host's"
                ))
            }),
        },
        _ => Err(Refusal::verb(
            "GET, POST",
            "methods are called by POST, idempotent ones by GET too",
        )),
    }
}

fn media_form(value: &[u8]) -> Option<Form> {
    let media = media_type(value);
    [(JSON, Form::Json), (NDJSON, Form::Ndjson), (RAW, Form::Raw)]
        .into_iter()
        .find(|(name, _)| media.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, form)| form)
}

/// The media type without its parameters.
fn media_type(value: &[u8]) -> &[u8] {
    value
        .split(|b| *b == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

fn reply_encoding(headers: &HeaderMap) -> Encoding {
    if accepts_first(headers, RAW) {
        Encoding::Raw
    } else {
        Encoding::PlainJson
    }
}

/// Whether the client wants the messages of a stream as server-sent events.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    accepts_first(headers, EVENTS)
}

fn has_seen_the_end(headers: &HeaderMap) -> bool {
    let last = headers.get(&LAST_EVENT_ID);
    last.is_some_and(|id| id == sse::LAST_ID)
}

/// The first type that the client accepts decides.
fn accepts_first(headers: &HeaderMap, name: &str) -> bool {
    let first = headers
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .find(|media| !is_refused(media));
    first.is_some_and(|media| media_type(media).eq_ignore_ascii_case(name.as_bytes()))
}

/// Whether a type is listed with quality 0 (RFC 9110, section 12.4.2).
fn is_refused(media: &[u8]) -> bool {
    media.split(|b| *b == b';').skip(1).any(|parameter| {
        let quality = parameter.trim_ascii().strip_prefix(b"q=");
        quality
            .is_some_and(|q| q.first() == Some(&b'0') && q.iter().all(|b| matches!(b, b'0' | b'.')))
    })
}

/// Whether the client reads trailers (RFC 9110, section 10.1.4).
pub(super) fn wants_trailers(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::TE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(|part| media_type(part).eq_ignore_ascii_case(b"trailers"))
}

/// The headers that are metadata.
pub(super) fn metadata(headers: &HeaderMap, config: &HttpConfig) -> Result<Metadata, Refusal> {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let name = name.as_str();
        let key = match name.strip_prefix(METADATA_PREFIX) {
            Some(key) => key,
            None if PLAIN_METADATA.contains(&name)
                || config.metadata_headers.iter().any(|h| h == name) =>
            {
                name
            }
            None => continue,
        };
        let Ok(value) = value.to_str() else {
            // A browser's cookie may be UTF-8: not metadata, and no error.
            if key == name {
                continue;
            }
            return Err(
                Status::invalid_argument(KeyError::Value(key.to_owned()).to_string()).into(),
            );
        };
        match metadata.insert(key, value) {
            // Reserved keys are the host's own: no client sets them.
            Ok(()) | Err(KeyError::Reserved(_)) => {}
            Err(error) => return Err(Status::invalid_argument(error.to_string()).into()),
        }
    }
    Ok(metadata)
}

fn deadline(headers: &HeaderMap) -> Result<Option<Deadline>, Refusal> {
    let Some(value) = headers.get(&TIMEOUT) else {
        return Ok(None);
    };
    let text = value.as_bytes();
    let digits =
        !text.is_empty() && text.len() <= MAX_TIMEOUT_DIGITS && text.iter().all(u8::is_ascii_digit);
    let millis = digits
        .then(|| value.to_str().ok()?.parse().ok())
        .flatten()
        .ok_or_else(|| {
            Status::invalid_argument(
                "Ostler-Timeout-Ms must be a whole number of milliseconds, at most ten digits",
            )
        })?;
    Ok(Deadline::after(now(), Duration::from_millis(millis)))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parse(request: http::request::Builder) -> Result<Target, Refusal> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        target(
            &parts,
            &HttpConfig::default(),
            SocketAddr::from(([127, 0, 0, 1], 1)),
        )
    }

    fn head(request: http::request::Builder) -> (Head, Form) {
        match parse(request) {
            Ok(Target::Call(head, form)) => (*head, form),
            _ => panic!("not a call"),
        }
    }

    #[test]
    fn forms_and_encodings() {
        let rows = [
            (
                "POST",
                "",
                "",
                Form::Json,
                Encoding::PlainJson,
                Encoding::PlainJson,
            ),
            (
                "POST",
                "Application/JSON; charset=utf-8",
                "*/*",
                Form::Json,
                Encoding::PlainJson,
                Encoding::PlainJson,
            ),
            (
                "POST",
                "application/x-ndjson",
                "",
                Form::Ndjson,
                Encoding::PlainJson,
                Encoding::PlainJson,
            ),
            (
                "POST",
                "application/octet-stream",
                "application/octet-stream",
                Form::Raw,
                Encoding::Raw,
                Encoding::Raw,
            ),
            (
                "GET",
                "",
                "text/plain;q=0, application/octet-stream;q=0.5",
                Form::Query,
                Encoding::Query,
                Encoding::Raw,
            ),
        ];
        for (verb, content, accept, form, request, reply) in rows {
            let mut builder = Request::builder().method(verb).uri("/users/get_user");
            if !content.is_empty() {
                builder = builder.header("content-type", content);
            }
            if !accept.is_empty() {
                builder = builder.header("accept", accept);
            }
            let (head, got) = head(builder);
            assert_eq!(
                (got, head.request, head.reply),
                (form, request, reply),
                "{verb} {content}"
            );
        }
    }

    #[test]
    fn events() {
        let rows = [
            ("text/event-stream", "", true, false),
            ("Text/Event-Stream; charset=utf-8, */*", "7", true, false),
            ("text/event-stream", "end", true, true),
            ("text/event-stream;q=0, application/json", "", false, false),
            ("application/json, text/event-stream", "end", false, false),
            ("*/*", "end", false, false),
        ];
        for (accept, last, wanted, finished) in rows {
            let builder = || {
                Request::get("/users/list_users")
                    .header("accept", accept)
                    .header("last-event-id", last)
            };
            let (parts, ()) = builder().body(()).unwrap().into_parts();
            assert_eq!(wants_events(&parts.headers), wanted, "{accept}");
            let target = parse(builder());
            assert_eq!(
                matches!(target, Ok(Target::Finished)),
                finished,
                "{accept} {last}"
            );
        }
    }

    #[test]
    fn refusals() {
        let rows = [
            ("POST", "/", "", 404),
            ("POST", "/users", "", 404),
            ("POST", "/users/a/b", "", 404),
            ("PUT", "/users/a", "", 405),
            ("POST", "/health", "", 405),
            ("POST", "/users/a", "text/plain", 415),
            ("POST", "/users/a", "application/grpc", 415),
        ];
        for (verb, path, content, status) in rows {
            let mut builder = Request::builder().method(verb).uri(path);
            if !content.is_empty() {
                builder = builder.header("content-type", content);
            }
            let refusal = parse(builder).err().unwrap();
            assert_eq!(
                refusal.response(None).status(),
                status,
                "{verb} {path} {content}"
            );
        }
    }

    #[test]
    fn metadata_and_deadline() {
        let builder = Request::post("/users/get_user")
            .header("x-microapi-Team_Name", "blue")
            .header("x-microapi-ostler-x", "stripped")
            .header("authorization", "Bearer t")
            .header("user-agent", "not metadata")
            .header("ostler-timeout-ms", "1500");
        let (head, _) = head(builder);
        let pairs: Vec<_> = head.metadata.iter().collect();
        assert_eq!(
            pairs,
            [("team_name", "blue"), ("authorization", "Bearer t")]
        );
        assert!(head.deadline.is_some());
        for bad in ["", "-1", "1.5", "12345678901", "soon"] {
            assert!(
                parse(Request::post("/u/m").header("ostler-timeout-ms", bad)).is_err(),
                "{bad}"
            );
        }
    }
}
