//! From head and body of a call to an HTTP request.

use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, header};
use ostler_call::{Body, Encoding, Head, Kind, Metadata, Status};
use ostler_schema::Pattern;

use crate::dial::{Layout, Request, RequestBody, method_path, parse_path, timeout_ms};
use crate::http::names::{JSON, METADATA_PREFIX, NDJSON, PLAIN_METADATA, RAW, TIMEOUT};

/// The request that reads `path`.
pub(super) fn of_path(path: &str) -> Result<Request, Status> {
    Ok(Request {
        verb: Verb::GET,
        path: parse_path(path)?,
        headers: HeaderMap::new(),
        body: RequestBody::empty(),
    })
}

/// The request that calls `head`'s method.
pub(super) fn of_call(
    head: &Head,
    pattern: Pattern,
    body: Body,
    now: Instant,
) -> Result<Request, Status> {
    let mut headers = HeaderMap::new();
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static(accept(head, pattern)),
    );
    add_metadata(&mut headers, &head.metadata);
    if let Some(millis) = timeout_ms(head.deadline, now)? {
        headers.insert(TIMEOUT, millis.into());
    }
    let mut path = method_path(&head.address);
    if head.request == Encoding::Query {
        path.push_str(&query(body)?);
        return Ok(Request {
            verb: Verb::GET,
            path: parse_path(&path)?,
            headers,
            body: RequestBody::empty(),
        });
    }
    let (layout, media) = layout(head.request, pattern);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(Request {
        verb: Verb::POST,
        path: parse_path(&path)?,
        headers,
        body: RequestBody::new(body, layout)?,
    })
}

/// The one message as `?query`.
fn query(body: Body) -> Result<String, Status> {
    let message = match body.kind {
        Kind::Empty(_) => return Ok(String::new()),
        Kind::One(message, _) => String::from_utf8(message.into()),
        Kind::Stream(_) => {
            return Err(Status::invalid_argument(
                "a stream cannot be sent as a URL query",
            ));
        }
    };
    let query = message.map_err(|_| Status::invalid_argument("a URL query must be ASCII"))?;
    Ok(if query.is_empty() {
        query
    } else {
        format!("?{query}")
    })
}

/// How messages are laid out, and what that is called.
fn layout(encoding: Encoding, pattern: Pattern) -> (Layout, &'static str) {
    match (encoding, pattern.streams_in()) {
        (Encoding::Raw, _) => (Layout::Bare, RAW),
        (_, true) => (Layout::Lines, NDJSON),
        (_, false) => (Layout::Bare, JSON),
    }
}

fn accept(head: &Head, pattern: Pattern) -> &'static str {
    match (head.reply, pattern.streams_out()) {
        (Encoding::Raw, _) => RAW,
        (_, true) => NDJSON,
        (_, false) => JSON,
    }
}

fn add_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    for (key, value) in metadata.iter() {
        let name = if PLAIN_METADATA.contains(&key) {
            HeaderName::try_from(key)
        } else {
            HeaderName::try_from(format!("{METADATA_PREFIX}{key}"))
        };
        // Metadata keys and values are a subset of what headers allow.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}
