//! Ordered pairs of a lower-case key and a text that travel with a call.

use std::fmt;

/// Ordered metadata; keys may repeat. Values of `-bin` keys are unpadded
/// base64.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    entries: Vec<(String, String)>,
}

/// Why a pair is not metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyError {
    /// The key is empty or has other characters than `[0-9a-z_.-]`.
    Key(String),
    /// The value of this key is not printable ASCII.
    Value(String),
    /// The key is the host's own (`ostler-…`).
    Reserved(String),
}

/// Keys with this prefix are the host's own and stripped at every edge.
const RESERVED: &str = "ostler-";

impl Metadata {
    /// No metadata.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Adds a pair after those already there, checked as gRPC wants it
    /// (key `[0-9a-z_.-]+`, value printable ASCII).
    ///
    /// # Errors
    /// [`KeyError`] when key or value is not allowed, or the key is reserved.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), KeyError> {
        if key.starts_with(RESERVED) {
            return Err(KeyError::Reserved(key.to_owned()));
        }
        if key.is_empty() || !key.bytes().all(is_key_byte) {
            return Err(KeyError::Key(key.to_owned()));
        }
        if !value.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
            return Err(KeyError::Value(key.to_owned()));
        }
        self.entries.push((key.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Replaces every value of `key` with this one.
    ///
    /// # Errors
    /// As [`Metadata::insert`]; then nothing has changed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), KeyError> {
        self.insert(key, value)?;
        let last = self.entries.len() - 1;
        let mut place = 0;
        self.entries.retain(|(k, _)| {
            place += 1;
            k != key || place > last
        });
        Ok(())
    }

    /// Removes every value of `key`.
    pub fn remove(&mut self, key: &str) {
        self.entries.retain(|(k, _)| k != key);
    }

    /// The first value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// How many pairs.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all keys and values together.
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(|(k, v)| k.len() + v.len()).sum()
    }
}

fn is_key_byte(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'_' | b'.' | b'-')
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(
                f,
                "metadata key {key:?} is not allowed; use lower-case letters, digits, '_', '.' and '-'"
            ),
            Self::Value(key) => write!(
                f,
                "the value of metadata key {key:?} is not printable ASCII; use a key ending in -bin with base64"
            ),
            Self::Reserved(key) => write!(
                f,
                "metadata key {key:?} is reserved: keys starting with ostler- are the host's own"
            ),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_repeats() {
        let mut m = Metadata::new();
        m.insert("b", "1").unwrap();
        m.insert("a", "2").unwrap();
        m.insert("b", "3").unwrap();
        assert_eq!(
            m.iter().collect::<Vec<_>>(),
            [("b", "1"), ("a", "2"), ("b", "3")]
        );
        assert_eq!(m.get("b"), Some("1"));
        assert_eq!((m.len(), m.bytes()), (3, 6));
    }

    #[test]
    fn replaces_and_removes() {
        let mut m = Metadata::new();
        for (key, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
            m.insert(key, value).unwrap();
        }
        m.set("a", "4").unwrap();
        assert_eq!(m.iter().collect::<Vec<_>>(), [("b", "2"), ("a", "4")]);
        assert!(m.set("a", "\n").is_err());
        m.remove("a");
        assert_eq!(m.iter().collect::<Vec<_>>(), [("b", "2")]);
    }

    #[test]
    fn refuses_what_is_not_metadata() {
        let mut m = Metadata::new();
        assert_eq!(m.insert("Upper", "x"), Err(KeyError::Key("Upper".into())));
        assert_eq!(m.insert("", "x"), Err(KeyError::Key(String::new())));
        assert_eq!(m.insert("a", "\n"), Err(KeyError::Value("a".into())));
        assert_eq!(
            m.insert("ostler-x", "1"),
            Err(KeyError::Reserved("ostler-x".into()))
        );
        assert!(m.is_empty());
    }
}
