//! The last connections of a listener: a socket that is closed resets those that
//! its system has completed and nobody has accepted yet, so that their callers,
//! who are connected, lose what they have written. So it lets no more begin.

use std::time::Duration;

use socket2::{SockFilter, SockRef};
use tokio::net::TcpListener;

/// How long connections that have begun may take to come about.
pub(super) const ON_THE_WAY: Duration = Duration::from_millis(20);

/// Where the flags are in the header of TCP (RFC 9293, section 3.1), and two of
/// them.
const FLAGS: u32 = 13;
const SYN: u32 = 0x02;
const ACK: u32 = 0x10;

/// Lets the system drop what begins a connection, as if it had been lost on its
/// way: callers try again, and are refused once the socket is closed.
pub(super) fn refuse_new(socket: &TcpListener) {
    // Classic BPF (linux/filter.h): load the flags; of SYN and ACK, is SYN all?
    // Then nothing of the packet is kept, else all of it.
    let filter = [
        SockFilter::new(0x30, 0, 0, FLAGS),
        SockFilter::new(0x54, 0, 0, SYN | ACK),
        SockFilter::new(0x15, 0, 1, SYN),
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(socket).attach_filter(&filter) {
        tracing::debug!(%error, "connections may begin until the last moment");
    }
}
