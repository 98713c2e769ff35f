//! HTTP/2: several calls at a time a connection.
//!
//! The client is by hand: a library would do as much for a call as the servers
//! do, and its core would be the bottleneck.

mod frames;
mod once;
mod request;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::{Call, Connection, Report, connect};
use frames::{Event, Frames};
pub(super) use once::once;
use request::{ACK, PING, Requests, SETTINGS, frame, opening, window_update};

/// Bytes of answers after which the connection's window is filled up again.
const REFILL: u32 = 1 << 30;

/// A connection that is kept alive.
#[derive(Debug)]
pub(super) struct Http2 {
    socket: TcpStream,
    frames: Frames,
    requests: Requests,
    /// To be sent.
    out: Vec<u8>,
    streams: Vec<Stream>,
    next: u32,
    /// Bytes of answers that the window still counts.
    taken: u32,
}

/// A call that runs.
#[derive(Debug)]
struct Stream {
    id: u32,
    /// Bytes of the answer so far.
    at: usize,
    sent_at: Instant,
}

impl Connection for Http2 {
    fn open(address: SocketAddr, call: &Call, streams: usize) -> Result<Self> {
        Ok(Self {
            socket: connect(address)?,
            frames: Frames::default(),
            requests: Requests::new(address, call),
            out: opening(),
            streams: Vec::with_capacity(streams),
            next: 1,
            taken: 0,
        })
    }

    fn socket(&self) -> &TcpStream {
        &self.socket
    }

    fn begin(&mut self, now: Instant) -> Result<()> {
        for _ in 0..self.streams.capacity() {
            let stream = self.request(now);
            self.streams.push(stream);
        }
        self.flush()
    }

    fn ready(
        &mut self,
        buffer: &mut [u8],
        answer: &[u8],
        now: Instant,
        report: &mut Report,
    ) -> Result<()> {
        let bytes = match self.socket.read(buffer) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == ErrorKind::WouldBlock => &[],
            Err(error) => return Err(error.into()),
        };
        let mut frames = std::mem::take(&mut self.frames);
        frames.read(bytes, |event| self.take(event, answer, now, report))?;
        self.frames = frames;
        self.flush()
    }
}

impl Http2 {
    /// NB no window is looked at for requests: theirs are far smaller, all
    /// together, than what every server grants.
    fn request(&mut self, now: Instant) -> Stream {
        let id = self.next;
        self.next += 2;
        self.requests.append(&mut self.out, id);
        Stream {
            id,
            at: 0,
            sent_at: now,
        }
    }

    fn take(
        &mut self,
        event: Event<'_>,
        answer: &[u8],
        now: Instant,
        report: &mut Report,
    ) -> Result<()> {
        match event {
            Event::Data(id, part) => {
                let place = place(&self.streams, id)?;
                let stream = &mut self.streams[place];
                let expected = answer.get(stream.at..stream.at + part.len());
                ensure!(expected == Some(part), "an answer differs from the first");
                stream.at += part.len();
                report.bytes(part.len());
                self.refill(part.len());
            }
            Event::End(id) => {
                let place = place(&self.streams, id)?;
                let stream = &self.streams[place];
                ensure!(stream.at == answer.len(), "an answer is too short");
                report.call(now.duration_since(stream.sent_at));
                self.streams[place] = self.request(now);
            }
            Event::Settings => frame(&mut self.out, SETTINGS, ACK, 0, &[]),
            Event::Ping(data) => frame(&mut self.out, PING, ACK, 0, &data),
        }
        Ok(())
    }

    fn refill(&mut self, bytes: usize) {
        self.taken += bytes as u32;
        if self.taken >= REFILL {
            window_update(&mut self.out, self.taken);
            self.taken = 0;
        }
    }

    /// What is sent at a time is far smaller than the socket's buffer, which
    /// the server reads empty.
    fn flush(&mut self) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let sent = self.socket.write(&self.out)?;
        ensure!(sent == self.out.len(), "a short write of {sent} bytes");
        self.out.clear();
        Ok(())
    }
}

/// There are few of them.
fn place(streams: &[Stream], id: u32) -> Result<usize> {
    let place = streams.iter().position(|stream| stream.id == id);
    place.context("an answer to no request")
}
