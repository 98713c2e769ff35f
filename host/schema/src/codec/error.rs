//! Why bytes are no value, or a value has no bytes.

use std::fmt;

use ostler_call::Status;

/// Why a message was refused: the caller's fault. Its text is meant for the
/// caller and names the place, such as `user.age: expected u32, found string`.
#[derive(Clone, Eq, PartialEq)]
pub struct DecodeError(Box<Problem>);

/// Why a value of the guest has no encoding: the guest's fault, or ours.
#[derive(Clone, Eq, PartialEq)]
pub struct EncodeError(Box<Problem>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Problem {
    /// Whether the text as a whole is no JSON, whatever the type.
    syntax: bool,
    path: String,
    text: String,
}

impl Problem {
    fn new(syntax: bool, text: String) -> Box<Self> {
        Box::new(Self {
            syntax,
            path: String::new(),
            text,
        })
    }

    /// Errors travel outwards, so a path grows at its front.
    fn prepend(&mut self, step: &str) {
        let joint = match self.path.as_bytes().first() {
            None | Some(b'[') => "",
            Some(_) => ".",
        };
        self.path = format!("{step}{joint}{}", self.path);
    }
}

impl DecodeError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(Problem::new(false, text.into()))
    }

    pub(super) fn syntax(what: impl fmt::Display, at: usize) -> Self {
        Self(Problem::new(true, format!("{what} at byte {at}")))
    }

    /// What is no protobuf, whatever the type.
    #[cold]
    pub(super) fn malformed(what: &str, at: usize) -> Self {
        Self::new(format!("malformed protobuf: {what} at byte {at}"))
    }

    /// Whether the text is no JSON at all (as against JSON of the wrong type).
    pub fn is_syntax(&self) -> bool {
        self.0.syntax
    }

    /// Where in the message, such as `items[3].name`; empty for the message
    /// itself.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// A syntax error already says at which byte; a path would mislead.
    #[cold]
    pub(super) fn within(mut self, step: &str) -> Self {
        if !self.0.syntax {
            self.0.prepend(step);
        }
        self
    }

    #[cold]
    pub(super) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// The same error of a text inside another one, at `step`.
    pub(super) fn embedded(mut self, step: &str) -> Self {
        if self.0.syntax {
            self.0.syntax = false;
            self.0.text.insert_str(0, "not valid JSON: ");
        }
        self.within(step)
    }
}

impl EncodeError {
    /// The place and what is wrong there.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    #[cold]
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(Problem::new(false, text.into()))
    }

    #[cold]
    pub(super) fn within(mut self, step: &str) -> Self {
        self.0.prepend(step);
        self
    }

    #[cold]
    pub(super) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.syntax, self.path.is_empty()) {
            (true, _) => write!(f, "Invalid JSON body: {}", self.text),
            (false, true) => f.write_str(&self.text),
            (false, false) => write!(f, "{}: {}", self.path, self.text),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({:?})", self.to_string())
    }
}

impl std::error::Error for DecodeError {}

impl From<DecodeError> for Status {
    fn from(error: DecodeError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service's reply cannot be encoded: {}", self.0)
    }
}

impl fmt::Debug for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodeError({:?})", self.0.to_string())
    }
}

impl std::error::Error for EncodeError {}

impl From<EncodeError> for Status {
    fn from(error: EncodeError) -> Self {
        Self::internal(error.to_string())
    }
}
