//! Items of MicroAPI's request streams.

use bytes::Bytes;

use super::Splitter;
use crate::{FramingError, array};

/// The items of a request stream as MicroAPI's clients send them, or others: a
/// message is one item, or a JSON array of items; `{}` alone is none.
///
/// So an item that is an array itself must come in an array. A first message
/// `{}` is held until the next one, or the end, tells what it means.
#[derive(Debug)]
pub struct Items {
    messages: Splitter,
    limit: usize,
    array: Option<array::Splitter>,
    /// A message that is one item.
    one: Option<Bytes>,
    first: First,
}

/// What is known of the first message.
#[derive(Debug)]
enum First {
    Missing,
    /// It is `{}`.
    Empty(Bytes),
    Given,
}

impl Items {
    /// A splitter for messages, arrays included, of at most `max_message`
    /// bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            messages: Splitter::new(max_message),
            limit: max_message,
            array: None,
            one: None,
            first: First::Missing,
        }
    }

    /// The same where messages may be compressed with gzip.
    #[must_use]
    pub fn gzip(self) -> Self {
        Self {
            messages: self.messages.gzip(),
            ..self
        }
    }

    /// Adds the next bytes of the body.
    pub fn push(&mut self, chunk: Bytes) {
        self.messages.push(chunk);
    }

    /// The next whole item; `None` when it needs more bytes.
    ///
    /// # Errors
    /// As [`Splitter::next`], and those of an [`array::Splitter`].
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.items(Splitter::next)
    }

    /// What is left after the last push, item by item; `None` when nothing is.
    ///
    /// # Errors
    /// As [`Items::next`] and [`Splitter::finish`].
    pub fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.items(Splitter::finish)
    }

    fn items(
        &mut self,
        step: fn(&mut Splitter) -> Result<Option<Bytes>, FramingError>,
    ) -> Result<Option<Bytes>, FramingError> {
        loop {
            if let Some(item) = self.one.take() {
                return Ok(Some(item));
            }
            if let Some(array) = &mut self.array {
                // All of the array is there.
                match array.finish()? {
                    Some(item) => return Ok(Some(item)),
                    None => self.array = None,
                }
            }
            let Some(message) = step(&mut self.messages)? else {
                return Ok(None);
            };
            match std::mem::replace(&mut self.first, First::Given) {
                First::Missing if is_empty_object(&message) => self.first = First::Empty(message),
                First::Empty(held) => {
                    self.begin(message);
                    return Ok(Some(held));
                }
                First::Missing | First::Given => self.begin(message),
            }
        }
    }

    /// Goes on with the items of `message`.
    fn begin(&mut self, message: Bytes) {
        if message.trim_ascii_start().starts_with(b"[") {
            let mut array = array::Splitter::new(self.limit);
            array.push(message);
            self.array = Some(array);
        } else {
            self.one = Some(message);
        }
    }
}

/// Whether a message is `{}`.
fn is_empty_object(message: &[u8]) -> bool {
    let inner = message
        .trim_ascii()
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{cut, drain, texts};
    use crate::grpc::join;

    /// A body of these messages.
    fn body(messages: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for message in messages {
            join(&mut out, message.as_bytes()).unwrap();
        }
        out
    }

    fn items(messages: &[&str]) -> Result<Vec<String>, FramingError> {
        let mut items = Items::new(100);
        texts(drain!(items, [Bytes::from(body(messages))]))
    }

    #[test]
    fn items_of_messages() {
        type Row = (&'static [&'static str], &'static [&'static str]);
        let rows: [Row; 9] = [
            (&[], &[]),
            (&["{}"], &[]),
            (&[" { } "], &[]),
            (&["[]"], &[]),
            (&["{}", "{}"], &["{}", "{}"]),
            (&["{}", "[1]"], &["{}", "1"]),
            (&["[{\"n\":1},{\"n\":2}]"], &["{\"n\":1}", "{\"n\":2}"]),
            (&["1", "[2, 3]", "4"], &["1", "2", "3", "4"]),
            (&["[[1,2],[3]]"], &["[1,2]", "[3]"]),
        ];
        for (messages, expected) in rows {
            assert_eq!(items(messages).unwrap(), expected, "{messages:?}");
        }
        for broken in ["[1", "[1]2", "[,]"] {
            assert!(items(&[broken]).is_err(), "{broken}");
        }
        // Not JSON, and told by whoever decodes it.
        assert_eq!(items(&["1,2"]).unwrap(), ["1,2"]);
    }

    #[test]
    fn an_item_is_given_as_soon_as_its_message_is_there() {
        let mut items = Items::new(100);
        items.push(Bytes::from(body(&["[1,2]", "3"])));
        items.push(Bytes::from_static(b"\0"));
        for expected in ["1", "2", "3"] {
            assert_eq!(items.next().unwrap().unwrap(), expected);
        }
        assert_eq!(items.next().unwrap(), None);
    }

    proptest! {
        #[test]
        fn cuts_do_not_change_the_verdict(
            body in prop::collection::vec(prop::sample::select(b"\0\0\0\0\x01\x02[]{},1 ".to_vec()), 0..80),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 0..8usize,
        ) {
            let (mut whole, mut pieces) = (Items::new(max), Items::new(max));
            let one = drain!(whole, [Bytes::from(body.clone())]);
            prop_assert_eq!(one, drain!(pieces, cut(&body, &cuts)));
        }
    }
}
