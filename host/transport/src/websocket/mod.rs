//! WebSocket: JSON envelopes, many calls on one socket.
//!
//! Without a subprotocol the socket speaks as MicroAPI does. With
//! [`SUBPROTOCOL`] it has windows, cancellation, deadlines, details and
//! metadata of replies too.

pub mod client;
mod credit;
mod inbox;
mod outbox;
pub(crate) mod server;
mod text;

use std::time::Duration;

/// The subprotocol of Ostler's own clients.
pub const SUBPROTOCOL: &str = "ostler.v1";

/// Bytes of an envelope beside its payload: names, metadata, details.
const ENVELOPE: usize = 64 << 10;

/// Bytes read from a socket at once; larger messages get room of their own.
const READ_BUFFER: usize = 4 << 10;

/// Bytes written to a socket at once.
const WRITE_BUFFER: usize = 16 << 10;

/// How long a peer may leave a write waiting.
const WRITE_STALL: Duration = Duration::from_secs(300);

/// How long a closing socket waits for its peer.
const CLOSE: Duration = Duration::from_secs(2);

fn framing(message_bytes: usize) -> tokio_tungstenite::tungstenite::protocol::WebSocketConfig {
    let limit = message_bytes.saturating_add(ENVELOPE);
    tokio_tungstenite::tungstenite::protocol::WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
}
