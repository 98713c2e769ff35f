//! A body that is one JSON array: its elements are the messages.
//!
//! The array is cut at its top level without building a tree. Elements are
//! not validated here: one whose brackets do not match, say, comes out as it
//! stands and is refused by whoever decodes it. What lies between the
//! elements is checked, so that the body is a JSON array exactly if every
//! element decodes.

use bytes::Bytes;
use memchr::memchr2;

use crate::FramingError;
use crate::input::{Input, Partial};

/// Cuts an array into its elements, each given out as soon as it is complete.
/// `{}` and an empty body are zero messages.
#[derive(Debug)]
pub struct Splitter {
    input: Input,
    element: Partial,
    state: State,
    /// Bytes of the body before the oldest chunk, for error messages.
    offset: usize,
    failed: Option<FramingError>,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum State {
    /// `[`, or `{` of an empty object, or nothing.
    Start,
    /// `}` of an empty object.
    ObjectEnd,
    /// The first element or `]`.
    FirstElement,
    /// An element.
    NextElement,
    /// The rest of an element.
    Inside(Inside),
    /// `,` or `]`.
    Separator,
    /// White space.
    End,
}

/// Where in an element.
#[derive(Clone, Copy, Debug)]
enum Inside {
    /// A number, a literal, or what pretends to be one.
    Scalar,
    /// An object or array with this many brackets open.
    Nested(usize),
    /// A string with this many brackets open around it.
    Text(usize),
    /// The character after a backslash in such a string.
    Escape(usize),
}

/// How far an element goes in a chunk.
enum Extent {
    /// It ends before this byte.
    Ends(usize),
    /// It goes on after the chunk.
    Open(Inside),
}

impl Splitter {
    /// A splitter for messages of at most `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            input: Input::default(),
            element: Partial::new(max_message),
            state: State::Start,
            offset: 0,
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
    /// [`FramingError`] when an element is over the limit or the body is not
    /// an array, from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(Self::next_element)
    }

    /// What is left after the last push, message by message; `None` when
    /// nothing is.
    ///
    /// # Errors
    /// As [`Splitter::next`], and [`FramingError::Malformed`] when the array
    /// is not closed.
    pub fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        self.guarded(|this| match (this.next_element()?, this.state) {
            (None, State::Start | State::End) => Ok(None),
            (None, _) => Err(FramingError::Malformed(
                "the body ended before its JSON array was closed".to_owned(),
            )),
            (element, _) => Ok(element),
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

    fn next_element(&mut self) -> Result<Option<Bytes>, FramingError> {
        while let Some(chunk) = self.input.front() {
            if let State::Inside(inside) = self.state {
                if let Some(element) = self.continue_element(inside)? {
                    return Ok(Some(element));
                }
                continue;
            }
            match chunk.iter().position(|b| !is_space(*b)) {
                None => self.skip(chunk.len()),
                Some(at) => {
                    let byte = chunk[at];
                    self.skip(at);
                    self.between(byte)?;
                }
            }
        }
        Ok(None)
    }

    /// Takes the first byte of the input, `byte`, which is outside elements
    /// or starts one.
    fn between(&mut self, byte: u8) -> Result<(), FramingError> {
        self.state = match (self.state, byte) {
            (State::Start, b'[') => State::FirstElement,
            (State::Start, b'{') => State::ObjectEnd,
            (State::FirstElement | State::Separator, b']') | (State::ObjectEnd, b'}') => State::End,
            (State::Separator, b',') => State::NextElement,
            (State::FirstElement | State::NextElement, _) => return self.start_element(byte),
            (state, _) => return Err(self.unexpected(state.expected(), byte)),
        };
        self.skip(1);
        Ok(())
    }

    /// Decides by its first byte, which stays in the input, what an element is.
    fn start_element(&mut self, byte: u8) -> Result<(), FramingError> {
        let inside = match byte {
            b'{' | b'[' | b'"' => Inside::Nested(0),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Inside::Scalar,
            _ => return Err(self.unexpected("a JSON value", byte)),
        };
        self.state = State::Inside(inside);
        Ok(())
    }

    /// The element that the oldest chunk goes on with, if it ends there.
    fn continue_element(&mut self, inside: Inside) -> Result<Option<Bytes>, FramingError> {
        let Some(chunk) = self.input.front() else {
            return Ok(None);
        };
        match inside.extent(chunk) {
            Extent::Open(inside) => {
                self.element.extend(chunk, 0)?;
                self.state = State::Inside(inside);
                self.skip(chunk.len());
                Ok(None)
            }
            Extent::Ends(end) => {
                self.state = State::Separator;
                self.offset += end;
                let last = self.input.take(end);
                self.element.complete(last, 0).map(Some)
            }
        }
    }

    fn skip(&mut self, len: usize) {
        self.offset += len;
        self.input.skip(len);
    }

    fn unexpected(&self, expected: &str, found: u8) -> FramingError {
        let found = match found {
            b' '..=b'~' => format!("'{}'", char::from(found)),
            _ => format!("byte 0x{found:02x}"),
        };
        FramingError::Malformed(format!(
            "expected {expected} at byte {}, found {found}",
            self.offset
        ))
    }
}

impl State {
    /// What [`Splitter::between`] takes in this state, in words.
    fn expected(self) -> &'static str {
        match self {
            Self::Start => "a JSON array of messages",
            Self::ObjectEnd => "a JSON array of messages, or {} for none",
            Self::FirstElement | Self::NextElement | Self::Inside(_) => "a JSON value",
            Self::Separator => "',' or ']'",
            Self::End => "nothing after the JSON array of messages",
        }
    }
}

impl Inside {
    /// How far the element goes, of which `chunk` is the rest.
    fn extent(self, chunk: &[u8]) -> Extent {
        let mut inside = self;
        let mut at = 0;
        while at < chunk.len() {
            let rest = &chunk[at..];
            let step = match inside {
                Self::Scalar => scalar(rest),
                Self::Nested(open) => nested(rest, open),
                Self::Text(open) => text(rest, open),
                Self::Escape(open) => Step::To(1, Self::Text(open)),
            };
            match step {
                Step::To(len, next) => {
                    at += len;
                    inside = next;
                }
                Step::Ends(len) => return Extent::Ends(at + len),
            }
        }
        Extent::Open(inside)
    }
}

/// What one look at the rest of a chunk found.
enum Step {
    /// So many bytes on, the element is here.
    To(usize, Inside),
    /// The element ends so many bytes on.
    Ends(usize),
}

/// A scalar ends where something else begins.
fn scalar(rest: &[u8]) -> Step {
    match rest.iter().position(|b| is_space(*b) || b",]".contains(b)) {
        Some(end) => Step::Ends(end),
        None => Step::To(rest.len(), Inside::Scalar),
    }
}

/// To the next bracket or quote.
fn nested(rest: &[u8], open: usize) -> Step {
    let Some(at) = rest.iter().position(|b| is_structural(*b)) else {
        return Step::To(rest.len(), Inside::Nested(open));
    };
    match rest[at] {
        b'"' => Step::To(at + 1, Inside::Text(open)),
        b'{' | b'[' => Step::To(at + 1, Inside::Nested(open + 1)),
        _ if open <= 1 => Step::Ends(at + 1),
        _ => Step::To(at + 1, Inside::Nested(open - 1)),
    }
}

/// To the end of a string or its next escape.
fn text(rest: &[u8], open: usize) -> Step {
    match memchr2(b'"', b'\\', rest) {
        None => Step::To(rest.len(), Inside::Text(open)),
        Some(at) if rest[at] == b'\\' => Step::To(at + 1, Inside::Escape(open)),
        Some(at) if open == 0 => Step::Ends(at + 1),
        Some(at) => Step::To(at + 1, Inside::Nested(open)),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_structural(byte: u8) -> bool {
    matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')
}

#[cfg(test)]
mod tests;
