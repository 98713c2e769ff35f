//! Newline-delimited JSON: one message a line, blank lines skipped, the last
//! line with or without its line feed.

use bytes::{BufMut, Bytes};
use memchr::{memchr, memchr2_iter};

use crate::FramingError;
use crate::input::{Input, Partial};

/// A carriage return before the line feed does not count as message.
const CARRIAGE_RETURN: usize = 1;

/// Cuts a body into its lines.
#[derive(Debug)]
pub struct Splitter {
    input: Input,
    /// Everything in here has been searched for a line feed already.
    line: Partial,
    failed: Option<FramingError>,
}

impl Splitter {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            input: Input::default(),
            line: Partial::new(max_message),
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
    /// [`FramingError::TooLarge`] for a line over the limit, from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(Self::next_line)
    }

    /// What is left after the last push, message by message; `None` when
    /// nothing is.
    ///
    /// # Errors
    /// As [`Splitter::next`].
    pub fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(|this| match this.next_line()? {
            None => this.whole_line(Bytes::new()),
            line => Ok(line),
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

    fn next_line(&mut self) -> Result<Option<Bytes>, FramingError> {
        while let Some(chunk) = self.input.front() {
            let Some(end) = memchr(b'\n', chunk) else {
                self.line.extend(chunk, CARRIAGE_RETURN)?;
                self.input.skip(chunk.len());
                continue;
            };
            let last = self.input.take(end);
            self.input.skip(1);
            if let Some(line) = self.whole_line(last)? {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// The line that `last` completes; `None` when it is blank.
    fn whole_line(&mut self, last: Bytes) -> Result<Option<Bytes>, FramingError> {
        let mut line = self.line.complete(last, CARRIAGE_RETURN)?;
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        self.line.check(line.len(), 0)?;
        let blank = line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'));
        Ok(if blank { None } else { Some(line) })
    }
}

/// Appends `message` as one line. Line breaks between its JSON tokens become
/// spaces; inside JSON strings there are none.
pub fn join(out: &mut impl BufMut, message: &[u8]) {
    let mut copied = 0;
    for at in memchr2_iter(b'\n', b'\r', message) {
        out.put_slice(&message[copied..at]);
        out.put_u8(b' ');
        copied = at + 1;
    }
    out.put_slice(&message[copied..]);
    out.put_u8(b'\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{cut, drain, texts};

    fn lines(max: usize, chunks: &[&[u8]]) -> Result<Vec<String>, FramingError> {
        let mut splitter = Splitter::new(max);
        let chunks = chunks.iter().map(|c| Bytes::copy_from_slice(c));
        texts(drain!(splitter, chunks))
    }

    #[test]
    fn table() {
        type Row = (&'static [&'static [u8]], &'static [&'static str]);
        let rows: &[Row] = &[
            (&[], &[]),
            (&[b""], &[]),
            (&[b"\n"], &[]),
            (&[b"1\n2\n"], &["1", "2"]),
            (&[b"1\n2"], &["1", "2"]),
            (&[b"1\r\n2\r\n"], &["1", "2"]),
            (&[b"1\r", b"\n2\r"], &["1", "2"]),
            (&[b"\n\n1\n \t\n\r\n2\n\n"], &["1", "2"]),
            (&[b"{\"a\"", b":1}", b"\n{}"], &["{\"a\":1}", "{}"]),
            (&[b"", b"1", b"", b"\n", b""], &["1"]),
            (&[b" 1 \n"], &[" 1 "]),
        ];
        for (chunks, expected) in rows {
            assert_eq!(lines(100, chunks).unwrap(), *expected, "{chunks:?}");
        }
    }

    #[test]
    fn limit_counts_the_message_alone() {
        let too_large = Err(FramingError::TooLarge { limit: 3 });
        assert_eq!(lines(3, &[b"123\r\n456\n"]).unwrap(), ["123", "456"]);
        assert_eq!(lines(3, &[b"123\r", b"\n"]).unwrap(), ["123"]);
        assert_eq!(lines(3, &[b"123\r"]).unwrap(), ["123"]);
        assert_eq!(lines(3, &[b"1234\n"]), too_large);
        assert_eq!(lines(3, &[b"1234"]), too_large);
        assert_eq!(lines(3, &[b"12", b"34", b"56\n"]), too_large);
        assert_eq!(lines(3, &[b"12", b"34\n"]), too_large);
    }

    #[test]
    fn messages_before_an_error_come_out_and_the_error_stays() {
        let mut splitter = Splitter::new(2);
        splitter.push(Bytes::from_static(b"1\n234\n5\n"));
        assert_eq!(splitter.next().unwrap().unwrap(), "1");
        assert!(splitter.next().unwrap_err().is_too_large());
        assert!(splitter.next().unwrap_err().is_too_large());
        assert!(splitter.finish().unwrap_err().is_too_large());
    }

    #[test]
    fn a_line_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from_static(b"first\nsecond\n");
        let mut splitter = Splitter::new(100);
        splitter.push(chunk.clone());
        let line = splitter.next().unwrap().unwrap();
        assert_eq!(line.as_ptr(), chunk.as_ptr());
        let line = splitter.next().unwrap().unwrap();
        assert_eq!(line.as_ptr(), chunk[6..].as_ptr());
    }

    #[test]
    fn join_keeps_a_message_on_one_line() {
        let mut out = Vec::new();
        join(&mut out, b"{\r\n\"a\": 1\n}");
        join(&mut out, b"2");
        assert_eq!(out, b"{  \"a\": 1 }\n2\n");
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(
            messages in prop::collection::vec("[ -~é☺]*[!-~][ -~]*", 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut body = Vec::new();
            messages.iter().for_each(|m| join(&mut body, m.as_bytes()));
            let mut splitter = Splitter::new(body.len());
            let found = texts(drain!(splitter, cut(&body, &cuts))).unwrap();
            prop_assert_eq!(found, messages);
        }

        #[test]
        fn never_over_the_limit_and_cuts_do_not_change_the_verdict(
            body in prop::collection::vec(prop::sample::select(b"ab \r\n".to_vec()), 0..60),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 0..8usize,
        ) {
            let mut whole = Splitter::new(max);
            let mut pieces = Splitter::new(max);
            let a = drain!(whole, [Bytes::from(body.clone())]);
            let b = drain!(pieces, cut(&body, &cuts));
            if let Ok(messages) = &a {
                prop_assert!(messages.iter().all(|m| m.len() <= max));
            }
            prop_assert_eq!(a, b);
        }
    }
}
