//! How a method fails.

use std::error::Error;
use std::fmt;

use crate::types::{Any, Code};

/// Why a call failed: the only error that reaches the caller as it is.
///
/// ```
/// use ostler_guest::{Code, Status};
///
/// fn age(text: &str) -> Result<u32, Status> {
///     let age: u32 = text.parse()?;
///     if age > 150 {
///         return Err(Status::out_of_range(format!("nobody is {age} years old")));
///     }
///     Ok(age)
/// }
///
/// assert_eq!(age("no").unwrap_err().code, Code::InvalidArgument);
/// assert_eq!(
///     age("200").unwrap_err().to_string(),
///     "OUT_OF_RANGE: nobody is 200 years old"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// The kind of failure.
    pub code: Code,
    /// For the developer who reads it; reaches the caller as it is.
    pub message: String,
    /// Encoded messages for programs.
    pub details: Vec<Any>,
}

impl Status {
    /// A status without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// Adds a detail, such as one of [`details`](crate::details).
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Any>) -> Self {
        self.details.push(detail.into());
        self
    }
}

macro_rules! constructors {
    ($($name:ident $code:ident)*) => {
        /// One constructor for each code.
        impl Status {
            $(
                #[doc = concat!("A status with [`Code::", stringify!($code), "`].")]
                #[must_use]
                pub fn $name(message: impl Into<String>) -> Self {
                    Self::new(Code::$code, message)
                }
            )*
        }
    };
}

constructors! {
    cancelled Cancelled
    unknown Unknown
    invalid_argument InvalidArgument
    deadline_exceeded DeadlineExceeded
    not_found NotFound
    already_exists AlreadyExists
    permission_denied PermissionDenied
    resource_exhausted ResourceExhausted
    failed_precondition FailedPrecondition
    aborted Aborted
    out_of_range OutOfRange
    unimplemented Unimplemented
    internal Internal
    unavailable Unavailable
    data_loss DataLoss
    unauthenticated Unauthenticated
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        if self.message.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for Status {}

/// What a failed conversion of the caller's data turns into by `?`.
macro_rules! invalid_argument_from {
    ($($error:ty),* $(,)?) => {
        $(
            impl From<$error> for Status {
                fn from(error: $error) -> Self {
                    Self::invalid_argument(error.to_string())
                }
            }
        )*
    };
}

invalid_argument_from! {
    std::char::ParseCharError,
    std::net::AddrParseError,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::ParseBoolError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_code_and_message() {
        assert_eq!(Status::internal("").to_string(), "INTERNAL");
        assert_eq!(
            Status::not_found("no user 7").to_string(),
            "NOT_FOUND: no user 7"
        );
    }

    #[test]
    fn every_code_lifts_to_itself() {
        for (number, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(Code::_lift(u8::try_from(number).unwrap()), code);
            assert_eq!(code as usize, number);
        }
    }
}
