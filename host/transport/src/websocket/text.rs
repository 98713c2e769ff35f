//! Metadata and statuses as the texts of envelopes, and back.

use ostler_call::{Code, KeyError, Metadata, Status};
use ostler_schema::write_details;
use ostler_wire::envelope::{Envelope, Pairs, Tail};

use crate::details::{Detail, anys};

/// Adds pairs to metadata; what this host keeps for itself is left out.
///
/// # Errors
/// What is no metadata.
pub(super) fn add(metadata: &mut Metadata, pairs: &Pairs) -> Result<(), Status> {
    for (key, value) in pairs {
        match metadata.insert(&key.to_ascii_lowercase(), value) {
            Ok(()) | Err(KeyError::Reserved(_)) => {}
            Err(error) => return Err(Status::invalid_argument(error.to_string())),
        }
    }
    Ok(())
}

/// Metadata a peer sent; what is none is left out.
pub(super) fn metadata(pairs: &Pairs) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in pairs {
        metadata.insert(key, value).unwrap_or_default();
    }
    metadata
}

/// A status as `error`, `status_code` and `details`.
#[derive(Debug)]
pub(super) struct StatusText {
    error: String,
    number: u32,
    details: Option<Vec<u8>>,
}

impl StatusText {
    pub(super) fn new(status: &Status) -> Self {
        // Clients take an empty error for none.
        let error = if status.message().is_empty() {
            status.code().name()
        } else {
            status.message()
        };
        let details = status.details();
        Self {
            error: error.to_owned(),
            number: status.code().number(),
            details: (!details.is_empty()).then(|| {
                let mut json = Vec::new();
                write_details(details, &mut json);
                json
            }),
        }
    }

    pub(super) fn tail<'a>(&'a self, metadata: &'a [(&'a str, &'a str)]) -> Tail<'a> {
        Tail {
            metadata,
            error: Some(&self.error),
            status_code: self.number,
            details: self.details.as_deref(),
            ..Tail::default()
        }
    }
}

/// The status an envelope tells; `None` when it tells of none.
pub(super) fn status(envelope: &Envelope) -> Option<Status> {
    if envelope.error.is_none() && envelope.status_code == 0 {
        return None;
    }
    let code = Code::from_number(envelope.status_code).filter(|code| *code != Code::Ok);
    let message = envelope.error.clone().unwrap_or_default();
    let status = Status::new(code.unwrap_or(Code::Unknown), message);
    // Details that cannot be read are left out: they only explain.
    let details: Vec<Detail<'_>> = envelope
        .details
        .as_deref()
        .and_then(|json| serde_json::from_slice(json).ok())
        .unwrap_or_default();
    Some(status.with_details(anys(details)))
}
