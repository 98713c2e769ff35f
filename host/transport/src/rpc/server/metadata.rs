//! Headers and trailers as metadata, and the other way round.

use http::{HeaderMap, HeaderName, HeaderValue};
use ostler_call::{KeyError, Metadata, Status};

/// Headers that are HTTP's or the protocols' own, beside those of
/// [`OWN_PREFIXES`].
const OWN: [&str; 17] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-grpc-web",
    "x-user-agent",
];
const OWN_PREFIXES: [&str; 4] = ["grpc-", "connect-", "trailer-connect-", "access-control-"];

/// Whether a header is a protocol's own, not metadata.
pub(in crate::rpc) fn is_own(name: &str) -> bool {
    OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || OWN.contains(&name)
}

/// The metadata of a request.
///
/// # Errors
/// `INVALID_ARGUMENT` for a header that cannot be metadata.
pub(super) fn read(headers: &HeaderMap) -> Result<Metadata, Status> {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let key = name.as_str();
        if is_own(key) {
            continue;
        }
        let Ok(value) = value.to_str() else {
            // A browser's cookie may be UTF-8: not metadata, and no error.
            if key == "cookie" {
                continue;
            }
            let error = KeyError::Value(key.to_owned());
            return Err(Status::invalid_argument(error.to_string()));
        };
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

/// What a reply's metadata is, without what no service may say.
pub(super) fn allowed(metadata: &Metadata) -> impl Iterator<Item = (&str, &str)> {
    metadata.iter().filter(|(key, _)| !is_own(key))
}

/// Metadata as headers or trailers, under its own names.
pub(in crate::rpc) fn add(headers: &mut HeaderMap, metadata: &Metadata) {
    for (key, value) in allowed(metadata) {
        append(headers, key, value);
    }
}

/// Trailing metadata as headers, as Connect has it.
pub(super) fn add_trailers(headers: &mut HeaderMap, metadata: &Metadata) {
    for (key, value) in allowed(metadata) {
        append(headers, &format!("trailer-{key}"), value);
    }
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) {
    // Metadata keys and values are a subset of what headers allow.
    if let (Ok(name), Ok(value)) = (
        HeaderName::from_bytes(name.as_bytes()),
        HeaderValue::from_str(value),
    ) {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    #[test]
    fn metadata_is_what_is_not_the_protocols() {
        let headers = headers(&[
            ("content-type", "application/grpc+json"),
            ("te", "trailers"),
            ("user-agent", "grpc-python/1"),
            ("grpc-accept-encoding", "gzip"),
            ("connect-timeout-ms", "5"),
            ("x-grpc-web", "1"),
            ("ostler-x", "stripped"),
            ("cookie", "name=é"),
            ("team", "blue"),
            ("team", "red"),
            ("trace-bin", "AQI=, AwQ"),
        ]);
        let expected = [
            ("team", "blue"),
            ("team", "red"),
            ("trace-bin", "AQI"),
            ("trace-bin", "AwQ"),
        ];
        let metadata = read(&headers).unwrap();
        assert_eq!(metadata.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_metadata() {
        for pair in [("name", "é"), ("na!me", "x")] {
            assert!(read(&headers(&[pair])).is_err(), "{pair:?}");
        }
    }

    #[test]
    fn what_no_service_may_say() {
        let mut metadata = Metadata::new();
        for (key, value) in [
            ("a", "1"),
            ("content-type", "text/html"),
            ("grpc-status", "0"),
            ("connect-x", "y"),
            ("access-control-allow-origin", "*"),
            ("a", "2"),
        ] {
            metadata.insert(key, value).unwrap();
        }
        let (mut said, mut trailers) = (HeaderMap::new(), HeaderMap::new());
        add(&mut said, &metadata);
        add_trailers(&mut trailers, &metadata);
        assert_eq!(said, headers(&[("a", "1"), ("a", "2")]));
        assert_eq!(trailers, headers(&[("trailer-a", "1"), ("trailer-a", "2")]));
    }
}
