//! From head and body of a call to an HTTP request.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, header};
use ostler_call::{Body, Deadline, Head, Kind, Status};
use ostler_schema::Pattern;

use super::dialect::{Dialect, Form};
use crate::dial::{self, Request, RequestBody, method_path, parse_path, timeout_ms};
use crate::rpc::server::metadata;

const CONNECT_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const CONNECT_TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The most that eight digits say.
const MAX_DIGITS: u128 = 99_999_999;

/// The request that calls `head`'s method.
pub(super) fn of_call(
    head: &Head,
    dialect: Dialect,
    pattern: Pattern,
    body: Body,
    now: Instant,
) -> Result<Request, Status> {
    let mut headers = HeaderMap::new();
    metadata::add(&mut headers, &head.metadata);
    let media = HeaderValue::from_static(dialect.content_type());
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(dialect.accepted(), HeaderValue::from_static("gzip"));
    if dialect.form == Form::Grpc {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        if let Some(timeout) = grpc_timeout(head.deadline, now)? {
            headers.insert(GRPC_TIMEOUT, timeout);
        }
    } else {
        headers.insert(CONNECT_VERSION, HeaderValue::from_static("1"));
        if let Some(millis) = timeout_ms(head.deadline, now)? {
            headers.insert(CONNECT_TIMEOUT, millis.into());
        }
    }
    let body = match body.kind {
        // One message is sent all the same.
        Kind::Empty(_) if !pattern.streams_in() => Body {
            kind: Body::one(Bytes::from_static(dialect.nothing())).kind,
            guard: body.guard,
        },
        _ => body,
    };
    Ok(Request {
        verb: Verb::POST,
        path: parse_path(&method_path(&head.address))?,
        headers,
        body: RequestBody::new(body, dialect.layout())?,
    })
}

/// Time left in the finest unit that eight digits allow, rounded up so that
/// the server does not give up first (grpc/grpc, doc/PROTOCOL-HTTP2.md,
/// "Timeout"). A deadline further away than can be said is not sent.
fn grpc_timeout(deadline: Option<Deadline>, now: Instant) -> Result<Option<HeaderValue>, Status> {
    const UNITS: [(Duration, char); 5] = [
        (Duration::from_micros(1), 'u'),
        (Duration::from_millis(1), 'm'),
        (Duration::from_secs(1), 'S'),
        (Duration::from_secs(60), 'M'),
        (Duration::from_secs(3600), 'H'),
    ];
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    let left = deadline.remaining(now).as_nanos();
    if left == 0 {
        return Err(dial::late());
    }
    let said = UNITS.iter().find_map(|(unit, letter)| {
        let count = left.div_ceil(unit.as_nanos());
        (count <= MAX_DIGITS).then(|| format!("{count}{letter}"))
    });
    Ok(said.and_then(|text| HeaderValue::try_from(text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_of_grpc() {
        let now = crate::clock::now();
        for (left, expected) in [
            (Duration::from_nanos(1), "1u"),
            (Duration::from_millis(250), "250000u"),
            (Duration::from_micros(99_999_999), "99999999u"),
            (Duration::from_micros(100_000_001), "100001m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::from_secs(100_000_000), "1666667M"),
        ] {
            let deadline = Deadline::after(now, left);
            assert_eq!(grpc_timeout(deadline, now).unwrap().unwrap(), expected);
        }
        assert_eq!(grpc_timeout(None, now).unwrap(), None);
        let over = grpc_timeout(Deadline::after(now, Duration::ZERO), now);
        assert_eq!(over.unwrap_err(), dial::late());
    }
}
