//! The binary form without knowledge of types.

use super::reader::Wire;

pub(super) fn tag(number: u32, wire: Wire, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | wire as u64, out);
}

#[inline]
pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A length and so many bytes.
pub(super) fn chunk(bytes: &[u8], out: &mut Vec<u8>) {
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A length and what `write` writes. One byte is left for the length; what is
/// longer than it can say is moved once.
pub(super) fn delimited<E>(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let place = out.len();
    out.push(0);
    write(out)?;
    let length = out.len() - place - 1;
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out[place] = short,
        _ => widen(out, place, length),
    }
    Ok(())
}

/// Makes room for a length that one byte does not hold.
fn widen(out: &mut Vec<u8>, place: usize, length: usize) {
    let mut prefix = Vec::with_capacity(10);
    varint(length as u64, &mut prefix);
    let start = place + 1;
    let moved = place + prefix.len();
    out.resize(moved + length, 0);
    out.copy_within(start..start + length, moved);
    out[place..moved].copy_from_slice(&prefix);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_any_width() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_152] {
            let inner = vec![7; length];
            let mut out = vec![1, 2];
            delimited(&mut out, |out| {
                out.extend_from_slice(&inner);
                Ok::<(), ()>(())
            })
            .unwrap();
            let mut want = vec![1, 2];
            chunk(&inner, &mut want);
            assert!(out == want, "{length}");
        }
    }
}
