//! The frames a server sends, read with as little work as is right (RFC 9113):
//! what headers say is not looked at.

use anyhow::{Result, bail, ensure};

use super::request::{
    ACK, DATA, END_HEADERS, END_STREAM, FRAME, HEADERS, PADDED, PING, SETTINGS, WINDOW_UPDATE,
};

/// What the frames of a server come to.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Event<'a> {
    /// Bytes of a stream's answer.
    Data(u32, &'a [u8]),
    /// The end of a stream's answer.
    End(u32),
    /// Settings that are to be acknowledged.
    Settings,
    /// A ping that is to be answered.
    Ping([u8; 8]),
}

/// Reads one frame after another from one connection.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; FRAME],
    /// Bytes of `head` that are there.
    filled: usize,
    /// Bytes of the payload that are still to come.
    left: usize,
    ping: Vec<u8>,
}

impl Frames {
    /// Hands what `bytes` bring to `each`.
    ///
    /// # Errors
    /// When a stream is reset or the connection ends, and for what no server
    /// here sends.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        while !bytes.is_empty() {
            if self.filled < FRAME {
                let taken = bytes.len().min(FRAME - self.filled);
                self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
                self.filled += taken;
                bytes = &bytes[taken..];
                if self.filled < FRAME {
                    return Ok(());
                }
                let [a, b, c, ..] = self.head;
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
                self.check()?;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(self.left));
            bytes = rest;
            self.left -= part.len();
            self.payload(part, &mut each)?;
            if self.left == 0 {
                self.filled = 0;
                self.end(&mut each)?;
            }
        }
        Ok(())
    }

    fn kind(&self) -> u8 {
        self.head[3]
    }

    fn has(&self, flag: u8) -> bool {
        self.head[4] & flag != 0
    }

    fn stream(&self) -> u32 {
        let [.., a, b, c, d] = self.head;
        u32::from_be_bytes([a, b, c, d])
    }

    fn check(&self) -> Result<()> {
        match self.kind() {
            DATA => ensure!(!self.has(PADDED), "a padded frame"),
            HEADERS => ensure!(self.has(END_HEADERS), "headers in several frames"),
            PING => ensure!(self.left == 8, "a ping of {} bytes", self.left),
            SETTINGS | WINDOW_UPDATE => {}
            kind => bail!("a frame of type {kind} for stream {}", self.stream()),
        }
        Ok(())
    }

    fn payload(
        &mut self,
        part: &[u8],
        each: &mut impl FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        match self.kind() {
            DATA if !part.is_empty() => each(Event::Data(self.stream(), part)),
            PING => {
                self.ping.extend_from_slice(part);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, each: &mut impl FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        let ping = std::mem::take(&mut self.ping);
        match self.kind() {
            DATA | HEADERS if self.has(END_STREAM) => each(Event::End(self.stream())),
            SETTINGS if !self.has(ACK) => each(Event::Settings),
            PING if !self.has(ACK) => each(Event::Ping(ping.try_into().unwrap_or_default())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::frame;
    use super::*;

    fn answer() -> Vec<u8> {
        let mut out = Vec::new();
        frame(&mut out, SETTINGS, 0, 0, &[0; 12]);
        frame(&mut out, SETTINGS, ACK, 0, &[]);
        frame(&mut out, HEADERS, END_HEADERS, 1, b"head");
        frame(&mut out, DATA, 0, 1, b"hello");
        frame(&mut out, DATA, 0, 3, b"");
        frame(&mut out, PING, 0, 0, b"12345678");
        frame(&mut out, WINDOW_UPDATE, 0, 0, &[0; 4]);
        frame(&mut out, DATA, END_STREAM, 3, b"world");
        frame(&mut out, HEADERS, END_HEADERS | END_STREAM, 1, b"end");
        out
    }

    /// Feeds `bytes` in pieces of `size`; parts of data are joined.
    fn events(bytes: &[u8], size: usize) -> Result<Vec<String>> {
        let mut frames = Frames::default();
        let mut found: Vec<(u32, String)> = Vec::new();
        for piece in bytes.chunks(size) {
            frames.read(piece, |event| {
                match (event, found.last_mut()) {
                    (Event::Data(stream, part), Some((last, text))) if *last == stream => {
                        text.push_str(std::str::from_utf8(part)?);
                    }
                    (Event::Data(stream, part), _) => {
                        found.push((stream, std::str::from_utf8(part)?.to_owned()));
                    }
                    (other, _) => found.push((0, format!("{other:?}"))),
                }
                Ok(())
            })?;
        }
        Ok(found.into_iter().map(|(_, text)| text).collect())
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_are_cut() {
        let ping = format!("{:?}", Event::Ping(*b"12345678"));
        let expected = ["Settings", "hello", &ping, "world", "End(3)", "End(1)"];
        let all = answer();
        for size in 1..=all.len() {
            assert_eq!(events(&all, size).unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        const RST_STREAM: u8 = 3;
        const GOAWAY: u8 = 7;
        for (kind, flags) in [(RST_STREAM, 0), (GOAWAY, 0), (DATA, PADDED), (HEADERS, 0)] {
            let mut out = Vec::new();
            frame(&mut out, kind, flags, 1, &[0; 8]);
            assert!(events(&out, out.len()).is_err(), "type {kind}");
        }
    }
}
