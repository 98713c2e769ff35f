//! Heads of HTTP requests.

use http::header::{HeaderName, HeaderValue};
use http::{Method, Request};
use ostler_transport::http::server::{HttpConfig, probe};

pub(crate) const WORDS: &[&str] = &[
    "GET /",
    "POST /",
    "PUT /",
    "OPTIONS *",
    "/health",
    "/.well-known/ostler/contract",
    "?",
    "%2f",
    "//",
    "\ncontent-type: ",
    "application/json",
    "application/x-ndjson",
    "application/octet-stream",
    "text/event-stream",
    "; charset=utf-8",
    ";q=0",
    "\naccept: ",
    "\nte: trailers",
    "\nostler-timeout-ms: 100",
    "\nx-microapi-",
    "ostler-x",
    "-bin: AAA",
    "\nauthorization: ",
    "\ncookie: é",
    "\nlast-event-id: ",
    "\norigin: http://x",
];

/// A request, laid out as `VERB PATH` and a header a line: refused with a
/// status of the client's fault, or understood as a call that the rest of the
/// host can rely on.
///
/// # Panics
/// When that does not hold.
pub fn request(data: &[u8]) {
    let Some(request) = parse(data) else { return };
    let (parts, ()) = request.into_parts();
    let config = HttpConfig {
        metadata_headers: vec!["user-agent".to_owned()],
        ..HttpConfig::default()
    };
    let head = match probe::read(&parts, &config) {
        Ok(Some(head)) => head,
        Ok(None) => return,
        Err(status) => return assert!(status.is_client_error(), "{status}"),
    };
    for name in [&head.address.service, &head.address.method] {
        assert!(!name.is_empty() && !name.contains('/'), "{name:?}");
    }
    for (key, value) in head.metadata.iter() {
        let mut bytes = key.bytes();
        assert!(!key.is_empty() && !key.starts_with("ostler-"), "{key:?}");
        assert!(bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b)));
        assert!(value.bytes().all(|b| (0x20..=0x7e).contains(&b)));
    }
    assert!(head.metadata.len() <= parts.headers.len());
}

/// What the HTTP library lets through.
fn parse(data: &[u8]) -> Option<Request<()>> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let verb = Method::from_bytes(words.next()?).ok()?;
    let mut request = Request::builder()
        .method(verb)
        .uri(words.next()?)
        .body(())
        .ok()?;
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next()?).ok()?;
        let value = HeaderValue::from_bytes(parts.next()?.trim_ascii()).ok()?;
        request.headers_mut().try_append(name, value).ok()?;
    }
    Some(request)
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let seeds = [
        "GET /health",
        "GET /.well-known/ostler/contract",
        "GET /users/list_users?limit=2\naccept: text/plain;q=0, application/octet-stream;q=0.5",
        "POST /users/get_user\ncontent-type: Application/JSON; charset=utf-8\naccept: */*",
        "POST /users/aggregate\ncontent-type: application/x-ndjson\nte: trailers;q=1, deflate",
        "POST /blobs/echo\ncontent-type: application/octet-stream\naccept: application/octet-stream",
        "POST /users.v2/get_user\nx-microapi-Team_Name: blue\nx-microapi-ostler-x: no\nauthorization: Bearer t\nostler-timeout-ms: 1500\nuser-agent: x\ncookie: a=b",
        "GET /users/list_users\naccept: text/event-stream\nlast-event-id: end",
        "PUT /users/a",
        "OPTIONS *",
        "POST http://host:80/users/a/b?x#y\ncontent-type: text/plain",
    ];
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}
