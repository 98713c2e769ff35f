//! Header names and values both halves use.

use http::{HeaderName, HeaderValue};

/// Prefix of metadata headers; the rest of the name is the key.
pub(super) const METADATA_PREFIX: &str = "x-microapi-";
/// Headers that are metadata under their own name.
pub(super) const PLAIN_METADATA: [&str; 5] = [
    "authorization",
    "cookie",
    "traceparent",
    "tracestate",
    "x-request-id",
];
/// The caller's deadline in milliseconds from now.
pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("ostler-timeout-ms");
/// Trailer: gRPC's number of the status.
pub(super) const STATUS: HeaderName = HeaderName::from_static("ostler-status");
/// Trailer: the percent-encoded message.
pub(super) const MESSAGE: HeaderName = HeaderName::from_static("ostler-message");
/// Trailer: the details, unpadded base64 of a JSON array.
pub(super) const DETAILS: HeaderName = HeaderName::from_static("ostler-details-bin");
/// Trailer: the trailing metadata, a percent-encoded JSON object.
pub(super) const TRAILERS: HeaderName = HeaderName::from_static("ostler-trailers");
/// The four trailers, as `Trailer` declares them.
pub(super) const TRAILER_LIST: HeaderValue =
    HeaderValue::from_static("ostler-status, ostler-message, ostler-details-bin, ostler-trailers");

/// Media types of the plain profile.
pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const RAW: &str = "application/octet-stream";
pub(super) const EVENTS: &str = "text/event-stream";

/// The last event a client of an event stream has seen.
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells proxies of nginx's kind to hand a response on as it comes.
pub(super) const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
