//! What is known of a call before its body.

use std::net::SocketAddr;

use crate::{Deadline, Metadata};

/// Which method a call means, as its wire named it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// Service name in the plain profile, such as `users` or `users.v2`.
    pub service: String,
    /// Method name in the plain profile, such as `get_user`.
    pub method: String,
}

/// How the messages of one direction are encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// One JSON text a message, plain profile.
    PlainJson,
    /// The fields of the one request message as a URL query.
    Query,
    /// The bytes of a chunk stream as they are; borders carry no meaning.
    Raw,
    /// Protobuf.
    Proto,
    /// One JSON text a message, proto3's canonical JSON.
    ProtoJson,
}

/// A W3C trace context (trace-context-1, section 3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trace {
    /// 16 bytes that name the whole trace; never all zero.
    pub trace_id: u128,
    /// 8 bytes that name the caller's span; never all zero.
    pub parent_id: u64,
    /// Bit 0: the caller records this trace.
    pub flags: u8,
}

/// The identity of one call in logs: the caller's `x-request-id`, or one made
/// by the host.
pub type RequestId = String;

/// Address, metadata and deadline of a call, in no protocol's words.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method meant.
    pub address: Address,
    /// Request metadata.
    pub metadata: Metadata,
    /// The caller's deadline, already an instant of this machine.
    pub deadline: Option<Deadline>,
    /// Encoding of the request's messages.
    pub request: Encoding,
    /// Encoding wanted for the reply's messages.
    pub reply: Encoding,
    /// Whom the connection comes from.
    pub peer: Option<SocketAddr>,
    /// The transport's name in logs, such as `http`.
    pub transport: &'static str,
}

impl Head {
    /// A head for `service`.`method` with no metadata and no deadline, plain
    /// JSON both ways.
    pub fn new(service: impl Into<String>, method: impl Into<String>) -> Self {
        Self {
            address: Address {
                service: service.into(),
                method: method.into(),
            },
            metadata: Metadata::new(),
            deadline: None,
            request: Encoding::PlainJson,
            reply: Encoding::PlainJson,
            peer: None,
            transport: "in-process",
        }
    }
}
