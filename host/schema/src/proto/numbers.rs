//! Numbers for what the lock has none for.

use std::collections::BTreeSet;

use super::lock::Reserved;

/// The highest number of a field.
pub(super) const MAX_FIELD: i32 = (1 << 29) - 1;

/// What protobuf keeps for itself.
pub(super) const KEPT: std::ops::RangeInclusive<i32> = 19_000..=19_999;

/// Gives out numbers that nothing has or had.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    used: BTreeSet<i32>,
    reserved: Reserved,
    fields: bool,
    /// What is below, or above, has been looked at.
    above: Option<i32>,
    below: i32,
}

impl Numbers {
    /// For the fields of a message.
    pub(super) fn of_fields(used: impl Iterator<Item = i32>, reserved: Option<&Reserved>) -> Self {
        let used: BTreeSet<i32> = used.collect();
        let reserved = reserved.cloned().unwrap_or_default();
        let last = reserved.numbers.last().map(|(_, last)| *last);
        let highest = last.into_iter().chain(used.last().copied()).max();
        Self {
            used,
            reserved,
            fields: true,
            above: highest.unwrap_or(0).max(0).checked_add(1),
            below: 1,
        }
    }

    /// For the values of an enum, except the zero.
    pub(super) fn of_values(used: impl Iterator<Item = i32>, reserved: Option<&Reserved>) -> Self {
        Self {
            fields: false,
            ..Self::of_fields(used, reserved)
        }
    }

    /// The next above all others, so that order of declaration is order of
    /// numbers; when there is none above, the first free one.
    pub(super) fn next(&mut self) -> i32 {
        let above = self.above.and_then(|from| self.first_free(from));
        let below = || self.first_free(self.below).unwrap_or(1);
        let number = above.unwrap_or_else(below);
        self.used.insert(number);
        let next = number.checked_add(1);
        match above {
            Some(_) => self.above = next,
            None => (self.above, self.below) = (None, next.unwrap_or(1)),
        }
        number
    }

    fn first_free(&self, from: i32) -> Option<i32> {
        let max = if self.fields { MAX_FIELD } else { i32::MAX };
        let mut number = from;
        while number <= max {
            let kept = self.fields && KEPT.contains(&number);
            let taken_to = match self.reserved.end_of(number) {
                Some(last) => Some(last),
                None if kept => Some(*KEPT.end()),
                None => self.used.contains(&number).then_some(number),
            };
            match taken_to {
                Some(last) => number = last.checked_add(1)?,
                None => return Some(number),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_is_above_all_that_was_used() {
        let reserved = Reserved {
            numbers: vec![(5, 7)],
            names: Vec::new(),
        };
        let mut numbers = Numbers::of_fields([1, 3].into_iter(), Some(&reserved));
        assert_eq!([numbers.next(), numbers.next()], [8, 9]);
        let mut numbers = Numbers::of_fields([18_999].into_iter(), None);
        assert_eq!(numbers.next(), 20_000);
        let mut numbers = Numbers::of_fields([1, MAX_FIELD].into_iter(), None);
        assert_eq!([numbers.next(), numbers.next()], [2, 3]);
        let mut numbers = Numbers::of_values([18_999, -5].into_iter(), None);
        assert_eq!(numbers.next(), 19_000);
    }
}
