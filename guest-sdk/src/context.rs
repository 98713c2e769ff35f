//! What is known of the call being served, and what can be said beside it.
//!
//! Every function speaks of the call that runs now; in `Lifecycle::start` and
//! `stop` there is none, and the host answers with nothing or with an error.

use std::time::{Duration, SystemTime};

use crate::Status;
use crate::bindings::ostler::rpc::context as host;

/// Who calls, as established by the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// A stable name.
    pub name: String,
    /// How it was established, such as `api-key`.
    pub kind: String,
}

/// Metadata of the request, in order; keys are in lower case and may repeat.
/// Values of keys that end in `-bin` are unpadded base64.
#[must_use]
pub fn metadata() -> Vec<(String, String)> {
    host::metadata()
}

/// The first value of a key.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    host::get(key)
}

/// Time left before the deadline; `None` without a deadline.
#[must_use]
pub fn remaining() -> Option<Duration> {
    host::remaining().map(Duration::from_nanos)
}

/// The deadline; `None` without one.
#[must_use]
pub fn deadline() -> Option<SystemTime> {
    host::deadline().map(|nanoseconds| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds))
}

/// Whether the caller gave up or the deadline passed. A method that goes on is
/// stopped when its grace is over.
#[must_use]
pub fn cancelled() -> bool {
    host::cancelled()
}

/// Whether this deployment is being replaced: long calls should end soon.
#[must_use]
pub fn draining() -> bool {
    host::draining()
}

/// The service's name, such as `users`.
#[must_use]
pub fn service() -> String {
    host::service()
}

/// The method's name, such as `get-user`.
#[must_use]
pub fn method() -> String {
    host::method()
}

/// The id of this call, as in the host's logs.
#[must_use]
pub fn call_id() -> String {
    host::call_id()
}

/// The tenant this deployment belongs to.
#[must_use]
pub fn tenant() -> String {
    host::tenant()
}

/// The address of the caller, where there is a connection.
#[must_use]
pub fn peer() -> Option<String> {
    host::peer()
}

/// Who calls; `None` when the call is not authenticated.
#[must_use]
pub fn principal() -> Option<Principal> {
    host::principal().map(|principal| Principal {
        name: principal.name,
        kind: principal.kind,
    })
}

/// Adds a header to the reply.
///
/// # Errors
///
/// When the head has been sent already (the first item of a stream takes it
/// along), or when the key or the value is not allowed.
pub fn set_header(key: &str, value: &str) -> Result<(), Status> {
    host::set_header(key, value)
}

/// Adds a trailer to the reply.
///
/// # Errors
///
/// When the key or the value is not allowed.
pub fn set_trailer(key: &str, value: &str) -> Result<(), Status> {
    host::set_trailer(key, value)
}

/// Sends the head of the reply now, before its first item.
pub fn flush_headers() {
    host::flush_headers();
}
