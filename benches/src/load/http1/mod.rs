//! HTTP/1.1: one call at a time a connection.

mod response;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Result, bail, ensure};

use super::{Call, Connection, Report, connect};
use crate::clock;
use response::Responses;

/// A connection that is kept alive.
#[derive(Debug)]
pub(super) struct Http1 {
    socket: TcpStream,
    request: Vec<u8>,
    responses: Responses,
    /// Bytes of the current answer so far.
    at: usize,
    sent_at: Instant,
}

impl Connection for Http1 {
    fn open(address: SocketAddr, call: &Call, _: usize) -> Result<Self> {
        Ok(Self {
            socket: connect(address)?,
            request: request(address, call),
            responses: Responses::default(),
            at: 0,
            sent_at: clock::now(),
        })
    }

    fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The previous answer was read whole, so the socket's buffer is empty and
    /// takes a request at once.
    fn begin(&mut self, now: Instant) -> Result<()> {
        let sent = self.socket.write(&self.request)?;
        ensure!(sent == self.request.len(), "a short write of {sent} bytes");
        self.sent_at = now;
        self.at = 0;
        Ok(())
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
        report.bytes(at - from);
        if complete {
            report.call(now.duration_since(self.sent_at));
            self.begin(now)?;
        }
        Ok(())
    }
}

/// Makes one call and returns its answer.
pub(super) fn once(address: SocketAddr, call: &Call) -> Result<Vec<u8>> {
    let mut socket = TcpStream::connect(address)?;
    socket.write_all(&request(address, call))?;
    let mut responses = Responses::default();
    let mut answer = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = socket.read(&mut buffer)?;
        ensure!(count > 0, "the server closed the connection");
        let (_, complete) = responses.read(&buffer[..count], |part| {
            answer.extend_from_slice(part);
            Ok(())
        })?;
        if complete {
            return Ok(answer);
        }
    }
}

fn request(address: SocketAddr, call: &Call) -> Vec<u8> {
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: {}\r\ncontent-length: {}\r\n\r\n",
        call.path,
        call.accept,
        call.body.len(),
    );
    [head.as_bytes(), &call.body].concat()
}
