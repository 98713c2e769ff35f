//! How a command ends: an exit code for scripts, words and a remedy for
//! people.

use std::fmt;
use std::process::ExitCode;

use ostler_call::{Code, Status};

/// Shown in `--help`.
pub(super) const HELP: &str = "\
Exit codes:
  0        success
  1        an unexpected failure
  2        wrong usage: flags, configuration, request
  3        a component that cannot be served: no component, no service, import not offered
  4        no connection: the address cannot be listened on or reached
  5        a file that cannot be read or written
  10 + n   the call ended with gRPC status n, such as 13 INVALID_ARGUMENT, 15 NOT_FOUND, 24 UNAVAILABLE
  130      stopped at once by a second signal";

/// Why a command failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Class {
    Unexpected,
    Usage,
    Component,
    Connection,
    File,
    Call(Code),
}

impl Class {
    fn number(self) -> u8 {
        match self {
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Component => 3,
            Self::Connection => 4,
            Self::File => 5,
            // Codes go to 16.
            Self::Call(code) => 10 + code as u8,
        }
    }
}

/// The end of a command that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) class: Class,
    pub(super) text: String,
    /// The status of the call, for machines.
    pub(super) status: Option<Box<Status>>,
}

impl Failure {
    pub(super) fn new(class: Class, text: impl Into<String>) -> Self {
        Self {
            class,
            text: text.into(),
            status: None,
        }
    }

    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::new(Class::Usage, text)
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(self.class.number())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ostler::RegistryError> for Failure {
    fn from(error: ostler::RegistryError) -> Self {
        ostler::Error::from(error).into()
    }
}

impl From<ostler::Error> for Failure {
    fn from(error: ostler::Error) -> Self {
        let class = match error.kind() {
            ostler::ErrorKind::Config => Class::Usage,
            ostler::ErrorKind::File => Class::File,
            ostler::ErrorKind::Component => Class::Component,
            ostler::ErrorKind::Listen | ostler::ErrorKind::Registry => Class::Connection,
            ostler::ErrorKind::Engine => Class::Unexpected,
        };
        Self::new(class, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_documented_number() {
        for (class, number) in [
            (Class::Unexpected, 1),
            (Class::Usage, 2),
            (Class::Component, 3),
            (Class::Connection, 4),
            (Class::File, 5),
            (Class::Call(Code::Cancelled), 11),
            (Class::Call(Code::InvalidArgument), 13),
            (Class::Call(Code::NotFound), 15),
            (Class::Call(Code::Unavailable), 24),
            (Class::Call(Code::Unauthenticated), 26),
        ] {
            assert_eq!(class.number(), number);
        }
    }
}
