//! What the walks find, joined by place, and how much they may do.

use std::collections::BTreeMap;

use super::reason::Reason;
use super::{Difference, Effect, Side, Wire};

/// How many types, fields and cases the walks may look at. A contract has at
/// most a hundred thousand, looked at on both sides of three wires.
const MAX_STEPS: usize = 2_000_000;

/// How many bytes the paths and changes of all differences may have.
const MAX_TEXT: usize = 256 << 10;

/// A collection of differences.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: BTreeMap<(String, String), Vec<Effect>>,
    notes: usize,
    text: usize,
    steps: usize,
}

impl Findings {
    /// Accounts for one thing to look at; false when it was enough.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        !self.is_spent()
    }

    fn is_spent(&self) -> bool {
        self.steps > MAX_STEPS || self.text > MAX_TEXT
    }

    /// How often something was noted so far.
    pub(super) fn notes(&self) -> usize {
        self.notes
    }

    pub(super) fn note(&mut self, path: &str, change: String, effect: Effect) {
        self.notes += 1;
        if self.is_spent() {
            return;
        }
        let length = path.len() + change.len();
        let effects = (self.found.entry((path.to_owned(), change))).or_insert_with(|| {
            self.text += length;
            Vec::new()
        });
        if !effects.contains(&effect) {
            effects.push(effect);
        }
    }

    pub(super) fn differences(mut self) -> Vec<Difference> {
        if self.is_spent() {
            (self.steps, self.text) = (0, 0);
            let effect = |side, wire| Effect::new(side, wire, Reason::TooMuch);
            for (side, wire) in Side::ALL
                .into_iter()
                .flat_map(|s| Wire::ALL.map(|w| (s, w)))
            {
                // Sorts behind every path.
                self.note("…", "more differences".to_owned(), effect(side, wire));
            }
        }
        let found = self.found.into_iter();
        let difference = |((path, change), mut effects): (_, Vec<Effect>)| {
            effects.sort_unstable();
            Difference {
                path,
                change,
                effects,
            }
        };
        found.map(difference).collect()
    }
}
