//! What all splitters have in common.

use bytes::Bytes;

use crate::{FramingError, array, connect, grpc, grpc_web, ndjson, raw};

/// Cuts a body into messages; see the crate's documentation.
pub trait Split {
    /// Adds the next bytes of the body.
    fn push(&mut self, chunk: Bytes);

    /// The next whole message; `None` when it needs more bytes.
    ///
    /// # Errors
    /// What is wrong with the body, from then on.
    fn next(&mut self) -> Result<Option<Bytes>, FramingError>;

    /// What is left after the last push, message by message; `None` when
    /// nothing is.
    ///
    /// # Errors
    /// As [`Split::next`], and what is wrong with the body's end.
    fn finish(&mut self) -> Result<Option<Bytes>, FramingError>;
}

macro_rules! splitters {
    ($($splitter:ty),*) => {
        $(
            impl Split for $splitter {
                fn push(&mut self, chunk: Bytes) {
                    self.push(chunk);
                }

                fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
                    self.next()
                }

                fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
                    self.finish()
                }
            }
        )*
    };
}

splitters!(
    array::Splitter,
    connect::Replies,
    connect::Splitter,
    grpc::Items,
    grpc::Splitter,
    grpc_web::TextSplitter,
    ndjson::Splitter,
    raw::Splitter
);
