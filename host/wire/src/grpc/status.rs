//! `google.rpc.Status`, as `grpc-status-details-bin` carries it.

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
    use super::*;

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
