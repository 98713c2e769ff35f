//! The same thing in the old contract and in the new one.

use super::Side;

/// Of the old contract and of the new one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Both<T> {
    pub(super) old: T,
    pub(super) new: T,
}

impl<T> Both<T> {
    pub(super) fn map<U>(self, mut f: impl FnMut(T) -> U) -> Both<U> {
        Both {
            old: f(self.old),
            new: f(self.new),
        }
    }

    pub(super) fn as_ref(&self) -> Both<&T> {
        Both {
            old: &self.old,
            new: &self.new,
        }
    }

    pub(super) fn zip<U>(self, other: Both<U>) -> Both<(T, U)> {
        Both {
            old: (self.old, other.old),
            new: (self.new, other.new),
        }
    }

    /// Whose writes come first: a request is written by an old client, a reply
    /// by the new version.
    pub(super) fn written_and_read(self, side: Side) -> (T, T) {
        match side {
            Side::Request => (self.old, self.new),
            Side::Response => (self.new, self.old),
        }
    }

    /// The reverse of [`written_and_read`](Self::written_and_read).
    pub(super) fn of(side: Side, written: T, read: T) -> Self {
        match side {
            Side::Request => Self {
                old: written,
                new: read,
            },
            Side::Response => Self {
                old: read,
                new: written,
            },
        }
    }
}
