//! Bodies cut into messages: where the network cuts them does not matter.

use bytes::Bytes;
use ostler_wire::{
    FramingError, Split, array as array_wire, ndjson as ndjson_wire, raw as raw_wire,
};
use serde_json::value::RawValue;

pub(crate) const WORDS: &[&str] = &[
    "\n", "\r\n", "\r", " ", "\t", "[", "]", "{", "}", ",", "\"", "\\", "\\\"", "[[[[", "]]]]",
    "{}", "[]", "null", "1,", "\"a\",", "\u{feff}",
];

/// The messages of a body and how it ended.
pub(crate) type Messages = (Vec<Bytes>, Result<(), FramingError>);

pub(crate) fn split(mut splitter: impl Split, chunks: impl IntoIterator<Item = Bytes>) -> Messages {
    let mut messages = Vec::new();
    let ended = (|| {
        for chunk in chunks {
            splitter.push(chunk);
            while let Some(message) = splitter.next()? {
                messages.push(message);
            }
        }
        while let Some(message) = splitter.finish()? {
            messages.push(message);
        }
        Ok(())
    })();
    // The end stays the end, and an error the same error.
    assert_eq!(splitter.finish().map(drop), ended);
    (messages, ended)
}

/// A limit, and a body in pieces: four bytes say how, the rest is the body.
pub(crate) struct Cut {
    pub(crate) limit: usize,
    pub(crate) body: Bytes,
    pub(crate) pieces: Vec<Bytes>,
}

pub(crate) fn cut(data: &[u8]) -> Option<Cut> {
    let (&[low, high, longest, mut seed], body) = data.split_first_chunk::<4>()?;
    let body = Bytes::copy_from_slice(body);
    let mut rest = body.clone();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // Any sequence does that has short, long and empty pieces in it.
        seed = seed.wrapping_mul(5).wrapping_add(17);
        let length = usize::from(seed) % (usize::from(longest) + 2);
        pieces.push(rest.split_to(length.min(rest.len())));
    }
    Some(Cut {
        limit: usize::from(u16::from_le_bytes([low, high])),
        body,
        pieces,
    })
}

/// Splits a body whole and in pieces; gives what both gave.
pub(crate) fn split_anyhow<S: Split>(cut: &Cut, splitter: impl Fn() -> S) -> Messages {
    let whole = split(splitter(), [cut.body.clone()]);
    assert_eq!(split(splitter(), cut.pieces.iter().cloned()), whole);
    for message in &whole.0 {
        assert!(message.len() <= cut.limit.max(1), "over the limit");
    }
    whole
}

/// NDJSON: cuts do not matter, no message is over the limit, and messages
/// written as lines are the same messages.
///
/// # Panics
/// When that does not hold.
pub fn ndjson(data: &[u8]) {
    let Some(cut) = cut(data) else { return };
    let (messages, _) = split_anyhow(&cut, || ndjson_wire::Splitter::new(cut.limit));
    let mut joined = Vec::new();
    for message in &messages {
        assert!(!message.contains(&b'\n'));
        assert!(message.iter().any(|b| !b" \t\r".contains(b)), "a blank");
        ndjson_wire::join(&mut joined, message);
    }
    let (again, ended) = split(ndjson_wire::Splitter::new(cut.limit), [joined.into()]);
    assert_eq!(ended, Ok(()));
    let messages: Vec<_> = messages.iter().map(without_returns).collect();
    assert_eq!(again, messages);
}

/// What `join` makes of carriage returns inside a line.
fn without_returns(message: &Bytes) -> Vec<u8> {
    let spaced = message.iter().map(|b| if *b == b'\r' { b' ' } else { *b });
    spaced.collect()
}

/// A JSON array: cuts do not matter, no message is over the limit, and the
/// elements are those that another reader finds.
///
/// # Panics
/// When that does not hold.
pub fn array(data: &[u8]) {
    let Some(cut) = cut(data) else { return };
    let (within, _) = split_anyhow(&cut, || array_wire::Splitter::new(cut.limit));
    let size = cut.body.len();
    let (messages, ended) = split(array_wire::Splitter::new(size), [cut.body.clone()]);
    assert!(
        messages.starts_with(&within),
        "the limit alone ends it earlier"
    );
    match serde_json::from_slice::<Vec<&RawValue>>(&cut.body) {
        Ok(elements) => {
            assert_eq!(ended, Ok(()));
            let elements: Vec<_> = elements.iter().map(|e| e.get().as_bytes()).collect();
            assert_eq!(messages, elements);
        }
        Err(error) => {
            let all = messages.iter().all(|message| is_json(message));
            let nothing = messages.is_empty();
            assert!(ended.is_err() || !all || nothing, "{error}");
        }
    }
}

fn is_json(message: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(message).is_ok()
}

/// Raw chunks: every byte comes out once, in order, in chunks of that size at
/// most.
///
/// # Panics
/// When that does not hold.
pub fn raw(data: &[u8]) {
    let Some(cut) = cut(data) else { return };
    for chunks in [vec![cut.body.clone()], cut.pieces] {
        let (messages, ended) = split(raw_wire::Splitter::new(cut.limit), chunks);
        assert_eq!(ended, Ok(()));
        for message in &messages {
            assert!((1..=cut.limit.max(1)).contains(&message.len()));
        }
        assert_eq!(messages.concat(), cut.body);
    }
}

fn headed(bodies: &[&str]) -> Vec<Vec<u8>> {
    let heads = [[0xff, 0xff, 3, 1], [8, 0, 1, 7], [0, 0, 200, 9]];
    let all = heads.iter().flat_map(|head| {
        bodies
            .iter()
            .map(move |body| [head, body.as_bytes()].concat())
    });
    all.collect()
}

pub(crate) fn ndjson_seeds() -> Vec<Vec<u8>> {
    headed(&[
        "{\"a\":1}\n{\"b\":[2]}\r\n\n \t\n\"x\"",
        "1\n2\n3",
        "1\r2\n",
        "\n\n\r\n",
        "12345678\n123456789\n",
    ])
}

pub(crate) fn array_seeds() -> Vec<Vec<u8>> {
    headed(&[
        "[{\"a\":[1,\"]\\\"\"]},2,\"x\\\\\",null,-1.5e3]",
        " [ 1 , [] , {} ] \n",
        "[]",
        "{}",
        "[1,]",
        "[[}]",
        "[12345678,123456789]",
    ])
}
