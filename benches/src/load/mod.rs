//! A load generator: one thread, one epoll, connections that are kept alive,
//! every answer compared with the first one.

mod connection;
mod report;
mod response;

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::epoll;

pub use report::Report;

use connection::Connection;

use crate::clock;

/// One kind of call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Path of the method, such as `/users/get_user`.
    pub path: String,
    /// JSON of the request.
    pub body: String,
    /// What the reply is wanted in.
    pub accept: &'static str,
    /// What the first answer must be like.
    pub expected: Expected,
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
}

/// How hard and how long.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Connections, each with one call at a time.
    pub connections: usize,
    /// Load before the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub measure: Duration,
}

impl Call {
    /// The request as HTTP/1.1.
    fn request(&self, address: SocketAddr) -> Vec<u8> {
        format!(
            "POST {} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             accept: {}\r\ncontent-length: {}\r\n\r\n{}",
            self.path,
            self.accept,
            self.body.len(),
            self.body
        )
        .into_bytes()
    }

    /// Makes the call once, without hurry, and checks the answer.
    ///
    /// # Errors
    /// When it fails or the answer is not what is expected.
    pub fn once(&self, address: SocketAddr) -> Result<Vec<u8>> {
        let mut connection = Connection::open(address)?;
        let answer = connection.first(&self.request(address))?;
        self.expected
            .check(&answer)
            .with_context(|| format!("{} of {address}", self.path))?;
        Ok(answer)
    }
}

impl Expected {
    fn check(self, answer: &[u8]) -> Result<()> {
        match self {
            Self::Json => {
                let _: serde_json::Value = serde_json::from_slice(answer)?;
            }
            Self::Lines(lines) => {
                let found = serde_json::Deserializer::from_slice(answer)
                    .into_iter::<serde_json::Value>()
                    .try_fold(0, |count, value| value.map(|_| count + 1))?;
                ensure!(found == lines, "{found} lines instead of {lines}");
            }
            Self::Bytes(bytes) => {
                ensure!(
                    answer.len() == bytes,
                    "{} bytes instead of {bytes}",
                    answer.len()
                );
            }
        }
        Ok(())
    }

    /// Items of one answer.
    fn items(self) -> usize {
        match self {
            Self::Lines(lines) => lines,
            Self::Json | Self::Bytes(_) => 1,
        }
    }
}

/// Calls a server over and over.
///
/// # Errors
/// When any call fails or any answer differs from the first.
pub fn run(address: SocketAddr, call: &Call, effort: Effort) -> Result<Report> {
    let answer = call.once(address)?;
    let request = call.request(address);
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(effort.connections);
    for index in 0..effort.connections {
        let connection = Connection::open(address)?;
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&poll, connection.socket(), data, epoll::EventFlags::IN)?;
        connections.push(connection);
    }
    let began = clock::now();
    for connection in &mut connections {
        connection.send(&request, began)?;
    }
    let measured_from = began + effort.warm_up;
    let mut run = Run {
        call,
        request: &request,
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

struct Run<'a> {
    call: &'a Call,
    request: &'a [u8],
    answer: &'a [u8],
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    report: Report,
}

impl Run<'_> {
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
                let index = event.data.u64() as usize;
                self.ready(index, now)
                    .with_context(|| format!("calling {}", self.call.path))?;
            }
        }
    }

    fn ready(&mut self, index: usize, now: Instant) -> Result<()> {
        let connection = &mut self.connections[index];
        let read = connection.receive(&mut self.buffer, self.answer)?;
        self.report.bytes(read.body);
        if read.complete {
            self.report.call(now.duration_since(connection.sent_at()));
            connection.send(self.request, now)?;
        }
        Ok(())
    }
}

/// Opens a socket as every connection here does.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let socket =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    socket.set_nodelay(true)?;
    Ok(socket)
}
