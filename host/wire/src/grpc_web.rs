//! What gRPC-Web adds to gRPC's messages (grpc/grpc, doc/PROTOCOL-WEB.md):
//! trailers as the last frame of the body, and all of it as base64.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{self, GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, Bytes};
use memchr::memchr;

use crate::{FramingError, frame, grpc};

/// The flag of the last frame.
const TRAILERS: u8 = 0x80;
/// Digits of base64 that are read together.
const GROUP: usize = 4;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Appends the frame of these trailers: names in lower case, a line each.
///
/// # Errors
/// [`FramingError::TooLarge`] for more than four bytes can count.
pub fn trailers<'a>(
    out: &mut impl BufMut,
    fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), FramingError> {
    let mut lines = Vec::new();
    for (name, value) in fields {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    frame::join(out, TRAILERS, &lines)
}

/// Some bytes of a body in the text format: padded, so that the next ones can
/// follow.
pub fn encode(bytes: &[u8]) -> Bytes {
    general_purpose::STANDARD.encode(bytes).into()
}

/// Cuts a body in the text format into its messages. Padding may be anywhere,
/// since each piece of a body is encoded by itself.
#[derive(Debug)]
pub struct TextSplitter {
    messages: grpc::Splitter,
    /// The beginning of a group.
    held: Vec<u8>,
    /// What is wrong after the messages that are there.
    broken: Option<FramingError>,
}

impl TextSplitter {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            messages: grpc::Splitter::new(max_message),
            held: Vec::new(),
            broken: None,
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
        if self.broken.is_some() {
            return;
        }
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(&chunk);
        self.held = text.split_off(text.len() / GROUP * GROUP);
        self.decode(&text);
    }

    /// The next whole message; `None` when it needs more bytes.
    ///
    /// # Errors
    /// As those of a [`grpc::Splitter`], and [`FramingError::Malformed`] for
    /// what is not base64; from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        match (self.messages.next()?, &self.broken) {
            (None, Some(error)) => Err(error.clone()),
            (message, _) => Ok(message),
        }
    }

    /// What is left after the last push, message by message; `None` when
    /// nothing is.
    ///
    /// # Errors
    /// As [`TextSplitter::next`], and [`FramingError::Truncated`] when the body
    /// ends inside a message.
    pub fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        if self.broken.is_none() {
            // The last padding may be missing.
            let last = std::mem::take(&mut self.held);
            self.decode(&last);
        }
        match self.next()? {
            None => self.messages.finish(),
            message => Ok(message),
        }
    }

    /// Hands on the bytes of `text` up to what is not base64.
    fn decode(&mut self, text: &[u8]) {
        let mut bytes = Vec::with_capacity(text.len() / GROUP * 3);
        let mut rest = text;
        while !rest.is_empty() && self.broken.is_none() {
            // Padding ends a piece, not the body.
            let run = match memchr(b'=', rest) {
                Some(at) => (at / GROUP + 1) * GROUP,
                None => rest.len(),
            };
            let (run, after) = rest.split_at(run.min(rest.len()));
            rest = after;
            self.decode_run(run, &mut bytes);
        }
        self.messages.push(bytes.into());
    }

    fn decode_run(&mut self, run: &[u8], bytes: &mut Vec<u8>) {
        let start = bytes.len();
        if BASE64.decode_vec(run, bytes).is_ok() {
            return;
        }
        bytes.truncate(start);
        for group in run.chunks(GROUP) {
            if BASE64.decode_vec(group, bytes).is_err() {
                let shown = group.escape_ascii();
                let error = format!("the body is not base64 at \"{shown}\"");
                self.broken = Some(FramingError::Malformed(error));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{cut, drain, texts};

    fn body(messages: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        for message in messages {
            grpc::join(&mut out, message.as_bytes()).unwrap();
        }
        out
    }

    #[test]
    fn a_trailer_frame() {
        let mut out = Vec::new();
        let fields = [("grpc-status", &b"5"[..]), ("grpc-message", b"x")];
        trailers(&mut out, fields).unwrap();
        assert_eq!(out, b"\x80\0\0\0\x21grpc-status: 5\r\ngrpc-message: x\r\n");
        let text = "gAAAACFncnBjLXN0YXR1czogNQ0KZ3JwYy1tZXNzYWdlOiB4DQo=";
        assert_eq!(encode(&out), text);
    }

    #[test]
    fn text() {
        let rows: [(&str, Result<&[&str], &str>); 10] = [
            ("", Ok(&[])),
            ("AAAAAAFh", Ok(&["a"])),
            ("AAAAAAJhYg==", Ok(&["ab"])),
            ("AAAAAAJhYg", Ok(&["ab"])),
            // Padded in the middle: of a prefix, and between messages.
            ("AA==AAAAAmFi", Ok(&["ab"])),
            ("AAAAAAJhYg==AAAAAAFj", Ok(&["ab", "c"])),
            ("AAAAAAFhA", Err("the body is not base64 at \"A\"")),
            ("AAAA\nAFh", Err("the body is not base64 at \"\\nAFh\"")),
            ("=AAA", Err("the body is not base64 at \"=AAA\"")),
            ("AAAAAAJh", Err("the body ended inside a message")),
        ];
        for (body, expected) in rows {
            let mut splitter = TextSplitter::new(100);
            let found = texts(drain!(splitter, [Bytes::from_static(body.as_bytes())]));
            match expected {
                Ok(messages) => assert_eq!(found.unwrap(), messages, "{body}"),
                Err(why) => assert_eq!(found.unwrap_err().to_string(), why, "{body}"),
            }
        }
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(
            messages in prop::collection::vec("[ -~é☺]*", 0..20),
            pieces in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let text: Vec<Bytes> = cut(&body(&messages), &pieces).iter().map(|p| encode(p)).collect();
            let mut splitter = TextSplitter::new(1000);
            let found = texts(drain!(splitter, cut(&text.concat(), &cuts))).unwrap();
            prop_assert_eq!(found, messages);
        }

        #[test]
        fn cuts_do_not_change_the_verdict(
            body in prop::collection::vec(prop::sample::select(b"AAAAAABBC=Fh\n".to_vec()), 0..80),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 0..8usize,
        ) {
            let (mut whole, mut pieces) = (TextSplitter::new(max), TextSplitter::new(max));
            let one = drain!(whole, [Bytes::from(body.clone())]);
            prop_assert_eq!(one, drain!(pieces, cut(&body, &cuts)));
        }
    }
}
