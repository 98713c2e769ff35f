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
}

impl Numbers {
    /// For the fields of a message.
    pub(super) fn of_fields(used: impl Iterator<Item = i32>, reserved: Option<&Reserved>) -> Self {
        Self {
            used: used.chain([0]).collect(),
            reserved: reserved.cloned().unwrap_or_default(),
            fields: true,
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
        let reserved = self.reserved.numbers.iter().map(|(_, last)| *last);
        let highest = reserved.chain(self.used.last().copied()).max().unwrap_or(0);
        let above = highest
            .checked_add(1)
            .and_then(|from| self.first_free(from));
        let number = above.or_else(|| self.first_free(1)).unwrap_or(1);
        self.used.insert(number);
        number
    }

    fn first_free(&self, from: i32) -> Option<i32> {
        let max = if self.fields { MAX_FIELD } else { i32::MAX };
        let kept = |number: i32| self.fields && KEPT.contains(&number);
        (from.max(1)..=max).find(|&n| !self.used.contains(&n) && !self.reserved.has(n) && !kept(n))
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
