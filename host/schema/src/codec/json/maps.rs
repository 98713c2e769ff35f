//! Maps: objects where the keys have a text, else arrays of pairs.

use std::collections::HashMap;

use super::decode::Decoder;
use crate::codec::DecodeError;
use crate::codec::text::{excerpt, from_bare, has_key_text};
use crate::{TypeId, Value};

type Result<T> = std::result::Result<T, DecodeError>;

impl Decoder<'_> {
    #[inline(never)]
    pub(super) fn map(&mut self, ty: TypeId, key: TypeId, value: TypeId) -> Result<Value> {
        if !has_key_text(&self.plan[key]) {
            return self.pairs(ty, key, value);
        }
        self.open(b'{', ty)?;
        let mut entries: Vec<(Value, Value)> = Vec::new();
        // Duplicate keys: the last wins, in the first one's place.
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut first = true;
        while self.lexer.more(b'}', first)? {
            first = false;
            self.count(2)?;
            let text = self.lexer.key()?;
            let step = || format!("[{}]", excerpt(&text));
            let entry_key =
                from_bare(self.plan, key, &text).map_err(|error| error.within(&step()))?;
            let entry = self.value(value).map_err(|error| error.within(&step()))?;
            match places.get(&*text) {
                Some(&place) => entries[place].1 = entry,
                None => {
                    places.insert(text.into_owned(), entries.len());
                    entries.push((entry_key, entry));
                }
            }
        }
        Ok(Value::Map(entries))
    }

    /// A map as an array of `[key, value]`.
    #[inline(never)]
    fn pairs(&mut self, ty: TypeId, key: TypeId, value: TypeId) -> Result<Value> {
        self.open(b'[', ty)?;
        let mut entries = Vec::new();
        while self.lexer.more(b']', entries.is_empty())? {
            self.count(2)?;
            match self.pair(key, value) {
                Ok(entry) => entries.push(entry),
                Err(error) => return Err(error.at(entries.len())),
            }
        }
        Ok(Value::Map(entries))
    }

    fn pair(&mut self, key: TypeId, value: TypeId) -> Result<(Value, Value)> {
        let wanted = || DecodeError::new("expected a pair [key, value]");
        if self.lexer.peek() != Some(b'[') {
            self.lexer.kind()?;
            return Err(wanted());
        }
        self.lexer.enter()?;
        if !self.lexer.more(b']', true)? {
            return Err(wanted());
        }
        let key = self.value(key).map_err(|error| error.at(0))?;
        if !self.lexer.more(b']', false)? {
            return Err(wanted());
        }
        let value = self.value(value).map_err(|error| error.at(1))?;
        if self.lexer.more(b']', false)? {
            return Err(wanted());
        }
        Ok((key, value))
    }
}
