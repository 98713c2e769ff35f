//! What is wrong with a WIT package: where, what, and what to do about it.

use std::fmt;

/// A violated rule, or WIT that cannot be read.
///
/// Displayed as `users.wit:12: interface users, function list-users: what is
/// wrong; what to do`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Inner {
    place: Place,
    problem: String,
    remedy: Option<String>,
}

/// A violated rule whose place the caller knows.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) problem: String,
    pub(crate) remedy: String,
}

/// Where something stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Place {
    /// Relative path of the file.
    pub(crate) file: Option<String>,
    /// Counted from 1.
    pub(crate) line: Option<usize>,
    pub(crate) interface: Option<String>,
    pub(crate) function: Option<String>,
}

impl Error {
    /// The file, relative to the package's folder, if it is about one.
    pub fn file(&self) -> Option<&str> {
        self.0.place.file.as_deref()
    }

    /// The line in that file, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.0.place.line
    }

    pub(crate) fn new(place: Place, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            place,
            problem: bounded(problem.into()),
            remedy: Some(remedy.into()),
        }))
    }

    /// An error whose text says all there is to say, such as a syntax error.
    pub(crate) fn plain(place: Place, problem: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            place,
            problem: bounded(problem.into()),
            remedy: None,
        }))
    }
}

impl Fault {
    pub(crate) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn at(self, place: Place) -> Error {
        Error::new(place, self.problem, self.remedy)
    }
}

impl Place {
    /// A file as a whole.
    pub(crate) fn file(path: &str) -> Self {
        Self {
            file: Some(path.to_owned()),
            ..Self::default()
        }
    }
}

/// Problems quote the source, which may be one long word.
fn bounded(mut problem: String) -> String {
    const MAX_CHARS: usize = 1000;
    if let Some((end, _)) = problem.char_indices().nth(MAX_CHARS) {
        problem.truncate(end);
        problem.push('…');
    }
    problem
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.place, self.0.problem)?;
        match &self.0.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, _) => {}
        }
        match (&self.interface, &self.function) {
            (Some(interface), Some(function)) => {
                write!(f, "interface {interface}, function {function}: ")
            }
            (Some(interface), None) => write!(f, "interface {interface}: "),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
