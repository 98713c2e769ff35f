//! Messages between the suite and its servers: protobuf behind four bytes of
//! length, of which a few fields matter.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};

/// What a server is asked to be (`ServerCompatRequest`). It speaks every
/// protocol and version anyway.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Request {
    /// Whether it speaks TLS.
    pub(super) tls: bool,
    /// Who signs for clients, as PEM; clients need no certificate when empty.
    pub(super) client_ca: Vec<u8>,
    /// How long a message may be, in bytes.
    pub(super) message_limit: u64,
    /// Its certificate, as PEM.
    pub(super) certificate: Vec<u8>,
    /// The key of that.
    pub(super) key: Vec<u8>,
}

impl Request {
    /// Reads one.
    ///
    /// # Errors
    /// When it is cut short or is not protobuf.
    pub(super) fn read(input: &mut impl Read) -> Result<Self> {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let mut message = Vec::new();
        let length = u64::from(u32::from_be_bytes(length));
        input.take(length).read_to_end(&mut message)?;
        if message.len() as u64 != length {
            bail!("the request ends after {} of {length} bytes", message.len());
        }
        Self::decode(&message)
    }

    fn decode(message: &[u8]) -> Result<Self> {
        let mut request = Self::default();
        for (field, value) in fields(message)? {
            match (field, value) {
                (4, Value::Number(tls)) => request.tls = tls != 0,
                (5, Value::Bytes(pem)) => request.client_ca = pem.to_vec(),
                (6, Value::Number(limit)) => request.message_limit = limit,
                (7, Value::Bytes(credentials)) => {
                    for (field, value) in fields(credentials)? {
                        match (field, value) {
                            (1, Value::Bytes(pem)) => request.certificate = pem.to_vec(),
                            (2, Value::Bytes(pem)) => request.key = pem.to_vec(),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(request)
    }
}

/// Writes where a server listens (`ServerCompatResponse`), and its certificate
/// if it has one.
///
/// # Errors
/// When the suite is gone.
pub(super) fn write_response(
    output: &mut impl Write,
    host: &str,
    port: u16,
    certificate: &[u8],
) -> Result<()> {
    let mut message = Vec::new();
    write_bytes(&mut message, 1, host.as_bytes());
    message.push(2 << 3);
    write_number(&mut message, port.into());
    write_bytes(&mut message, 3, certificate);
    let length = u32::try_from(message.len()).context("the response is too long")?;
    output.write_all(&length.to_be_bytes())?;
    output.write_all(&message)?;
    Ok(output.flush()?)
}

#[derive(Debug, Eq, PartialEq)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The numbers and values of a message's fields.
fn fields(mut message: &[u8]) -> Result<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = read_number(&mut message)?;
        let value = match tag & 7 {
            0 => Value::Number(read_number(&mut message)?),
            2 => {
                let length = usize::try_from(read_number(&mut message)?)?;
                let (bytes, rest) = message
                    .split_at_checked(length)
                    .context("a field is longer than its message")?;
                message = rest;
                Value::Bytes(bytes)
            }
            other => bail!("a field of wire type {other}, which the suite has none of"),
        };
        fields.push((tag >> 3, value));
    }
    Ok(fields)
}

fn read_number(message: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().context("a number is cut short")?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    bail!("a number is longer than ten bytes")
}

fn write_bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field << 3 | 2);
    write_number(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn write_number(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // The low seven bits, and the mark that more follow.
        message.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_to_its_end_and_not_further() {
        // Protocol, version, TLS, the clients' certificate, the limit, then
        // the server's certificate and key.
        let message =
            b"\x08\x02\x10\x02\x20\x01\x2a\x02ca\x30\x80\xc0\x0c\x3a\x09\x0a\x02ce\x12\x03key";
        let mut input = vec![0, 0, 0, u8::try_from(message.len()).unwrap()];
        input.extend_from_slice(message);
        let expected = Request {
            tls: true,
            client_ca: b"ca".to_vec(),
            message_limit: 204_800,
            certificate: b"ce".to_vec(),
            key: b"key".to_vec(),
        };
        assert_eq!(Request::read(&mut &input[..]).unwrap(), expected);
        for end in 0..input.len() {
            assert!(Request::read(&mut &input[..end]).is_err(), "{end}");
        }
        input.push(0xff);
        assert_eq!(Request::read(&mut &input[..]).unwrap(), expected);
    }

    #[test]
    fn a_response_has_its_length_before_it() {
        let mut output = Vec::new();
        write_response(&mut output, "::1", 8080, b"pem").unwrap();
        assert_eq!(
            output,
            b"\x00\x00\x00\x0d\x0a\x03::1\x10\x90\x3f\x1a\x03pem"
        );
    }
}
