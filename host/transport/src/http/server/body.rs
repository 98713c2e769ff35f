//! The body of a streamed request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::body::Incoming;
use ostler_call::{Body, Status};
use ostler_wire::{FramingError, array, ndjson, raw};

use super::request::Form;
use crate::body::{Messages, Unread};

/// Set once a message was above the limit, so that the response can say 413.
#[derive(Clone, Debug, Default)]
pub(super) struct Oversized(Arc<AtomicBool>);

impl Oversized {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Messages of at most `limit` bytes, raw chunks of at most `chunk`.
pub(super) fn messages(
    body: Incoming,
    form: Form,
    limit: usize,
    chunk: usize,
    oversized: Oversized,
) -> Body {
    let fault = move |error: FramingError| {
        if error.is_too_large() {
            oversized.0.store(true, Ordering::Relaxed);
            return Status::resource_exhausted(error.to_string());
        }
        Status::invalid_argument(error.to_string())
    };
    let unread = Unread::nowhere();
    match form {
        Form::Raw => Body::stream(Messages::new(
            body,
            raw::Splitter::new(chunk),
            unread,
            fault,
        )),
        Form::Ndjson => Body::stream(Messages::new(
            body,
            ndjson::Splitter::new(limit),
            unread,
            fault,
        )),
        Form::Json | Form::Query => Body::stream(Messages::new(
            body,
            array::Splitter::new(limit),
            unread,
            fault,
        )),
    }
}
