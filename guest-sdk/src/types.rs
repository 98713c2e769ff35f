//! The types of `ostler:rpc/types`, written by hand so that they have the
//! constructors, the text and the documentation a generated type would lack.
//! The names and the order of fields and cases are those of the WIT.

pub use crate::status::Status;

/// Why a call failed, by kind: gRPC's codes without `ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// The caller gave up.
    Cancelled,
    /// Nothing better fits.
    Unknown,
    /// The request is wrong whatever the state of the system.
    InvalidArgument,
    /// The time was up.
    DeadlineExceeded,
    /// What was asked for does not exist.
    NotFound,
    /// What was to be created exists.
    AlreadyExists,
    /// The caller is known and may not do this.
    PermissionDenied,
    /// A limit or a quota is used up.
    ResourceExhausted,
    /// The system is not in the state this needs; a retry does not help.
    FailedPrecondition,
    /// A conflict with another call; a retry of the whole may help.
    Aborted,
    /// Past the end of what exists.
    OutOfRange,
    /// This service does not do that.
    Unimplemented,
    /// Something that must hold does not.
    Internal,
    /// Not now; a retry may help.
    Unavailable,
    /// Data is lost or damaged for good.
    DataLoss,
    /// The caller is not known.
    Unauthenticated,
}

impl Code {
    /// All codes, in the order of the WIT enum.
    pub const ALL: [Self; 16] = [
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The name as gRPC writes it, such as `NOT_FOUND`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// What generated bindings call; the host never passes another number.
    #[doc(hidden)]
    #[must_use]
    pub fn _lift(number: u8) -> Self {
        Self::ALL
            .get(usize::from(number))
            .copied()
            .unwrap_or(Self::Unknown)
    }
}

/// `google.protobuf.Any`: an encoded message and its full type name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Any {
    /// The full name without a host, such as `google.rpc.ErrorInfo`.
    pub type_name: String,
    /// The protobuf encoding.
    pub value: Vec<u8>,
}

impl Any {
    /// A message that is already encoded.
    #[must_use]
    pub fn new(type_name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            type_name: type_name.into(),
            value: value.into(),
        }
    }
}

/// The peer is gone: nothing more can be sent. `?` turns it into a
/// [`Status`], which ends the method; nobody is left to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// The only case.
    Closed,
}

impl Closed {
    /// What generated bindings call.
    #[doc(hidden)]
    #[must_use]
    pub fn _lift(_number: u8) -> Self {
        Self::Closed
    }
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the peer takes no more")
    }
}

impl std::error::Error for Closed {}

impl From<Closed> for Status {
    fn from(closed: Closed) -> Self {
        Self::cancelled(closed.to_string())
    }
}

/// `google.protobuf.Timestamp`: since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: i64,
    /// 0 to 999,999,999, counting forward.
    pub nanos: i32,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Duration {
    /// Whole seconds.
    pub seconds: i64,
    /// The rest, with the sign of `seconds`.
    pub nanos: i32,
}

/// `google.protobuf.FieldMask`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldMask {
    /// Field paths in `snake_case`.
    pub paths: Vec<String>,
}

/// `google.protobuf.Struct`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Struct {
    /// The text of a JSON object.
    pub json: String,
}
