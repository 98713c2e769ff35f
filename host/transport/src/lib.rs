//! Transports: bytes of a wire ⇄ head and body of a call. Each has a server
//! and a client half; the servers are handed a
//! [`Handler`](ostler_schema::Handler) and know nothing of what runs behind it.

mod body;
mod clock;
mod details;
mod dial;
pub mod http;
pub mod listener;
mod origin;
pub mod rpc;
pub mod websocket;
