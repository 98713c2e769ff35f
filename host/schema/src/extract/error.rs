//! Why a component has no usable contract.

use std::fmt;

use crate::types::TypeError;

/// Why a component has no usable contract: where, what, and what to do.
///
/// Displayed as `interface demo:users/users@1.0.0, function list-users: what
/// is wrong; what to do`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContractError {
    place: Vec<String>,
    problem: String,
    remedy: String,
}

impl ContractError {
    pub(crate) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            place: Vec::new(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// The same error inside `place`, such as `function list-users`.
    pub(crate) fn within(mut self, place: impl Into<String>) -> Self {
        self.place.insert(0, place.into());
        self
    }
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place.join(", "))?;
        }
        f.write_str(&self.problem)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for ContractError {}

/// Its text has the remedy already.
impl From<TypeError> for ContractError {
    fn from(error: TypeError) -> Self {
        Self::new(error.to_string(), "")
    }
}
