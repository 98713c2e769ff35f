//! Why a host cannot be built.

use std::fmt;

/// What is at fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// The configuration.
    Config,
    /// A file that cannot be read.
    File,
    /// A component: not one, no service, an import that is not offered, or
    /// two services of one name.
    Component,
    /// An address that cannot be listened on.
    Listen,
    /// A registry that is not reached, or refuses.
    Registry,
    /// The machine: no room for the engine.
    Engine,
}

/// Why a host cannot be built; the text says where, what and the remedy.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// What is at fault.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

impl From<crate::RegistryError> for Error {
    fn from(error: crate::RegistryError) -> Self {
        let kind = match &error {
            error if error.is_usage() => ErrorKind::Config,
            error if error.is_of_component() => ErrorKind::Component,
            _ => ErrorKind::Registry,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<crate::ConfigError> for Error {
    fn from(error: crate::ConfigError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}
