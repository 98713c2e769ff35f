//! gRPC's messages (grpc/grpc, doc/PROTOCOL-HTTP2.md), and the status they end
//! with.

mod items;
mod status;

use bytes::BufMut;

pub use self::items::Items;
pub use self::status::{details, status};
use crate::FramingError;
use crate::frame::{self, splitter_of_messages};

/// Cuts a body into its messages.
#[derive(Debug)]
pub struct Splitter(frame::Messages);

impl Splitter {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self(frame::Messages::new(max_message, "grpc-encoding"))
    }
}

splitter_of_messages!(Splitter);

/// Appends `message` with its prefix.
///
/// # Errors
/// [`FramingError::TooLarge`] for one whose length four bytes cannot say.
pub fn join(out: &mut impl BufMut, message: &[u8]) -> Result<(), FramingError> {
    frame::join(out, 0, message)
}
