//! Requests as bytes of HTTP/2 (RFC 9113) and HPACK (RFC 7541).

use std::net::SocketAddr;

use crate::load::{Call, Protocol};

/// Types of frames.
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const WINDOW_UPDATE: u8 = 8;

/// Flags of frames.
pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;

/// Bytes of a frame before its payload.
pub(super) const FRAME: usize = 9;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW_SIZE: u16 = 4;
/// The largest window, and what of it there is from the beginning.
const WINDOW: u32 = (1 << 31) - 1;
const FIRST_WINDOW: u32 = 65_535;

/// Entries of HPACK's static table.
const METHOD_POST: u8 = 3;
const SCHEME_HTTP: u8 = 6;
/// The newest entry of the dynamic table.
const NEWEST: u8 = 62;
/// A header in full, which becomes the newest entry.
const LITERAL: u8 = 0x40;

/// What a connection sends before its first request: windows that the load
/// never waits for.
pub(super) fn opening() -> Vec<u8> {
    let mut out = PREFACE.to_vec();
    let mut settings = Vec::new();
    for (name, value) in [(ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, WINDOW)] {
        settings.extend(name.to_be_bytes());
        settings.extend(value.to_be_bytes());
    }
    frame(&mut out, SETTINGS, 0, 0, &settings);
    window_update(&mut out, WINDOW - FIRST_WINDOW);
    out
}

/// Gives the server's connection window so many bytes.
pub(super) fn window_update(out: &mut Vec<u8>, bytes: u32) {
    frame(out, WINDOW_UPDATE, 0, 0, &bytes.to_be_bytes());
}

pub(super) fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    out.extend(length);
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// The requests of one connection. The first one puts its headers into the
/// server's table, as clients do; the others refer to them.
#[derive(Debug)]
pub(super) struct Requests {
    first: Option<Vec<u8>>,
    later: Vec<u8>,
    body: Vec<u8>,
}

impl Requests {
    pub(super) fn new(address: SocketAddr, call: &Call) -> Self {
        let mut fields = vec![(":authority", address.to_string())];
        fields.push((":path", call.path.clone()));
        fields.extend(headers(call));
        let mut first = vec![indexed(METHOD_POST), indexed(SCHEME_HTTP)];
        let mut later = first.clone();
        for (at, (name, value)) in fields.iter().enumerate() {
            first.push(LITERAL);
            text(&mut first, name);
            text(&mut first, value);
            later.push(indexed(NEWEST + (fields.len() - 1 - at) as u8));
        }
        Self {
            first: Some(first),
            later,
            body: body(call),
        }
    }

    /// Appends the request of a stream.
    pub(super) fn append(&mut self, out: &mut Vec<u8>, stream: u32) {
        let first = self.first.take();
        let headers = first.as_ref().unwrap_or(&self.later);
        frame(out, HEADERS, END_HEADERS, stream, headers);
        frame(out, DATA, END_STREAM, stream, &self.body);
    }
}

/// What a client of each protocol says.
pub(super) fn headers(call: &Call) -> Vec<(&'static str, String)> {
    let mut headers = vec![("user-agent", "ostler-bench".to_owned())];
    headers.extend(match call.protocol {
        Protocol::Grpc => vec![
            ("content-type", "application/grpc".into()),
            ("te", "trailers".into()),
        ],
        Protocol::Http | Protocol::Connect => vec![
            ("content-type", "application/proto".into()),
            ("connect-protocol-version", "1".into()),
            ("content-length", call.body.len().to_string()),
        ],
    });
    headers
}

/// The request's message as the protocol frames it.
pub(super) fn body(call: &Call) -> Vec<u8> {
    match call.protocol {
        Protocol::Grpc => {
            let length = call.body.len() as u32;
            [&[0], &length.to_be_bytes()[..], &call.body].concat()
        }
        Protocol::Http | Protocol::Connect => call.body.clone(),
    }
}

fn indexed(index: u8) -> u8 {
    0x80 | index
}

/// Not Huffman coded, and as short as all is that is said here.
fn text(out: &mut Vec<u8>, text: &str) {
    debug_assert!(text.len() < 127, "{text:?} needs a longer length");
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}
