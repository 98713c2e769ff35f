//! Compression of single messages: gzip (RFC 1952), the one that every
//! implementation of gRPC and Connect has.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::FramingError;

/// `data` compressed. Fast rather than small: a call waits for it.
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(data.len() / 4), Compression::fast());
    // NB writing to memory does not fail.
    let written = encoder.write_all(data).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// What `data` was before it was compressed, of at most `limit` bytes.
///
/// # Errors
/// [`FramingError::TooLarge`] as soon as there is more, and
/// [`FramingError::Compression`] for what is not gzip.
pub fn gunzip(data: &[u8], limit: usize) -> Result<Bytes, FramingError> {
    let mut out = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(data)
        .take(one_more)
        .read_to_end(&mut out)
        .map_err(|error| FramingError::Compression(error.to_string()))?;
    if out.len() > limit {
        return Err(FramingError::TooLarge { limit });
    }
    Ok(out.into())
}

/// Bytes by which compressed data may be longer than what it was, when nothing
/// could be gained (RFC 1951, section 3.2.4, and the head and tail of gzip).
pub const fn slack(limit: usize) -> usize {
    limit / 1024 + 64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_is_refused_at_its_limit() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 8 << 10);
        assert_eq!(gunzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        for limit in [0, 1, (1 << 20) - 1] {
            let refused = gunzip(&bomb, limit);
            assert_eq!(refused, Err(FramingError::TooLarge { limit }));
        }
    }

    #[test]
    fn what_is_not_gzip() {
        let whole = gzip(b"hello");
        for broken in [&b""[..], b"hello", &whole[..whole.len() - 1]] {
            let found = gunzip(broken, 100);
            assert!(
                matches!(found, Err(FramingError::Compression(_))),
                "{broken:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn round_trips(data in prop::collection::vec(any::<u8>(), 0..2000)) {
            let packed = gzip(&data);
            prop_assert!(packed.len() <= data.len() + slack(data.len()));
            prop_assert_eq!(gunzip(&packed, data.len()).unwrap(), data);
        }

        #[test]
        fn reads_anything(data in prop::collection::vec(any::<u8>(), 0..200)) {
            gunzip(&data, 100).ok();
        }
    }
}
