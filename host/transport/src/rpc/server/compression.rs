//! What messages are compressed with, by the words of each protocol.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use ostler_call::Status;

use super::dialect::{Dialect, Protocol};

/// The one compression there is.
pub(super) const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The headers of one protocol.
pub(super) struct Names {
    /// What messages are compressed with.
    pub(super) used: HeaderName,
    /// What the other side may compress with.
    pub(super) accepted: HeaderName,
}

// Made once: a name is checked when it is made.
const GRPC: Names = Names {
    used: HeaderName::from_static("grpc-encoding"),
    accepted: HeaderName::from_static("grpc-accept-encoding"),
};
const CONNECT: Names = Names {
    used: header::CONTENT_ENCODING,
    accepted: header::ACCEPT_ENCODING,
};
const CONNECT_STREAM: Names = Names {
    used: HeaderName::from_static("connect-content-encoding"),
    accepted: HeaderName::from_static("connect-accept-encoding"),
};

pub(super) fn names(protocol: Protocol) -> Names {
    match protocol {
        Protocol::Grpc | Protocol::Web | Protocol::WebText => GRPC,
        Protocol::Connect | Protocol::ConnectGet => CONNECT,
        Protocol::ConnectStream => CONNECT_STREAM,
    }
}

/// Whether the client takes compressed replies.
pub(super) fn is_accepted(dialect: Dialect, headers: &HeaderMap) -> bool {
    headers
        .get_all(names(dialect.protocol).accepted)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(is_gzip)
}

/// An element of a list, which may have a quality (RFC 9110, section 12.4.2).
fn is_gzip(element: &[u8]) -> bool {
    let mut parts = element.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    let named = parts
        .next()
        .is_some_and(|n| n.eq_ignore_ascii_case(b"gzip"));
    let refused = |part: &[u8]| {
        let quality = part.strip_prefix(b"q=");
        quality.is_some_and(|q| q.iter().all(|b| matches!(b, b'0' | b'.')))
    };
    named && !parts.any(refused)
}

/// Whether the messages of a request are compressed; `by_get` is what its
/// query says.
///
/// # Errors
/// `UNIMPLEMENTED` for any other compression.
pub(super) fn is_used(
    dialect: Dialect,
    headers: &HeaderMap,
    by_get: Option<&str>,
) -> Result<bool, Status> {
    let name = names(dialect.protocol).used;
    let named = match dialect.protocol {
        Protocol::ConnectGet => by_get.map(str::as_bytes),
        _ => headers.get(&name).map(HeaderValue::as_bytes),
    };
    match named {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(other) => Err(Status::unimplemented(format!(
            "the compression \"{}\" is not supported here; there are gzip and identity",
            other.escape_ascii()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let rows = [
            ("gzip", true),
            ("identity, deflate, gzip", true),
            ("GZIP;q=0.5", true),
            ("gzip; q=1", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("gzipped", false),
            ("br, zstd", false),
            ("", false),
        ];
        let dialect = Dialect {
            protocol: Protocol::Grpc,
            content: None,
            proto_name: true,
        };
        for (list, accepted) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-accept-encoding", list.parse().unwrap());
            assert_eq!(is_accepted(dialect, &headers), accepted, "{list}");
        }
        // Two headers are one list.
        let mut headers = HeaderMap::new();
        headers.append("grpc-accept-encoding", HeaderValue::from_static("br"));
        headers.append("grpc-accept-encoding", HeaderValue::from_static("gzip"));
        assert!(is_accepted(dialect, &headers));
    }
}
