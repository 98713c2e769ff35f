//! Helpers of the splitters' tests.

use bytes::Bytes;
use proptest::sample::Index;

use crate::FramingError;

/// Pushes every chunk and gives all messages, or the first error.
macro_rules! drain {
    ($splitter:expr, $chunks:expr) => {
        (|| {
            let mut messages: Vec<bytes::Bytes> = Vec::new();
            for chunk in $chunks {
                $splitter.push(chunk);
                while let Some(message) = $splitter.next()? {
                    messages.push(message);
                }
            }
            while let Some(message) = $splitter.finish()? {
                messages.push(message);
            }
            Ok::<_, crate::FramingError>(messages)
        })()
    };
}
pub(crate) use drain;

/// `body` in pieces, cut at `cuts`; some pieces are empty.
pub(crate) fn cut(body: &[u8], cuts: &[Index]) -> Vec<Bytes> {
    let mut places: Vec<usize> = cuts.iter().map(|c| c.index(body.len() + 1)).collect();
    places.push(body.len());
    places.sort_unstable();
    let mut start = 0;
    let mut pieces = Vec::new();
    for end in places {
        pieces.push(Bytes::copy_from_slice(&body[start..end]));
        start = end;
    }
    pieces
}

/// Messages as text, for readable tables.
pub(crate) fn texts(
    messages: Result<Vec<Bytes>, FramingError>,
) -> Result<Vec<String>, FramingError> {
    Ok(messages?
        .iter()
        .map(|m| String::from_utf8(m.to_vec()).unwrap())
        .collect())
}
