//! The details most callers understand: messages of `google.rpc`
//! (googleapis, google/rpc/error_details.proto), encoded without a protobuf
//! library.

use crate::types::Any;

/// The cause, for programs to act on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorInfo {
    /// Constant, in `UPPER_SNAKE_CASE`.
    pub reason: String,
    /// Who defines the reason, such as `users.example.com`.
    pub domain: String,
    /// More about this case.
    pub metadata: Vec<(String, String)>,
}

impl From<ErrorInfo> for Any {
    fn from(info: ErrorInfo) -> Self {
        let mut message = Message::default();
        message.text(1, &info.reason);
        message.text(2, &info.domain);
        for (key, value) in &info.metadata {
            let mut entry = Message::default();
            entry.text(1, key);
            entry.text(2, value);
            message.bytes(3, &entry.0);
        }
        Self::new("google.rpc.ErrorInfo", message.0)
    }
}

/// What was asked for and could not be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceInfo {
    /// Its kind, such as `user`.
    pub resource_type: String,
    /// Its name or id.
    pub resource_name: String,
    /// Whose it is; may be empty.
    pub owner: String,
    /// What went wrong; may be empty.
    pub description: String,
}

impl From<ResourceInfo> for Any {
    fn from(info: ResourceInfo) -> Self {
        let mut message = Message::default();
        message.text(1, &info.resource_type);
        message.text(2, &info.resource_name);
        message.text(3, &info.owner);
        message.text(4, &info.description);
        Self::new("google.rpc.ResourceInfo", message.0)
    }
}

/// Which fields of the request are wrong, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadRequest {
    /// Path of a field and what is wrong with it.
    pub violations: Vec<(String, String)>,
}

impl BadRequest {
    /// One wrong field.
    #[must_use]
    pub fn field(path: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            violations: vec![(path.into(), description.into())],
        }
    }
}

impl From<BadRequest> for Any {
    fn from(bad: BadRequest) -> Self {
        let mut message = Message::default();
        for (field, description) in &bad.violations {
            let mut violation = Message::default();
            violation.text(1, field);
            violation.text(2, description);
            message.bytes(1, &violation.0);
        }
        Self::new("google.rpc.BadRequest", message.0)
    }
}

/// A protobuf message of length-delimited fields; empty texts are left out,
/// as proto3 does.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn text(&mut self, field: u8, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    fn bytes(&mut self, field: u8, bytes: &[u8]) {
        // Wire type 2; all fields here are below 16, so the tag is one byte.
        self.0.push(field << 3 | 2);
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            // The low seven bits, and the mark that more follow.
            self.0.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.0.push(length as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_protobuf_does() {
        let any = Any::from(BadRequest::field("id", "must be positive"));
        assert_eq!(any.type_name, "google.rpc.BadRequest");
        assert_eq!(any.value, b"\x0a\x16\x0a\x02id\x12\x10must be positive");
    }

    #[test]
    fn long_texts_have_long_lengths() {
        let any = Any::from(ResourceInfo {
            resource_name: "x".repeat(300),
            ..ResourceInfo::default()
        });
        assert_eq!(any.value[..3], [0x12, 0xac, 0x02]);
        assert_eq!(any.value.len(), 303);
    }
}
