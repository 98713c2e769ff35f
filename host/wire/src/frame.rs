//! Frames: a flag, a length, data. gRPC, gRPC-Web and Connect's streams have
//! them in common (grpc/grpc, doc/PROTOCOL-HTTP2.md,
//! "Length-Prefixed-Message"); what the flags say is each protocol's own.

use bytes::{BufMut, Bytes};

use crate::FramingError;
use crate::compression::{gunzip, slack};
use crate::input::{Input, Partial};

/// Bytes before the data: the flag, and the length, most significant first.
pub const PREFIX: usize = 5;
/// The flag of data that is compressed.
pub const COMPRESSED: u8 = 1;

/// Cuts a body into its messages: frames without a flag but [`COMPRESSED`].
#[derive(Debug)]
pub(crate) struct Messages {
    input: Input,
    state: State,
    data: Partial,
    limit: usize,
    /// Whether compression is agreed on.
    gzip: bool,
    /// The header that agrees on it.
    header: &'static str,
    end: Ending,
    failed: Option<FramingError>,
}

/// Whether a frame of its own ends the body.
#[derive(Debug)]
enum Ending {
    /// None does: the body just ends.
    Plain,
    /// The one with this flag will.
    Flag(u8),
    /// It did, and this is its data.
    Seen(Bytes),
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The prefix, of which this many bytes are there.
    Prefix([u8; PREFIX], usize),
    /// So many bytes of a message with that flag.
    Data(u8, usize),
}

impl State {
    const START: Self = Self::Prefix([0; PREFIX], 0);
}

impl Messages {
    /// For messages of at most `limit` bytes, before compression.
    pub(crate) fn new(limit: usize, header: &'static str) -> Self {
        Self {
            input: Input::default(),
            state: State::START,
            data: Partial::new(limit),
            limit,
            gzip: false,
            header,
            end: Ending::Plain,
            failed: None,
        }
    }

    /// The same where a frame with this flag is the last one, and no message.
    pub(crate) fn ending(self, flag: u8) -> Self {
        Self {
            end: Ending::Flag(flag),
            ..self
        }
    }

    /// The data of the frame that ended the body.
    pub(crate) fn end(&self) -> Option<&Bytes> {
        match &self.end {
            Ending::Seen(data) => Some(data),
            Ending::Plain | Ending::Flag(_) => None,
        }
    }

    /// The same where messages may be compressed.
    pub(crate) fn gzip(self) -> Self {
        Self { gzip: true, ..self }
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.input.push(chunk);
    }

    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(Self::next_message)
    }

    pub(crate) fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(|this| match (this.next_message()?, this.state) {
            (None, State::Prefix(_, 0)) => Ok(None),
            (None, _) => Err(FramingError::Truncated),
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
                State::Prefix(prefix, PREFIX) => self.state = self.begin(prefix)?,
                State::Prefix(mut prefix, filled) => {
                    let Some(chunk) = self.input.front() else {
                        return Ok(None);
                    };
                    let len = chunk.len().min(PREFIX - filled);
                    prefix[filled..filled + len].copy_from_slice(&chunk[..len]);
                    self.input.skip(len);
                    self.state = State::Prefix(prefix, filled + len);
                }
                State::Data(flag, left) => {
                    let there = self.input.front().map_or(0, <[u8]>::len);
                    if there >= left {
                        self.state = State::START;
                        let last = self.input.take(left);
                        let data = self.complete(flag & COMPRESSED, last)?;
                        if flag & !COMPRESSED == 0 {
                            return Ok(Some(data));
                        }
                        self.end = Ending::Seen(data);
                        continue;
                    }
                    if there == 0 {
                        return Ok(None);
                    }
                    let part = self.input.take(there);
                    self.data.extend(&part, self.slack(flag & COMPRESSED))?;
                    self.state = State::Data(flag, left - there);
                }
            }
        }
    }

    fn begin(&self, prefix: [u8; PREFIX]) -> Result<State, FramingError> {
        let [flag, length @ ..] = prefix;
        if self.end().is_some() {
            let text = "there is something after the last frame";
            return Err(FramingError::Malformed(text.to_owned()));
        }
        let own = match self.end {
            Ending::Flag(end) => flag & !end,
            Ending::Plain | Ending::Seen(_) => flag,
        };
        match own {
            0 => {}
            COMPRESSED if self.gzip => {}
            COMPRESSED => {
                return Err(FramingError::Malformed(format!(
                    "a message is compressed, but {} is not set",
                    self.header
                )));
            }
            _ => {
                return Err(FramingError::Malformed(format!(
                    "a message has the flag {flag}; there are 0 and 1"
                )));
            }
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        self.data.check(length, self.slack(own))?;
        Ok(State::Data(flag, length))
    }

    fn complete(&mut self, flag: u8, last: Bytes) -> Result<Bytes, FramingError> {
        let data = self.data.complete(last, self.slack(flag))?;
        // Nothing is nothing, compressed or not: peers do not run it through gzip.
        if flag == COMPRESSED && !data.is_empty() {
            return gunzip(&data, self.limit);
        }
        Ok(data)
    }

    fn slack(&self, flag: u8) -> usize {
        if flag == COMPRESSED {
            slack(self.limit)
        } else {
            0
        }
    }
}

/// What comes before `data` with that flag.
///
/// # Errors
/// [`FramingError::TooLarge`] for a length that four bytes cannot say.
pub fn prefix(flag: u8, data: &[u8]) -> Result<[u8; PREFIX], FramingError> {
    let length = u32::try_from(data.len()).map_err(|_| FramingError::TooLarge {
        limit: usize::try_from(u32::MAX).unwrap_or(usize::MAX),
    })?;
    let [a, b, c, d] = length.to_be_bytes();
    Ok([flag, a, b, c, d])
}

/// Appends `data` with that flag as a frame.
///
/// # Errors
/// As [`prefix`].
pub fn join(out: &mut impl BufMut, flag: u8, data: &[u8]) -> Result<(), FramingError> {
    out.put_slice(&prefix(flag, data)?);
    out.put_slice(data);
    Ok(())
}

/// The methods of a splitter of messages, by handing them on.
macro_rules! splitter_of_messages {
    ($splitter:ty) => {
        impl $splitter {
            /// The same where messages may be compressed with gzip.
            #[must_use]
            pub fn gzip(self) -> Self {
                Self(self.0.gzip())
            }

            /// Adds the next bytes of the body.
            pub fn push(&mut self, chunk: bytes::Bytes) {
                self.0.push(chunk);
            }

            /// The next whole message, as it was before compression; `None`
            /// when it needs more bytes.
            ///
            /// # Errors
            /// [`FramingError::TooLarge`](crate::FramingError::TooLarge) as
            /// soon as a prefix says so, `Malformed` for flags that are not
            /// agreed on, `Compression` for what is not gzip; from then on.
            #[expect(
                clippy::should_implement_trait,
                reason = "`None` means `not yet`, which an iterator cannot say"
            )]
            pub fn next(&mut self) -> Result<Option<bytes::Bytes>, crate::FramingError> {
                self.0.next()
            }

            /// What is left after the last push, message by message; `None`
            /// when nothing is.
            ///
            /// # Errors
            /// As `next`, and `Truncated` when the body ends inside a message.
            pub fn finish(&mut self) -> Result<Option<bytes::Bytes>, crate::FramingError> {
                self.0.finish()
            }
        }
    };
}
pub(crate) use splitter_of_messages;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{cut, drain, texts};
    use crate::compression::gzip;

    fn frames(frames: &[(u8, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (flag, data) in frames {
            join(&mut out, *flag, data).unwrap();
        }
        out
    }

    #[test]
    fn bytes_of_a_frame() {
        assert_eq!(
            frames(&[(0, b"{\"name\": \"Buf\"}")]),
            b"\0\0\0\0\x0f{\"name\": \"Buf\"}"
        );
        assert_eq!(frames(&[(2, b"{}")]), b"\x02\0\0\0\x02{}");
        assert_eq!(frames(&[(0, b"")]), b"\0\0\0\0\0");
    }

    #[test]
    fn what_cannot_be_read() {
        let many = "a message has more than the 4 bytes allowed";
        let rows: [(&[u8], &str); 8] = [
            (
                b"\x01\0\0\0\x01a",
                "a message is compressed, but some-encoding is not set",
            ),
            (
                b"\x02\0\0\0\x01a",
                "a message has the flag 2; there are 0 and 1",
            ),
            (
                b"\x80\0\0\0\x01a",
                "a message has the flag 128; there are 0 and 1",
            ),
            (b"\0\0\0", "the body ended inside a message"),
            (b"\0\0\0\0\x02a", "the body ended inside a message"),
            (b"\0\0\0\0\x01a\0", "the body ended inside a message"),
            (b"\0\0\0\0\x05", many),
            (b"\0\xff\xff\xff\xff", many),
        ];
        for (body, why) in rows {
            let mut splitter = Messages::new(4, "some-encoding");
            let found = drain!(splitter, [Bytes::from_static(body)]);
            assert_eq!(found.unwrap_err().to_string(), why, "{body:?}");
            assert_eq!(splitter.next().unwrap_err().to_string(), why, "{body:?}");
        }
    }

    #[test]
    fn compressed_messages() {
        let packed = gzip(&[b'a'; 1000]);
        type Row<'a> = (&'a [(u8, &'a [u8])], Result<&'a str, &'a str>);
        let rows: [Row<'_>; 6] = [
            (&[(1, &gzip(b"a")), (0, b"b")], Ok("a b")),
            (&[(1, b""), (0, b"")], Ok(" ")),
            // Longer than the limit only because it is compressed.
            (&[(1, &gzip(b"abcd"))], Ok("abcd")),
            (
                &[(1, &packed)],
                Err("a message has more than the 4 bytes allowed"),
            ),
            (
                &[(1, &[0; 100])],
                Err("a message has more than the 4 bytes allowed"),
            ),
            (&[(1, b"abc")], Err("a compressed message is not gzip: ")),
        ];
        for (body, expected) in rows {
            let mut splitter = Messages::new(4, "").gzip();
            let found = texts(drain!(splitter, [Bytes::from(frames(body))]));
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.join(" "), expected),
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().starts_with(expected), "{error}");
                }
                (found, _) => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_message_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from(frames(&[(0, b"first"), (0, b"second")]));
        let mut splitter = Messages::new(100, "");
        splitter.push(chunk.clone());
        for at in [PREFIX, 5 + 2 * PREFIX] {
            let message = splitter.next().unwrap().unwrap();
            assert_eq!(message.as_ptr(), chunk[at..].as_ptr());
        }
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(
            messages in prop::collection::vec((any::<bool>(), "[ -~é☺]*"), 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut body = Vec::new();
            for (packed, text) in &messages {
                let bytes = if *packed { gzip(text.as_bytes()) } else { text.clone().into_bytes() };
                join(&mut body, u8::from(*packed), &bytes).unwrap();
            }
            let longest = messages.iter().map(|(_, text)| text.len()).max().unwrap_or(0);
            let mut splitter = Messages::new(longest, "").gzip();
            let found = texts(drain!(splitter, cut(&body, &cuts))).unwrap();
            let messages: Vec<_> = messages.into_iter().map(|(_, text)| text).collect();
            prop_assert_eq!(found, messages);
        }

        #[test]
        fn cuts_do_not_change_the_verdict(
            body in prop::collection::vec(prop::sample::select(b"\0\0\0\0\x01\x02[]{},1 ".to_vec()), 0..80),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 0..8usize,
            packed in any::<bool>(),
        ) {
            let splitter = || {
                let plain = Messages::new(max, "");
                if packed { plain.gzip() } else { plain }
            };
            let (mut whole, mut pieces) = (splitter(), splitter());
            let one = drain!(whole, [Bytes::from(body.clone())]);
            prop_assert_eq!(&one, &drain!(pieces, cut(&body, &cuts)));
            if let Ok(messages) = one {
                prop_assert!(messages.iter().all(|m| m.len() <= max));
            }
        }
    }
}
