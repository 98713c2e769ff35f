//! `google.protobuf.Struct` ⇄ the text of a JSON object.

use std::collections::HashMap;

use super::cell::Parts;
use super::reader::{Range, Reader, Wire};
use super::writer::{chunk, delimited, tag};
use crate::codec::lexer::Lexer;
use crate::codec::write::{EMBEDDED_DEPTH, float, write_string};
use crate::codec::{DecodeError, EncodeError};

type Result<T> = std::result::Result<T, DecodeError>;

/// Reads a struct of those parts; objects and lists may nest `max_depth` deep.
#[inline(never)]
pub(super) fn decode(bytes: &[u8], parts: &[Range], max_depth: usize) -> Result<String> {
    let mut out = Vec::new();
    ToJson { bytes, max_depth }.object(parts, 0, &mut out)?;
    String::from_utf8(out).map_err(|_| DecodeError::new("expected string, found invalid UTF-8"))
}

struct ToJson<'a> {
    bytes: &'a [u8],
    max_depth: usize,
}

/// The member of `google.protobuf.Value` that is set.
enum Member {
    Number(f64),
    Text(Range),
    Bool(bool),
    Object(Parts),
    List(Parts),
}

impl<'a> ToJson<'a> {
    // Recursion: an object or list calls `value`, which calls the function of
    // an object or list; `max_depth` bounds it.
    #[inline(never)]
    fn object(&self, parts: &[Range], depth: usize, out: &mut Vec<u8>) -> Result<()> {
        self.check(depth)?;
        out.push(b'{');
        for (i, (key, value)) in self.entries(parts)?.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            write_string(key, out);
            out.push(b':');
            self.value(value, depth, out)
                .map_err(|error| error.within(key))?;
        }
        out.push(b'}');
        Ok(())
    }

    #[inline(never)]
    fn list(&self, parts: &[Range], depth: usize, out: &mut Vec<u8>) -> Result<()> {
        self.check(depth)?;
        out.push(b'[');
        let mut count = 0;
        self.fields(parts, |number, reader| {
            if number != (1, Wire::Chunk) {
                return Ok(false);
            }
            if count > 0 {
                out.push(b',');
            }
            let part = reader.chunk()?;
            self.value(&[part], depth, out)
                .map_err(|error| error.at(count))?;
            count += 1;
            Ok(true)
        })?;
        out.push(b']');
        Ok(())
    }

    fn check(&self, depth: usize) -> Result<()> {
        if depth >= self.max_depth {
            return Err(DecodeError::new("a struct is nested too deep"));
        }
        Ok(())
    }

    /// The values by key, in order of first arrival; of one key, the last.
    fn entries(&self, parts: &[Range]) -> Result<Vec<(&'a str, Vec<Range>)>> {
        let mut entries: Vec<(&str, Vec<Range>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        self.fields(parts, |number, reader| {
            if number != (1, Wire::Chunk) {
                return Ok(false);
            }
            let (key, value) = self.entry(reader.chunk()?)?;
            match places.get(key) {
                Some(&place) => entries[place].1 = value,
                None => {
                    places.insert(key, entries.len());
                    entries.push((key, value));
                }
            }
            Ok(true)
        })?;
        Ok(entries)
    }

    fn entry(&self, part: Range) -> Result<(&'a str, Vec<Range>)> {
        let mut key = "";
        let mut value = Vec::new();
        self.fields(&[part], |number, reader| {
            match number {
                (1, Wire::Chunk) => key = self.text(reader.chunk()?)?,
                (2, Wire::Chunk) => value.push(reader.chunk()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok((key, value))
    }

    fn value(&self, parts: &[Range], depth: usize, out: &mut Vec<u8>) -> Result<()> {
        match self.member(parts)? {
            None => out.extend_from_slice(b"null"),
            Some(Member::Number(number)) => write_number(number, out)?,
            Some(Member::Text(part)) => write_string(self.text(part)?, out),
            Some(Member::Bool(true)) => out.extend_from_slice(b"true"),
            Some(Member::Bool(false)) => out.extend_from_slice(b"false"),
            Some(Member::Object(parts)) => self.object(parts.as_slice(), depth + 1, out)?,
            Some(Member::List(parts)) => self.list(parts.as_slice(), depth + 1, out)?,
        }
        Ok(())
    }

    /// The last member of the oneof; nothing is `null` too.
    fn member(&self, parts: &[Range]) -> Result<Option<Member>> {
        let mut member = None;
        self.fields(parts, |number, reader| {
            member = match number {
                (1, Wire::Varint) => reader.varint().map(|_| None)?,
                (2, Wire::Fixed64) => Some(Member::Number(f64::from_le_bytes(reader.fixed()?))),
                (3, Wire::Chunk) => Some(Member::Text(reader.chunk()?)),
                (4, Wire::Varint) => Some(Member::Bool(reader.varint()? != 0)),
                (5, Wire::Chunk) => Some(match (member.take(), reader.chunk()?) {
                    (Some(Member::Object(parts)), part) => Member::Object(parts.and(part)),
                    (_, part) => Member::Object(Parts::One(part)),
                }),
                (6, Wire::Chunk) => Some(match (member.take(), reader.chunk()?) {
                    (Some(Member::List(parts)), part) => Member::List(parts.and(part)),
                    (_, part) => Member::List(Parts::One(part)),
                }),
                _ => return Ok(false),
            };
            Ok(true)
        })?;
        Ok(member)
    }

    /// Calls `each` for every field, which says whether it took it.
    fn fields(
        &self,
        parts: &[Range],
        mut each: impl FnMut((u32, Wire), &mut Reader<'a>) -> Result<bool>,
    ) -> Result<()> {
        for part in parts {
            let mut reader = Reader::new(self.bytes, *part);
            while let Some((number, wire)) = reader.tag()? {
                if !each((number, wire), &mut reader)? {
                    reader.skip(number, wire, self.max_depth)?;
                }
            }
        }
        Ok(())
    }

    fn text(&self, part: Range) -> Result<&'a str> {
        std::str::from_utf8(&self.bytes[part.start..part.end])
            .map_err(|_| DecodeError::new("expected string, found invalid UTF-8"))
    }
}

/// Integers without a fraction, as other writers of JSON do.
fn write_number(number: f64, out: &mut Vec<u8>) -> Result<()> {
    const EXACT: f64 = (1_u64 << 53) as f64;
    if !number.is_finite() {
        return Err(DecodeError::new(format!("{number} is no number of JSON")));
    }
    let is_whole = number.fract() == 0.0 && number.abs() <= EXACT;
    if is_whole && (number != 0.0 || number.is_sign_positive()) {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        let whole = number as i64;
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    } else {
        float(false, number, out);
    }
    Ok(())
}

/// Appends the fields of a struct.
#[inline(never)]
pub(super) fn encode(json: &str, out: &mut Vec<u8>) -> std::result::Result<(), EncodeError> {
    let refused = |error: DecodeError| {
        EncodeError::new(format!("the text of a struct is no JSON object: {error}"))
    };
    let mut lexer = Lexer::new(json.as_bytes(), EMBEDDED_DEPTH).map_err(refused)?;
    if lexer.peek() != Some(b'{') {
        return Err(EncodeError::new("the text of a struct is no JSON object"));
    }
    from_object(&mut lexer, out).map_err(refused)?;
    lexer.end().map_err(refused)
}

#[inline(never)]
fn from_object(lexer: &mut Lexer<'_>, out: &mut Vec<u8>) -> Result<()> {
    lexer.enter()?;
    let mut first = true;
    while lexer.more(b'}', first)? {
        first = false;
        tag(1, Wire::Chunk, out);
        delimited(out, |out| {
            let key = lexer.key()?;
            tag(1, Wire::Chunk, out);
            chunk(key.as_bytes(), out);
            tag(2, Wire::Chunk, out);
            delimited(out, |out| from_value(lexer, out))
        })?;
    }
    Ok(())
}

#[inline(never)]
fn from_list(lexer: &mut Lexer<'_>, out: &mut Vec<u8>) -> Result<()> {
    lexer.enter()?;
    let mut first = true;
    while lexer.more(b']', first)? {
        first = false;
        tag(1, Wire::Chunk, out);
        delimited(out, |out| from_value(lexer, out))?;
    }
    Ok(())
}

fn from_value(lexer: &mut Lexer<'_>, out: &mut Vec<u8>) -> Result<()> {
    match lexer.peek() {
        Some(b'{') => {
            tag(5, Wire::Chunk, out);
            delimited(out, |out| from_object(lexer, out))?;
        }
        Some(b'[') => {
            tag(6, Wire::Chunk, out);
            delimited(out, |out| from_list(lexer, out))?;
        }
        Some(b'"') => {
            let text = lexer.string()?;
            tag(3, Wire::Chunk, out);
            chunk(text.as_bytes(), out);
        }
        Some(b'-' | b'0'..=b'9') => {
            let text = lexer.number()?;
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            let too_large = || DecodeError::new("a number is out of range for a double");
            tag(2, Wire::Fixed64, out);
            out.extend(number.ok_or_else(too_large)?.to_le_bytes());
        }
        Some(b't') => {
            lexer.literal("true")?;
            tag(4, Wire::Varint, out);
            out.push(1);
        }
        Some(b'f') => {
            lexer.literal("false")?;
            tag(4, Wire::Varint, out);
            out.push(0);
        }
        Some(b'n') => {
            lexer.literal("null")?;
            tag(1, Wire::Varint, out);
            out.push(0);
        }
        _ => return Err(lexer.unexpected("a value")),
    }
    Ok(())
}
