//! `google.rpc.Status`, as `grpc-status-details-bin` carries it.

use bytes::Bytes;

/// `google.rpc.Status` in protobuf: number and text of a status, and the type
/// names and values of its details (`grpc-status-details-bin`).
pub fn status<'a>(
    code: u32,
    message: &str,
    details: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let mut out = Vec::new();
    out.push(1 << 3);
    put_varint(&mut out, code as usize);
    put_field(&mut out, 2, message.as_bytes());
    for (name, value) in details {
        let mut any = Vec::new();
        put_field(
            &mut any,
            1,
            format!("type.googleapis.com/{name}").as_bytes(),
        );
        put_field(&mut any, 2, value);
        put_field(&mut out, 3, &any);
    }
    out
}

/// The details of a status that [`status`] or another wrote: type names and
/// values; `None` for bytes that are no such message.
pub fn details(status: &[u8]) -> Option<Vec<(String, Bytes)>> {
    let mut found = Vec::new();
    each_field(status, |number, bytes| {
        if number == 3 {
            found.push(one(bytes)?);
        }
        Some(())
    })?;
    Some(found)
}

fn one(bytes: &[u8]) -> Option<(String, Bytes)> {
    let (mut name, mut value) = (String::new(), Bytes::new());
    each_field(bytes, |number, bytes| {
        match number {
            1 => name = String::from_utf8(bytes.to_vec()).ok()?,
            2 => value = Bytes::copy_from_slice(bytes),
            _ => {}
        }
        Some(())
    })?;
    // What comes before the last slash says where the type is described.
    let name = name.rsplit_once('/').map_or(&*name, |(_, name)| name);
    Some((name.to_owned(), value))
}

/// Hands on every field of bytes; others are skipped.
fn each_field<'a>(
    mut rest: &'a [u8],
    mut take: impl FnMut(usize, &'a [u8]) -> Option<()>,
) -> Option<()> {
    while !rest.is_empty() {
        let key = take_varint(&mut rest)?;
        let len = match key & 7 {
            0 => {
                take_varint(&mut rest)?;
                continue;
            }
            1 => 8,
            2 => take_varint(&mut rest)?,
            5 => 4,
            _ => return None,
        };
        let (bytes, after) = rest.split_at_checked(len)?;
        rest = after;
        if key & 7 == 2 {
            take(key >> 3, bytes)?;
        }
    }
    Some(())
}

fn take_varint(rest: &mut &[u8]) -> Option<usize> {
    let mut number: u64 = 0;
    for shift in (0..64).step_by(7) {
        let (first, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return usize::try_from(number).ok();
        }
    }
    None
}

/// A field of bytes; empty ones are absent.
fn put_field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push(number << 3 | 2);
        put_varint(out, bytes.len());
        out.extend_from_slice(bytes);
    }
}

fn put_varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn details_read_back() {
        let long = vec![7; 300];
        let all = [("a.B", &b"v"[..]), ("c.D", b""), ("e.F", &long)];
        let expected = all.map(|(name, value)| (name.to_owned(), Bytes::copy_from_slice(value)));
        assert_eq!(details(&status(13, "m", all)).unwrap(), expected);
        assert_eq!(details(b"").unwrap(), []);
        // A code below zero takes ten bytes; unknown fields of every kind.
        let odd = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x21\0\0\0\0\0\0\0\0\x2d\0\0\0\0\x1a\x02\x0a\0";
        assert_eq!(details(odd).unwrap(), [(String::new(), Bytes::new())]);
        for broken in [
            &b"\x08"[..],
            b"\x1a\x05\x0a",
            b"\x1b",
            b"\x1a\x03\x0a\x01\xff",
        ] {
            assert_eq!(details(broken), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_anything(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            details(&bytes);
        }
    }

    #[test]
    fn a_status_in_protobuf() {
        assert_eq!(status(5, "x", []), b"\x08\x05\x12\x01x");
        let long = "m".repeat(200);
        let with = status(13, &long, [("a.B", &b"v"[..])]);
        assert_eq!(with[..5], [0x08, 13, 0x12, 0xc8, 0x01]);
        let any = b"\x0a\x17type.googleapis.com/a.B\x12\x01v";
        assert_eq!(&with[5 + 200..][..2], [0x1a, any.len() as u8]);
        assert_eq!(&with[5 + 200 + 2..], any);
    }
}
