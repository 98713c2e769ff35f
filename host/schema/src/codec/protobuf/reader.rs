//! The binary form (protobuf.dev/programming-guides/encoding) as fields, without
//! knowledge of types.

use crate::codec::DecodeError;

type Result<T> = std::result::Result<T, DecodeError>;

/// The longest varint in bytes.
const MAX_VARINT: usize = 10;

/// How a field's bytes are framed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wire {
    Varint = 0,
    Fixed64 = 1,
    /// A length and so many bytes.
    Chunk = 2,
    /// The start of a group, which ends at the `End` of its number.
    Start = 3,
    End = 4,
    Fixed32 = 5,
}

/// A part of a message, from its first byte up to another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A position in a message.
pub(super) struct Reader<'a> {
    /// From the start of the outermost message, so that errors can say where,
    /// to the end of this one.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], range: Range) -> Self {
        Self {
            bytes: &bytes[..range.end],
            at: range.start,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The number and framing of the next field; `None` at the end.
    #[inline]
    pub(super) fn tag(&mut self) -> Result<Option<(u32, Wire)>> {
        if self.is_empty() {
            return Ok(None);
        }
        let start = self.at;
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint,
            1 => Wire::Fixed64,
            2 => Wire::Chunk,
            3 => Wire::Start,
            4 => Wire::End,
            5 => Wire::Fixed32,
            _ => return Err(DecodeError::malformed("unknown wire type", start)),
        };
        match u32::try_from(tag) {
            Ok(tag) if tag >= 8 => Ok(Some((tag >> 3, wire))),
            _ => Err(DecodeError::malformed("field number out of range", start)),
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(byte.into())
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for (i, &byte) in self.bytes[self.at..].iter().enumerate() {
            // The tenth byte has room for the last bit.
            if i + 1 == MAX_VARINT && byte > 1 {
                return Err(DecodeError::malformed("varint too long", self.at));
            }
            number |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.at += i + 1;
                return Ok(number);
            }
        }
        Err(self.truncated())
    }

    #[inline]
    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes[self.at..].first_chunk() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.truncated()),
        }
    }

    /// A length, and where so many bytes are.
    #[inline]
    pub(super) fn chunk(&mut self) -> Result<Range> {
        let length = self.varint()?;
        let start = self.at;
        let left = self.bytes.len() - start;
        match usize::try_from(length) {
            Ok(length) if length <= left => {
                self.at += length;
                Ok(Range {
                    start,
                    end: self.at,
                })
            }
            _ => Err(self.truncated()),
        }
    }

    /// Takes the value of a field of which nothing is known. Groups may nest
    /// `max_depth` deep.
    pub(super) fn skip(&mut self, number: u32, wire: Wire, max_depth: usize) -> Result<()> {
        match wire {
            Wire::Varint => self.varint().map(drop),
            Wire::Fixed64 => self.fixed::<8>().map(drop),
            Wire::Fixed32 => self.fixed::<4>().map(drop),
            Wire::Chunk => self.chunk().map(drop),
            Wire::Start => self.skip_group(number, max_depth),
            Wire::End => Err(DecodeError::malformed("end of a group not begun", self.at)),
        }
    }

    fn skip_group(&mut self, number: u32, max_depth: usize) -> Result<()> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            if open.len() > max_depth {
                return Err(DecodeError::malformed("groups nested too deep", self.at));
            }
            match self.tag()? {
                None => return Err(self.truncated()),
                Some((number, Wire::Start)) => open.push(number),
                Some((number, Wire::End)) if number == innermost => drop(open.pop()),
                Some((number, wire)) => self.skip(number, wire, 0)?,
            }
        }
        Ok(())
    }

    #[cold]
    fn truncated(&self) -> DecodeError {
        DecodeError::malformed("the message ends inside a field", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> Reader<'_> {
        let end = bytes.len();
        Reader::new(bytes, Range { start: 0, end })
    }

    #[test]
    fn varints() {
        let long = "malformed protobuf: varint too long at byte 0";
        let cut =
            |at: usize| format!("malformed protobuf: the message ends inside a field at byte {at}");
        for (bytes, want) in [
            (&[0][..], Ok(0)),
            (&[1], Ok(1)),
            (&[0x96, 0x01], Ok(150)),
            (&[0x80, 0x00], Ok(0)),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
                Ok(0),
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                Ok(u64::MAX),
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
                Err(long.into()),
            ),
            (
                &[
                    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00,
                ],
                Err(long.into()),
            ),
            (&[], Err(cut(0))),
            (&[0x96], Err(cut(1))),
        ] {
            let found = reader(bytes).varint().map_err(|error| error.to_string());
            assert_eq!(found, want, "{bytes:x?}");
        }
    }

    #[test]
    fn skipping() {
        let no_number = Err("field number out of range");
        for (bytes, want) in [
            (&b""[..], Ok(())),
            (b"\x08\x96\x01\x11........\x1a\x02ab\x25....", Ok(())),
            (b"\x0b\x08\x01\x13\x14\x0c", Ok(())),
            (
                b"\x0b\x0b\x0b\x0b\x0c\x0c\x0c\x0c",
                Err("groups nested too deep"),
            ),
            (b"\x0b\x13\x0c\x14", Err("end of a group not begun")),
            (b"\x0c", Err("end of a group not begun")),
            (b"\x0b\x08\x01", Err("the message ends inside a field")),
            (b"\x00\x01", no_number),
            (b"\x80\x80\x80\x80\x10\x00", no_number),
            (b"\xf8\xff\xff\xff\x0f\x00", Ok(())),
            (b"\x0e", Err("unknown wire type")),
            (b"\x0f", Err("unknown wire type")),
            (b"\x0a\x03ab", Err("the message ends inside a field")),
            (
                b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                Err("the message ends inside a field"),
            ),
            (b"\x11.......", Err("the message ends inside a field")),
            (b"\x25...", Err("the message ends inside a field")),
        ] {
            let mut reader = reader(bytes);
            let mut all = || {
                while let Some((number, wire)) = reader.tag()? {
                    reader.skip(number, wire, 3)?;
                }
                Ok(())
            };
            match (all(), want) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(want)) => {
                    let error: DecodeError = error;
                    assert!(error.to_string().contains(want), "{error} {bytes:x?}");
                }
                (found, _) => panic!("{found:?} {bytes:x?}"),
            }
        }
    }
}
