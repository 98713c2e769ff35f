//! How the head of a request is understood, for those who try to break it
//! (`fuzz/`); no part of the crate's interface.

use std::net::SocketAddr;

use http::StatusCode;
use http::request::Parts;
use ostler_call::Head;

use super::HttpConfig;
use super::request::{self, Target};

/// The head of the call that a request means; none when it means one of the
/// host's own pages.
///
/// # Errors
/// The status of its refusal.
pub fn read(parts: &Parts, config: &HttpConfig) -> Result<Option<Head>, StatusCode> {
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    match request::target(parts, config, peer) {
        Ok(Target::Call(head, _)) => Ok(Some(*head)),
        Ok(_) => Ok(None),
        Err(refusal) => Err(refusal.response(None).status()),
    }
}
