//! A load generator: one thread, one epoll, connections that are kept alive,
//! every answer compared with the first one.

mod http1;
mod http2;
mod report;

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::epoll;

pub use report::Report;

use http1::Http1;
use http2::Http2;

use crate::clock;

/// One kind of call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is made by.
    pub protocol: Protocol,
    /// Path of the method, such as `/users/get_user`.
    pub path: String,
    /// The request's message.
    pub body: Vec<u8>,
    /// What the reply is wanted in; of plain HTTP alone.
    pub accept: &'static str,
    /// What the first answer must be like.
    pub expected: Expected,
}

/// What a call is made by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// JSON over HTTP/1.1.
    Http,
    /// Protobuf over HTTP/2, in frames.
    Grpc,
    /// Protobuf over HTTP/2, one bare message.
    Connect,
}

/// What the first answer must be like; every other one must equal it.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// One JSON value.
    Json,
    /// This many lines of JSON.
    Lines(usize),
    /// This many bytes.
    Bytes(usize),
    /// This many messages in frames.
    Frames(usize),
}

/// How hard and how long.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Connections.
    pub connections: usize,
    /// Calls at a time on each of them; over HTTP/1.1 it is one.
    pub streams: usize,
    /// Load before the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub measure: Duration,
}

impl Call {
    /// Makes the call once, without hurry, and checks the answer.
    ///
    /// # Errors
    /// When it fails or the answer is not what is expected.
    pub fn once(&self, address: SocketAddr) -> Result<Vec<u8>> {
        let answer = match self.protocol {
            Protocol::Http => http1::once(address, self),
            Protocol::Grpc | Protocol::Connect => http2::once(address, self),
        };
        let answer = answer.with_context(|| format!("{} of {address}", self.path))?;
        self.expected
            .check(&answer)
            .with_context(|| format!("{} of {address}", self.path))?;
        Ok(answer)
    }
}

impl Expected {
    fn check(self, answer: &[u8]) -> Result<()> {
        let (found, expected) = match self {
            Self::Json => {
                let _: serde_json::Value = serde_json::from_slice(answer)?;
                return Ok(());
            }
            Self::Lines(lines) => (lines_of(answer)?, lines),
            Self::Bytes(bytes) => (answer.len(), bytes),
            Self::Frames(frames) => (frames_of(answer)?, frames),
        };
        ensure!(found == expected, "{found} instead of {expected}");
        Ok(())
    }

    /// Items of one answer.
    fn items(self) -> usize {
        match self {
            Self::Lines(items) | Self::Frames(items) => items,
            Self::Json | Self::Bytes(_) => 1,
        }
    }
}

fn lines_of(answer: &[u8]) -> Result<usize> {
    let mut values = serde_json::Deserializer::from_slice(answer).into_iter::<serde_json::Value>();
    Ok(values.try_fold(0, |count, value| value.map(|_| count + 1))?)
}

/// Counts frames of gRPC: a flag, a length of four bytes, data.
fn frames_of(mut answer: &[u8]) -> Result<usize> {
    let mut count = 0;
    while !answer.is_empty() {
        let Some(([flag, length @ ..], rest)) = answer.split_first_chunk::<5>() else {
            bail!("the last frame is cut");
        };
        ensure!(*flag == 0, "a frame with the flag {flag}");
        let length = u32::from_be_bytes(*length) as usize;
        answer = rest.get(length..).context("the last frame is cut")?;
        count += 1;
    }
    Ok(count)
}

/// Calls a server over and over.
///
/// # Errors
/// When any call fails or any answer differs from the first.
pub fn run(address: SocketAddr, call: &Call, effort: Effort) -> Result<Report> {
    match call.protocol {
        Protocol::Http => measure::<Http1>(address, call, effort),
        Protocol::Grpc | Protocol::Connect => measure::<Http2>(address, call, effort),
    }
}

/// A connection that calls one method over and over.
trait Connection: Sized {
    /// Opens a socket for so many calls at a time.
    fn open(address: SocketAddr, call: &Call, streams: usize) -> Result<Self>;

    fn socket(&self) -> &TcpStream;

    /// Sends the first requests.
    fn begin(&mut self, now: Instant) -> Result<()>;

    /// Reads what is there, once, compares it with `answer`, and begins a call
    /// for each that ended.
    fn ready(
        &mut self,
        buffer: &mut [u8],
        answer: &[u8],
        now: Instant,
        report: &mut Report,
    ) -> Result<()>;
}

fn measure<C: Connection>(address: SocketAddr, call: &Call, effort: Effort) -> Result<Report> {
    let answer = call.once(address)?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(effort.connections);
    for index in 0..effort.connections {
        let connection = C::open(address, call, effort.streams)?;
        connection.socket().set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&poll, connection.socket(), data, epoll::EventFlags::IN)?;
        connections.push(connection);
    }
    let began = clock::now();
    for connection in &mut connections {
        connection.begin(began)?;
    }
    let measured_from = began + effort.warm_up;
    let mut run = Run {
        path: &call.path,
        answer: &answer,
        connections,
        buffer: vec![0; 256 * 1024],
        report: Report::new(call.expected.items(), answer.len()),
    };
    run.until(&poll, measured_from)?;
    run.report.begin();
    let (from, cpu) = (clock::now(), clock::cpu());
    run.until(&poll, from + effort.measure)?;
    run.report.finish(from.elapsed(), clock::cpu() - cpu);
    Ok(run.report)
}

struct Run<'a, C> {
    path: &'a str,
    answer: &'a [u8],
    connections: Vec<C>,
    buffer: Vec<u8>,
    report: Report,
}

impl<C: Connection> Run<'_, C> {
    fn until(&mut self, poll: &impl std::os::fd::AsFd, end: Instant) -> Result<()> {
        let mut events = Vec::with_capacity(self.connections.len());
        loop {
            let now = clock::now();
            if now >= end {
                return Ok(());
            }
            let left = rustix::event::Timespec::try_from(end - now)?;
            events.clear();
            epoll::wait(
                poll,
                rustix::buffer::spare_capacity(&mut events),
                Some(&left),
            )?;
            let now = clock::now();
            for event in &events {
                let connection = &mut self.connections[event.data.u64() as usize];
                connection
                    .ready(&mut self.buffer, self.answer, now, &mut self.report)
                    .with_context(|| format!("calling {}", self.path))?;
            }
        }
    }
}

/// Opens a socket as every connection here does.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let socket =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted() {
        let rows: [(&[u8], Option<usize>); 6] = [
            (b"", Some(0)),
            (b"\0\0\0\0\0", Some(1)),
            (b"\0\0\0\0\x02ab\0\0\0\0\x01c", Some(2)),
            (b"\0\0\0\0\x02a", None),
            (b"\0\0\0", None),
            (b"\x01\0\0\0\0", None),
        ];
        for (answer, expected) in rows {
            assert_eq!(frames_of(answer).ok(), expected, "{answer:?}");
        }
    }
}
