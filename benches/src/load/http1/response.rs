//! HTTP/1.1 responses, read with as little work as is right (RFC 9112): the
//! status line, two framing headers, the body.

use anyhow::{Context, Result, bail, ensure};

/// Where in a response the next byte is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Head,
    /// In a body of known length, this many bytes before its end.
    Sized(usize),
    ChunkSize,
    /// In a chunk, this many bytes before its end.
    Chunk(usize),
    ChunkEnd,
    Trailers,
}

/// Reads one response after another from one connection.
#[derive(Debug)]
pub(super) struct Responses {
    state: State,
    /// The beginning of a head or line whose end has not come yet.
    held: Vec<u8>,
}

impl Default for Responses {
    fn default() -> Self {
        Self {
            state: State::Head,
            held: Vec::new(),
        }
    }
}

/// Longer heads and lines are refused: our servers send none.
const LONGEST_HEAD: usize = 16 * 1024;

impl Responses {
    /// Takes bytes up to the end of one response at most, hands body bytes to
    /// `body`, and returns how many bytes were taken and whether the response
    /// is complete.
    ///
    /// # Errors
    /// When the bytes are no response with status 200.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        mut body: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<(usize, bool)> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let (taken, next) = match self.state {
                State::Head => self.line(rest, b"\r\n\r\n", |head| {
                    Ok(Some(match framing(head)? {
                        Some(0) => return Ok(None),
                        Some(length) => State::Sized(length),
                        None => State::ChunkSize,
                    }))
                })?,
                State::Sized(left) | State::Chunk(left) => {
                    let part = &rest[..left.min(rest.len())];
                    body(part)?;
                    (part.len(), Step::To(self.after(left - part.len())))
                }
                State::ChunkSize => self.line(rest, b"\r\n", |line| {
                    Ok(Some(match chunk_size(line)? {
                        0 => State::Trailers,
                        size => State::Chunk(size),
                    }))
                })?,
                State::ChunkEnd => self.line(rest, b"\r\n", |line| {
                    ensure!(line == b"\r\n", "a chunk is longer than its size");
                    Ok(Some(State::ChunkSize))
                })?,
                State::Trailers => self.line(rest, b"\r\n", |line| {
                    Ok((line != b"\r\n").then_some(State::Trailers))
                })?,
            };
            at += taken;
            match next {
                Step::Wait => return Ok((at, false)),
                Step::To(Some(state)) => self.state = state,
                Step::To(None) => {
                    self.state = State::Head;
                    return Ok((at, true));
                }
            }
            if at == bytes.len() {
                return Ok((at, false));
            }
        }
    }

    /// The state after a part of a body, `left` bytes before its end; `None`
    /// when that ends the response.
    fn after(&self, left: usize) -> Option<State> {
        match (self.state, left) {
            (State::Sized(_), 0) => None,
            (State::Sized(_), _) => Some(State::Sized(left)),
            (_, 0) => Some(State::ChunkEnd),
            _ => Some(State::Chunk(left)),
        }
    }

    /// Finds the end of a line or head and hands it over whole, without a copy
    /// when it came in one piece.
    fn line(
        &mut self,
        bytes: &[u8],
        end: &[u8],
        read: impl FnOnce(&[u8]) -> Result<Option<State>>,
    ) -> Result<(usize, Step)> {
        if self.held.is_empty()
            && let Some(found) = memchr::memmem::find(bytes, end)
        {
            let taken = found + end.len();
            return Ok((taken, Step::To(read(&bytes[..taken])?)));
        }
        let before = self.held.len();
        self.held.extend_from_slice(bytes);
        ensure!(
            self.held.len() <= LONGEST_HEAD + bytes.len(),
            "a head without end"
        );
        let from = before.saturating_sub(end.len() - 1);
        let Some(found) = memchr::memmem::find(&self.held[from..], end) else {
            return Ok((bytes.len(), Step::Wait));
        };
        let length = from + found + end.len();
        let step = Step::To(read(&self.held[..length])?);
        self.held.clear();
        Ok((length - before, step))
    }
}

enum Step {
    /// More bytes are needed.
    Wait,
    /// The next state; `None` is the end of the response.
    To(Option<State>),
}

/// The length of the body, or `None` for a chunked one.
fn framing(head: &[u8]) -> Result<Option<usize>> {
    let head = std::str::from_utf8(head).context("a head that is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    ensure!(status.starts_with("HTTP/1.1 200"), "answered {status:?}");
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok(Some(value.trim().parse().context("a bad content-length")?));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            ensure!(value.trim() == "chunked", "unknown encoding {value:?}");
            return Ok(None);
        }
    }
    bail!("neither content-length nor transfer-encoding in {head:?}")
}

fn chunk_size(line: &[u8]) -> Result<usize> {
    let text = std::str::from_utf8(line).context("a chunk size that is not text")?;
    let digits = text.split([';', '\r']).next().unwrap_or_default();
    usize::from_str_radix(digits, 16).with_context(|| format!("a bad chunk size {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n, new line\r\n0\r\nx: y\r\n\r\n";
    const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    /// Feeds `bytes` in pieces of `size` and returns the bodies.
    fn bodies(bytes: &[u8], size: usize) -> Vec<String> {
        let mut responses = Responses::default();
        let mut found = Vec::new();
        let mut body = Vec::new();
        for piece in bytes.chunks(size) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (taken, complete) = responses
                    .read(rest, |part| {
                        body.extend_from_slice(part);
                        Ok(())
                    })
                    .unwrap();
                rest = &rest[taken..];
                if complete {
                    found.push(String::from_utf8(std::mem::take(&mut body)).unwrap());
                }
            }
        }
        found
    }

    #[test]
    fn bodies_are_the_same_however_the_bytes_are_cut() {
        let all = [SIZED, CHUNKED, EMPTY, SIZED].concat();
        for size in 1..=all.len() {
            let expected = ["hello", "hello, new line", "", "hello"];
            assert_eq!(bodies(&all, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn anything_but_success_is_an_error() {
        let bad: [&[u8]; 4] = [
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnope\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
        ];
        for bytes in bad {
            let result = Responses::default().read(bytes, |_| Ok(()));
            assert!(result.is_err(), "{}", bytes.escape_ascii());
        }
    }
}
