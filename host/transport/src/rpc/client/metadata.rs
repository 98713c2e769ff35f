//! Headers and trailers of a reply as metadata.

use http::HeaderMap;
use ostler_call::Metadata;

use crate::rpc::server::metadata::is_own;

/// What Connect puts before the names of trailing metadata in headers.
const TRAILER: &str = "trailer-";

/// The metadata of headers or trailers; what is not metadata is left out.
pub(super) fn read(headers: &HeaderMap) -> Metadata {
    of_pairs(text(headers))
}

/// Metadata from before and after the message, which come together.
pub(super) fn read_both(headers: &HeaderMap) -> (Metadata, Metadata) {
    let leading = text(headers).filter(|(name, _)| !name.starts_with(TRAILER));
    let trailing =
        text(headers).filter_map(|(name, value)| Some((name.strip_prefix(TRAILER)?, value)));
    (of_pairs(leading), of_pairs(trailing))
}

/// The metadata of names and values; what is not metadata is left out.
pub(super) fn of_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in pairs.filter(|(key, _)| !is_own(key)) {
        if key.ends_with("-bin") {
            // Proxies join repeated headers; servers may pad base64.
            for value in value.split(',') {
                let value = value.trim().trim_end_matches('=');
                metadata.insert(key, value).unwrap_or_default();
            }
        } else {
            metadata.insert(key, value).unwrap_or_default();
        }
    }
    metadata
}

fn text(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let pairs = headers.iter();
    pairs.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}
