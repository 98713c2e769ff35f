//! What can be wrong with the framing of a body.

use std::fmt;

/// Why a body cannot be cut into messages. The text is meant for the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FramingError {
    /// One message has more bytes than allowed.
    TooLarge {
        /// The most bytes a message may have.
        limit: usize,
    },
    /// The bytes break the framing.
    Malformed(String),
    /// The body ended inside a message.
    Truncated,
    /// What should be compressed data is none.
    Compression(String),
}

impl FramingError {
    /// Whether a size limit is the reason.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(f, "a message has more than the {limit} bytes allowed")
            }
            Self::Malformed(what) => f.write_str(what),
            Self::Truncated => f.write_str("the body ended inside a message"),
            Self::Compression(why) => write!(f, "a compressed message is not gzip: {why}"),
        }
    }
}

impl std::error::Error for FramingError {}
