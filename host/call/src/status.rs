//! The status of a call: gRPC's code, message and details.

use std::fmt;

use bytes::Bytes;

/// How a call ended, by gRPC's numbers (grpc/grpc, doc/statuscodes.md).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum Code {
    /// The call succeeded.
    Ok = 0,
    /// The caller gave up.
    Cancelled = 1,
    /// An error of unknown kind.
    Unknown = 2,
    /// The request is wrong, whatever the state of the system.
    InvalidArgument = 3,
    /// Time ran out.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// What was to be created exists.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A quota or a limit is used up.
    ResourceExhausted = 8,
    /// The system is not in the state the request needs.
    FailedPrecondition = 9,
    /// A conflict with another call.
    Aborted = 10,
    /// Past the valid range.
    OutOfRange = 11,
    /// No such method.
    Unimplemented = 12,
    /// A fault of the host or a trap of the guest.
    Internal = 13,
    /// Not now; try again.
    Unavailable = 14,
    /// Data was lost or damaged.
    DataLoss = 15,
    /// The caller is not known.
    Unauthenticated = 16,
}

/// Every code with its lower-case name, in order of number.
const NAMES: [(Code, &str); 17] = [
    (Code::Ok, "ok"),
    (Code::Cancelled, "cancelled"),
    (Code::Unknown, "unknown"),
    (Code::InvalidArgument, "invalid_argument"),
    (Code::DeadlineExceeded, "deadline_exceeded"),
    (Code::NotFound, "not_found"),
    (Code::AlreadyExists, "already_exists"),
    (Code::PermissionDenied, "permission_denied"),
    (Code::ResourceExhausted, "resource_exhausted"),
    (Code::FailedPrecondition, "failed_precondition"),
    (Code::Aborted, "aborted"),
    (Code::OutOfRange, "out_of_range"),
    (Code::Unimplemented, "unimplemented"),
    (Code::Internal, "internal"),
    (Code::Unavailable, "unavailable"),
    (Code::DataLoss, "data_loss"),
    (Code::Unauthenticated, "unauthenticated"),
];

impl Code {
    /// The code of a gRPC number; `None` above 16.
    pub fn from_number(number: u32) -> Option<Self> {
        NAMES.get(number as usize).map(|(code, _)| *code)
    }

    /// The code of a lower-case name such as `not_found`.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(code, _)| *code)
    }

    /// gRPC's number, 0 to 16.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The lower-case name, words joined by `_`.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A typed detail: `google.protobuf.Any` (type name without a host, and the
/// value's bytes).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Any {
    /// Full type name, such as `demo.users.v1.LimitError`.
    pub type_name: String,
    /// The encoded value.
    pub value: Bytes,
}

/// Why a call failed. The only error that crosses layers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    code: Code,
    message: String,
    details: Vec<Any>,
}

impl Status {
    /// A status of `code`, with a message for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// The same status with typed details.
    #[must_use]
    pub fn with_details(mut self, details: Vec<Any>) -> Self {
        self.details = details;
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its message; may be empty.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Its typed details.
    pub fn details(&self) -> &[Any] {
        &self.details
    }

    /// `CANCELLED`: the caller gave up.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Code::Cancelled, message)
    }

    /// `INVALID_ARGUMENT`: the request is wrong.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// `DEADLINE_EXCEEDED`: time ran out.
    pub fn deadline_exceeded(message: impl Into<String>) -> Self {
        Self::new(Code::DeadlineExceeded, message)
    }

    /// `NOT_FOUND`: what was asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// `RESOURCE_EXHAUSTED`: a limit is used up.
    pub fn resource_exhausted(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceExhausted, message)
    }

    /// `UNIMPLEMENTED`: no such thing here.
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, message)
    }

    /// `INTERNAL`: a fault of the host or a trap of the guest.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// `UNAVAILABLE`: not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_round_trip() {
        for (i, (code, name)) in NAMES.iter().enumerate() {
            assert_eq!(code.number() as usize, i);
            assert_eq!(Code::from_number(i as u32), Some(*code));
            assert_eq!(Code::from_name(name), Some(*code));
        }
        assert_eq!(Code::from_number(17), None);
        assert_eq!(Code::from_name("OK"), None);
    }
}
