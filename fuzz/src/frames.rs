//! Messages behind a prefix, as gRPC, gRPC-Web and Connect have them: where the
//! network cuts them does not matter, compressed or not.

use bytes::Bytes;
use ostler_wire::{
    FramingError, Split, compression, connect as connect_wire, frame, grpc as grpc_wire, grpc_web,
};

use crate::framing::{Cut, cut, split, split_anyhow};

/// The flag of a message that says nothing of itself.
const PLAIN: u8 = 0;

/// gRPC: cuts do not matter, no message is over the limit, messages written are
/// the same messages, and neither do cuts matter where arrays are taken apart.
///
/// # Panics
/// When that does not hold.
pub fn grpc(data: &[u8]) {
    let Some(cut) = cut(data) else { return };
    reads_back(&cut, || grpc_wire::Splitter::new(cut.limit));
    reads_back(&cut, || grpc_wire::Splitter::new(cut.limit).gzip());
    drop(split_anyhow(&cut, || grpc_wire::Items::new(cut.limit)));
    drop(split_anyhow(&cut, || {
        grpc_wire::Items::new(cut.limit).gzip()
    }));
}

/// The streams of Connect, as [`grpc`].
///
/// # Panics
/// When that does not hold.
pub fn connect(data: &[u8]) {
    let Some(cut) = cut(data) else { return };
    reads_back(&cut, || connect_wire::Splitter::new(cut.limit));
    reads_back(&cut, || connect_wire::Splitter::new(cut.limit).gzip());
}

fn reads_back<S: Split>(cut: &Cut, splitter: impl Fn() -> S) {
    let (messages, _) = split_anyhow(cut, &splitter);
    let joined = joined(&messages);
    assert_eq!(split(splitter(), [joined]), (messages, Ok(())));
}

fn joined(messages: &[Bytes]) -> Bytes {
    let mut joined = Vec::new();
    for message in messages {
        frame::join(&mut joined, PLAIN, message).expect("it came with a prefix");
    }
    joined.into()
}

/// gRPC-Web's text: cuts do not matter, and bytes written as text, whole or each
/// piece by itself, give what the bytes give.
///
/// # Panics
/// When that does not hold.
pub fn grpc_web_text(data: &[u8]) {
    let Some(cut) = cut(data) else { return };
    drop(split_anyhow(&cut, || {
        grpc_web::TextSplitter::new(cut.limit)
    }));
    let text = || grpc_web::TextSplitter::new(cut.limit).gzip();
    drop(split_anyhow(&cut, text));
    let bytes = split(
        grpc_wire::Splitter::new(cut.limit).gzip(),
        [cut.body.clone()],
    );
    let whole = grpc_web::encode(&cut.body);
    assert_eq!(split(text(), [whole]), bytes);
    let pieces = cut.pieces.iter().map(|piece| grpc_web::encode(piece));
    assert_eq!(split(text(), pieces), bytes);
}

/// The query of a call by GET: a message that is read is within what was sent.
///
/// # Panics
/// When that does not hold.
pub fn connect_get(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let query = connect_wire::Query::read(text);
    let has = query.has_message();
    match query.message() {
        Ok(message) => {
            assert_eq!(message.is_some(), has);
            assert!(message.is_none_or(|message| message.len() <= text.len()));
        }
        Err(error) => assert!(matches!(error, FramingError::Malformed(_))),
    }
}

/// Bodies of messages behind a prefix, one of them compressed.
fn bodies() -> Vec<Vec<u8>> {
    let plain: [&[&[u8]]; 4] = [
        &[b"{\"a\":1}", b"{}", b""],
        &[b"[{\"n\":1}, {\"n\":2}]"],
        &[b"{}"],
        &[b"[1,2]", b"[3]", b"{\"x\":[\"]\"]}"],
    ];
    let frames = |flag: u8, messages: &[&[u8]]| {
        let mut body = Vec::new();
        for message in messages {
            frame::join(&mut body, flag, message).expect("a small message");
        }
        body
    };
    let mut bodies: Vec<_> = plain.iter().map(|m| frames(PLAIN, m)).collect();
    let compressed = compression::gzip(b"{\"a\":\"aaaaaaaaaaaaaaaaaaaa\"}");
    bodies.push(frames(frame::COMPRESSED, &[&compressed, b""]));
    // The last frame of a reply, and flags nobody knows.
    bodies.push(frames(connect_wire::END, &[b"{}"]));
    bodies.push(frames(0x80, &[b"grpc-status: 0\r\n"]));
    bodies
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let head = [200, 0, 7, 1];
    let bodies = bodies().into_iter();
    bodies.map(|body| [&head, &body[..]].concat()).collect()
}

pub(crate) fn text_seeds() -> Vec<Vec<u8>> {
    let head = [200, 0, 7, 1];
    let texts = bodies().into_iter().map(|body| grpc_web::encode(&body));
    let texts = texts.map(|text| [&head, &text[..]].concat());
    texts.chain(seeds()).collect()
}

pub(crate) const GET_WORDS: &[&str] = &[
    "connect=v1",
    "encoding=json",
    "encoding=proto",
    "message=",
    "base64=1",
    "compression=gzip",
    "&",
    "=",
    "%",
    "%7B%7D",
    "+",
    "-_",
    "====",
];

pub(crate) fn get_seeds() -> Vec<Vec<u8>> {
    [
        "connect=v1&encoding=json&message=%7B%22a%22%3A1%7D",
        "connect=v1&encoding=proto&base64=1&message=CAc",
        "encoding=proto&base64=1&compression=gzip&message=H4sIAAAAAAAA_w==&message=x",
        "message=%zz&base64=0&%6dessage=1",
    ]
    .map(|query| query.as_bytes().to_vec())
    .into()
}
