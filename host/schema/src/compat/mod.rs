//! Whether a new version of a component may take the place of an old one while
//! callers of the old one go on (design 6).
//!
//! An old client sends requests in the types of the old contract, which the new
//! one reads, and reads replies in the old types, which the new one writes. So
//! a difference is judged by side and by wire, on what the decoders of this
//! crate do with it; where real clients are stricter than they are (a case that
//! an old client does not know, a field of a reply that is gone), as if they
//! were strict too. What is not known to be safe is breaking.
//!
//! Two walks find differences: one along the types of the plans, as plain JSON
//! has them; one along the messages of protobuf, once by numbers and once by
//! the names in its JSON. What they find at one place is one difference.
//!
//! A service of another major version of its package is another service. What
//! is in an `any` is not compared.

mod absent;
mod both;
mod difference;
mod enums;
mod findings;
mod kinds;
mod methods;
mod place;
mod plain;
mod proto;
mod reason;
mod renames;
mod services;
mod spell;

use crate::Contract;

pub use self::difference::{Difference, Effect, Side, Verdict, Wire};

/// How two versions of a contract differ.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Comparison {
    differences: Vec<Difference>,
}

impl Comparison {
    /// Every difference, in order of their paths.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Those that break an old client.
    pub fn breaking(&self) -> impl Iterator<Item = &Difference> {
        (self.differences.iter()).filter(|difference| difference.verdict() == Verdict::Breaking)
    }

    /// `Breaking` when one difference is.
    pub fn verdict(&self) -> Verdict {
        match self.breaking().next() {
            Some(_) => Verdict::Breaking,
            None => Verdict::Compatible,
        }
    }
}

/// Compares what a component says with what the one that is to replace it says.
///
/// The work is bounded: of contracts that differ in too much, the last
/// difference says that there is more, and is breaking.
pub fn compare(old: &Contract, new: &Contract) -> Comparison {
    let differences = services::compare(both::Both { old, new });
    Comparison { differences }
}
