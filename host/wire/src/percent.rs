//! Percent-encoding of a status message in a header, as gRPC does it
//! (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Percent-Byte").

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// `message` as printable ASCII: its UTF-8 bytes below space, above `~`, and
/// `%` itself become `%XX`.
pub fn encode(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message.bytes() {
        if matches!(byte, 0x20..=0x7e) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// The message of an encoded `text`. Never fails: broken sequences stay as
/// they are, bytes that are not UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    String::from_utf8(decode_bytes(text))
        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// The bytes of an encoded `text`; broken sequences stay as they are.
pub fn decode_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match escaped(rest) {
            Some(value) => {
                out.push(value);
                rest = &rest[3..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// The byte that `text` starts with in escaped form.
fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else {
        return None;
    };
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn table() {
        for (plain, encoded) in [
            ("", ""),
            ("plain text", "plain text"),
            ("\n☺ 5%", "%0A%E2%98%BA 5%25"),
            ("~\x7f", "~%7F"),
        ] {
            assert_eq!(encode(plain), encoded);
            assert_eq!(decode(encoded), plain);
        }
    }

    #[test]
    fn broken_sequences_stay() {
        for (text, plain) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%%41", "%A"),
            ("%ff", "\u{fffd}"),
            ("%c3%a9é", "éé"),
            ("%+1", "%+1"),
        ] {
            assert_eq!(decode(text), plain);
        }
    }

    proptest! {
        #[test]
        fn round_trips(message in any::<String>()) {
            let encoded = encode(&message);
            prop_assert!(encoded.bytes().all(|b| (0x20..=0x7e).contains(&b)));
            prop_assert_eq!(decode(&encoded), message);
        }

        #[test]
        fn decodes_anything(text in "[%0-9a-fA-Fé]*") {
            decode(&text);
        }
    }
}
