//! JSON text (RFC 8259) as tokens, without a recursion of its own.

use std::borrow::Cow;

use super::DecodeError;
use super::scan::plain_run;

type Result<T> = std::result::Result<T, DecodeError>;

/// A position in a JSON text.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
}

impl<'a> Lexer<'a> {
    /// Reads `bytes`, refusing arrays and objects nested deeper than
    /// `max_depth`.
    pub(super) fn new(bytes: &'a [u8], max_depth: usize) -> Result<Self> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| DecodeError::syntax("invalid UTF-8", error.valid_up_to()))?;
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            max_depth,
        })
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Takes `byte` if it is next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes `byte`, which must be next.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("'{}'", char::from(byte))))
        }
    }

    /// Takes the opening byte of an array or object.
    #[inline]
    pub(super) fn enter(&mut self) -> Result<()> {
        if self.depth == self.max_depth {
            let what = format_args!("nested deeper than {}", self.max_depth);
            return Err(DecodeError::syntax(what, self.at));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Takes the closing byte if it is next, or the comma that must be there
    /// after the first element; says whether an element follows.
    #[inline]
    pub(super) fn more(&mut self, close: u8, first: bool) -> Result<bool> {
        if self.eat(close) {
            self.depth -= 1;
            return Ok(false);
        }
        if !first && !self.eat(b',') {
            return Err(self.unexpected(&format!("',' or '{}'", char::from(close))));
        }
        Ok(true)
    }

    /// A key of an object and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a field name in quotes"));
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// A string; `peek` has seen its quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        let start = self.at + 1;
        let end = plain_run(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        self.at = start;
        self.escaped_string().map(Cow::Owned)
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<String> {
        let mut text = String::new();
        loop {
            let end = plain_run(self.text.as_bytes(), self.at);
            text.push_str(&self.text[self.at..end]);
            self.at = end;
            match self.text.as_bytes().get(end) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => {
                    return Err(DecodeError::syntax(
                        "control character in a string (write it as \\u00XX)",
                        end,
                    ));
                }
                None => return Err(DecodeError::syntax("string without its end", end)),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.at;
        let letter = self.text.as_bytes().get(start + 1);
        self.at += 2;
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode_escape(start)?,
            _ => return Err(DecodeError::syntax("unknown escape in a string", start)),
        })
    }

    /// The rest of `\uXXXX`, with its second half for a surrogate pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char> {
        let lone = || DecodeError::syntax("lone surrogate in a string", start);
        let high = self.hex4()?;
        if !(0xd800..0xe000).contains(&high) {
            return char::from_u32(high).ok_or_else(lone);
        }
        if high >= 0xdc00 || !self.text[self.at..].starts_with("\\u") {
            return Err(lone());
        }
        self.at += 2;
        let low = self.hex4()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or_else(lone)
    }

    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let number = digits.and_then(|digits| {
            digits.iter().try_fold(0, |number, &digit| {
                Some(number * 16 + char::from(digit).to_digit(16)?)
            })
        });
        let number =
            number.ok_or_else(|| DecodeError::syntax("\\u needs four hex digits", self.at))?;
        self.at += 4;
        Ok(number)
    }

    /// The text of a number; `peek` has seen its sign or first digit.
    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
            if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(DecodeError::syntax("number with a leading zero", start));
            }
        } else {
            self.digits()?;
        }
        if let Some(b'.' | b'e' | b'E') = self.byte() {
            self.fraction_and_exponent()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn fraction_and_exponent(&mut self) -> Result<()> {
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("a digit"));
        }
        Ok(())
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// `true`, `false` or `null`, which must be next.
    #[inline]
    pub(super) fn literal(&mut self, word: &'static str) -> Result<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes any value, checked in full, and returns its text.
    pub(super) fn skip(&mut self) -> Result<&'a str> {
        self.peek();
        let start = self.at;
        // The closing byte of each open array or object.
        let mut open = Vec::new();
        loop {
            let mut opened = true;
            match self.peek() {
                Some(b'{') => {
                    self.enter()?;
                    open.push(b'}');
                }
                Some(b'[') => {
                    self.enter()?;
                    open.push(b']');
                }
                _ => {
                    self.skip_scalar()?;
                    opened = false;
                }
            }
            loop {
                let Some(&close) = open.last() else {
                    return Ok(&self.text[start..self.at]);
                };
                if self.more(close, opened)? {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                }
                open.pop();
                opened = false;
            }
        }
    }

    fn skip_scalar(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Nothing but white space may be left.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(DecodeError::syntax("more after the value", self.at)),
        }
    }

    #[cold]
    pub(super) fn unexpected(&mut self, wanted: &str) -> DecodeError {
        let found = match self.peek() {
            None => {
                return DecodeError::syntax(
                    format_args!("expected {wanted}, found the end"),
                    self.at,
                );
            }
            Some(_) => self.text[self.at..].chars().next().unwrap_or_default(),
        };
        DecodeError::syntax(format_args!("expected {wanted}, found {found:?}"), self.at)
    }

    /// What kind of value is next, for an error; a syntax error when none is.
    #[cold]
    pub(super) fn kind(&mut self) -> Result<&'static str> {
        Ok(match self.peek() {
            Some(b'{') => "object",
            Some(b'[') => "array",
            Some(b'"') => "string",
            Some(b'-' | b'0'..=b'9') => "number",
            Some(b't') => {
                self.literal("true")?;
                "bool"
            }
            Some(b'f') => {
                self.literal("false")?;
                "bool"
            }
            Some(b'n') => {
                self.literal("null")?;
                "null"
            }
            _ => return Err(self.unexpected("a value")),
        })
    }
}
