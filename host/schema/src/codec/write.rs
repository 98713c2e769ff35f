//! Pieces of JSON text that both profiles write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::lexer::Lexer;
use super::scan::plain_run;
use super::{DecodeError, EncodeError};

/// Nesting allowed in JSON that a guest made.
pub(super) const EMBEDDED_DEPTH: usize = 100;

/// The shortest text that reads back as the same number of its own width.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the value of an f32 was widened from one"
)]
pub(super) fn float(is_f32: bool, number: f64, out: &mut Vec<u8>) {
    let mut buffer = ryu::Buffer::new();
    let text = match number {
        n if n.is_nan() => "\"NaN\"",
        f64::INFINITY => "\"Infinity\"",
        f64::NEG_INFINITY => "\"-Infinity\"",
        n if is_f32 => buffer.format_finite(n as f32),
        n => buffer.format_finite(n),
    };
    out.extend_from_slice(text.as_bytes());
}

/// A text with what JSON asks to be escaped, and no more.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut from = 0;
    loop {
        let end = plain_run(bytes, from);
        out.extend_from_slice(&bytes[from..end]);
        let Some(&special) = bytes.get(end) else {
            break;
        };
        escape(special, out);
        from = end + 1;
    }
    out.push(b'"');
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let hex = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.extend([hex[usize::from(byte >> 4)], hex[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend([b'\\', letter]);
}

/// A name of WIT, which has nothing to escape.
pub(super) fn quoted(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

pub(super) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is exact, so there is no error to report.
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    debug_assert_eq!(start + written, out.len());
    out.push(b'"');
}

/// The text of an object as it is, without the white space that could break a
/// line-based wire.
pub(super) fn json_object(json: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let no_object = "the text of a struct is no JSON object";
    match check(json.as_bytes()) {
        Ok(text) if text.starts_with('{') => {
            compact(text, out);
            Ok(())
        }
        Ok(_) => Err(EncodeError::new(no_object)),
        Err(error) => Err(EncodeError::new(format!("{no_object}: {error}"))),
    }
}

/// Bytes that are one JSON text, without white space around it.
fn check(json: &[u8]) -> Result<&str, DecodeError> {
    let mut lexer = Lexer::new(json, EMBEDDED_DEPTH)?;
    let text = lexer.skip()?;
    lexer.end()?;
    Ok(text)
}

/// Bytes that may be JSON already, else as base64.
pub(crate) fn write_json_or_base64(bytes: &[u8], out: &mut Vec<u8>) {
    match check(bytes) {
        Ok(text) => compact(text, out),
        Err(_) => base64(bytes, out),
    }
}

fn compact(json: &str, out: &mut Vec<u8>) {
    let mut in_string = false;
    let mut escaped = false;
    for &byte in json.as_bytes() {
        if !in_string && matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = byte == b'\\' && !escaped;
        out.push(byte);
    }
}
