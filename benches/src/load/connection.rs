//! One connection with one call at a time.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Result, bail, ensure};

use super::connect;
use super::response::Responses;
use crate::clock;

/// A connection that is kept alive.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    responses: Responses,
    /// Bytes of the current answer so far.
    at: usize,
    sent_at: Instant,
}

/// What one readiness gave.
#[derive(Debug)]
pub(super) struct Received {
    /// Bytes of the body.
    pub(super) body: usize,
    /// Whether the answer is complete.
    pub(super) complete: bool,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let socket = connect(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            responses: Responses::default(),
            at: 0,
            sent_at: clock::now(),
        })
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(super) fn sent_at(&self) -> Instant {
        self.sent_at
    }

    /// Sends a request; the previous answer was read whole, so the socket's
    /// buffer is empty and takes it at once.
    pub(super) fn send(&mut self, request: &[u8], now: Instant) -> Result<()> {
        let sent = self.socket.write(request)?;
        ensure!(sent == request.len(), "a short write of {sent} bytes");
        self.sent_at = now;
        self.at = 0;
        Ok(())
    }

    /// Reads what is there, once, and compares it with `answer`.
    pub(super) fn receive(&mut self, buffer: &mut [u8], answer: &[u8]) -> Result<Received> {
        let bytes = match self.socket.read(buffer) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == ErrorKind::WouldBlock => &[],
            Err(error) => return Err(error.into()),
        };
        let from = self.at;
        let mut at = from;
        let (taken, complete) = self.responses.read(bytes, |part| {
            let expected = answer.get(at..at + part.len());
            ensure!(expected == Some(part), "an answer differs from the first");
            at += part.len();
            Ok(())
        })?;
        ensure!(taken == bytes.len(), "bytes after the answer");
        ensure!(!complete || at == answer.len(), "an answer is too short");
        self.at = at;
        Ok(Received {
            body: at - from,
            complete,
        })
    }

    /// Makes one call and returns its answer.
    pub(super) fn first(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.socket.set_nonblocking(false)?;
        self.socket.write_all(request)?;
        let mut answer = Vec::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let count = self.socket.read(&mut buffer)?;
            ensure!(count > 0, "the server closed the connection");
            let (_, complete) = self.responses.read(&buffer[..count], |part| {
                answer.extend_from_slice(part);
                Ok(())
            })?;
            if complete {
                return Ok(answer);
            }
        }
    }
}
