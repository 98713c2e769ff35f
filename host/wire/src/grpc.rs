//! gRPC's framing (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"):
//! a flag, a length, a message.

use bytes::{BufMut, Bytes};

use crate::input::{Input, Partial};
use crate::{FramingError, array};

/// A flag and the length, four bytes, most significant first.
const PREFIX: usize = 5;

/// Cuts a body into its messages.
#[derive(Debug)]
pub struct Splitter {
    input: Input,
    state: State,
    message: Partial,
    failed: Option<FramingError>,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The prefix, of which this many bytes are there.
    Prefix([u8; PREFIX], usize),
    /// This many bytes of a message.
    Message(usize),
}

impl State {
    const START: Self = Self::Prefix([0; PREFIX], 0);
}

impl Splitter {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            input: Input::default(),
            state: State::START,
            message: Partial::new(max_message),
            failed: None,
        }
    }

    /// Adds the next bytes of the body.
    pub fn push(&mut self, chunk: Bytes) {
        self.input.push(chunk);
    }

    /// The next whole message; `None` when it needs more bytes.
    ///
    /// # Errors
    /// [`FramingError::TooLarge`] as soon as a prefix says so, and
    /// [`FramingError::Malformed`] for a message that is compressed, since no
    /// compression is agreed on; from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(Self::next_message)
    }

    /// What is left after the last push, message by message; `None` when
    /// nothing is.
    ///
    /// # Errors
    /// As [`Splitter::next`], and [`FramingError::Malformed`] when the body
    /// ends inside a message.
    pub fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(|this| match (this.next_message()?, this.state) {
            (None, State::Prefix(_, 0)) => Ok(None),
            (None, _) => Err(FramingError::Malformed(
                "the body ended inside a message".to_owned(),
            )),
            (message, _) => Ok(message),
        })
    }

    fn guarded(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<Option<Bytes>, FramingError>,
    ) -> Result<Option<Bytes>, FramingError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        step(self).inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn next_message(&mut self) -> Result<Option<Bytes>, FramingError> {
        loop {
            match self.state {
                State::Prefix(prefix, PREFIX) => self.state = State::Message(self.length(prefix)?),
                State::Prefix(mut prefix, filled) => {
                    let Some(chunk) = self.input.front() else {
                        return Ok(None);
                    };
                    let len = chunk.len().min(PREFIX - filled);
                    prefix[filled..filled + len].copy_from_slice(&chunk[..len]);
                    self.input.skip(len);
                    self.state = State::Prefix(prefix, filled + len);
                }
                State::Message(left) => {
                    let there = self.input.front().map_or(0, <[u8]>::len);
                    if there >= left {
                        self.state = State::START;
                        let last = self.input.take(left);
                        return self.message.complete(last, 0).map(Some);
                    }
                    if there == 0 {
                        return Ok(None);
                    }
                    let part = self.input.take(there);
                    self.message.extend(&part, 0)?;
                    self.state = State::Message(left - there);
                }
            }
        }
    }

    fn length(&self, prefix: [u8; PREFIX]) -> Result<usize, FramingError> {
        let [flag, length @ ..] = prefix;
        let malformed = |what: String| Err(FramingError::Malformed(what));
        match flag {
            0 => {}
            1 => return malformed("a message is compressed, but grpc-encoding is not set".into()),
            _ => return malformed(format!("a message has the flag {flag}; there are 0 and 1")),
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        self.message.check(length, 0).map(|()| length)
    }
}

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

/// Appends `message` with its prefix.
///
/// # Errors
/// [`FramingError::TooLarge`] for one whose length four bytes cannot say.
pub fn join(out: &mut impl BufMut, message: &[u8]) -> Result<(), FramingError> {
    let length = u32::try_from(message.len()).map_err(|_| FramingError::TooLarge {
        limit: usize::try_from(u32::MAX).unwrap_or(usize::MAX),
    })?;
    out.put_u8(0);
    out.put_u32(length);
    out.put_slice(message);
    Ok(())
}

/// `google.rpc.Status` in protobuf: number and text of a status, and the type
/// names and values of its details (`grpc-status-details-bin`).
pub fn status<'a>(
    code: u32,
    message: &str,
    details: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let mut out = Vec::new();
    out.push(1 << 3);
    put_varint(&mut out, code as usize);
    put_field(&mut out, 2, message.as_bytes());
    for (name, value) in details {
        let mut any = Vec::new();
        put_field(
            &mut any,
            1,
            format!("type.googleapis.com/{name}").as_bytes(),
        );
        put_field(&mut any, 2, value);
        put_field(&mut out, 3, &any);
    }
    out
}

/// A field of bytes; empty ones are absent.
fn put_field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push(number << 3 | 2);
        put_varint(out, bytes.len());
        out.extend_from_slice(bytes);
    }
}

fn put_varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{cut, drain, texts};

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
    fn bytes_of_a_message() {
        assert_eq!(
            body(&["{\"name\": \"Buf\"}"]),
            b"\0\0\0\0\x0f{\"name\": \"Buf\"}"
        );
        assert_eq!(body(&[""]), b"\0\0\0\0\0");
    }

    #[test]
    fn a_status_in_protobuf() {
        assert_eq!(status(5, "x", []), b"\x08\x05\x12\x01x");
        let long = "m".repeat(200);
        let with = status(13, &long, [("a.B", &b"v"[..])]);
        assert_eq!(with[..5], [0x08, 13, 0x12, 0xc8, 0x01]);
        let any = b"\x0a\x17type.googleapis.com/a.B\x12\x01v";
        assert_eq!(&with[5 + 200..][..2], [0x1a, any.len() as u8]);
        assert_eq!(&with[5 + 200 + 2..], any);
    }

    #[test]
    fn what_cannot_be_read() {
        let rows: [(&[u8], &str); 6] = [
            (
                b"\x01\0\0\0\x01x",
                "a message is compressed, but grpc-encoding is not set",
            ),
            (
                b"\x80\0\0\0\0",
                "a message has the flag 128; there are 0 and 1",
            ),
            (b"\0\0\0\0", "the body ended inside a message"),
            (b"\0\0\0\0\x02x", "the body ended inside a message"),
            (
                b"\0\0\0\0\x05",
                "a message has more than the 4 bytes allowed",
            ),
            (
                b"\0\xff\xff\xff\xff",
                "a message has more than the 4 bytes allowed",
            ),
        ];
        for (body, why) in rows {
            let mut splitter = Splitter::new(4);
            let found = drain!(splitter, [Bytes::from_static(body)]);
            assert_eq!(found.unwrap_err().to_string(), why, "{body:?}");
            assert_eq!(splitter.next().unwrap_err().to_string(), why, "{body:?}");
        }
    }

    #[test]
    fn a_message_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from(body(&["first", "second"]));
        let mut splitter = Splitter::new(100);
        splitter.push(chunk.clone());
        for at in [PREFIX, 5 + 2 * PREFIX] {
            let message = splitter.next().unwrap().unwrap();
            assert_eq!(message.as_ptr(), chunk[at..].as_ptr());
        }
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
        fn cuts_do_not_matter(
            messages in prop::collection::vec("[ -~é☺]*", 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            let body = body(&messages);
            let mut splitter = Splitter::new(body.len());
            let found = texts(drain!(splitter, cut(&body, &cuts))).unwrap();
            prop_assert_eq!(found, messages);
        }

        #[test]
        fn cuts_do_not_change_the_verdict(
            body in prop::collection::vec(prop::sample::select(b"\0\0\0\0\x01\x02[]{},1 ".to_vec()), 0..80),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 0..8usize,
        ) {
            let (mut whole, mut pieces) = (Splitter::new(max), Splitter::new(max));
            let one = drain!(whole, [Bytes::from(body.clone())]);
            prop_assert_eq!(&one, &drain!(pieces, cut(&body, &cuts)));
            if let Ok(messages) = one {
                prop_assert!(messages.iter().all(|m| m.len() <= max));
            }
            let (mut whole, mut pieces) = (Items::new(max), Items::new(max));
            let one = drain!(whole, [Bytes::from(body.clone())]);
            prop_assert_eq!(one, drain!(pieces, cut(&body, &cuts)));
        }
    }
}
