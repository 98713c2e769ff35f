//! Responses as replies.

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response, header};
use ostler_call::{Body, Code, Deadline, Encoding, End, Kind, Metadata, Reply, Status};
use ostler_wire::{FramingError, Split, ndjson, raw};

use super::error;
use crate::dial::{ERROR_BYTES, Messages, Replies, Source, media_type};
use crate::http::names::{METADATA_PREFIX, NDJSON, PLAIN_METADATA, RAW};

/// What the caller knows of the reply before it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) streams: bool,
    pub(super) encoding: Encoding,
    pub(super) message_bytes: usize,
    pub(super) deadline: Option<Deadline>,
}

/// The reply a response is. All of it is read unless the reply streams.
pub(super) async fn of_response(
    response: Response<Source>,
    expected: Expected,
) -> Result<Reply, Status> {
    let (parts, source) = response.into_parts();
    let kind = if !parts.status.is_success() {
        let (body, trailers) = source.read(ERROR_BYTES).await?;
        let trailers = trailers.as_ref().map(error::of_trailers);
        Kind::Empty(End {
            result: Err(error::of_response(parts.status, &body)),
            trailers: trailers.map(|end| end.trailers).unwrap_or_default(),
        })
    } else if expected.streams {
        let splitter = Splitter::new(&parts, expected)?;
        Kind::Stream(Box::pin(Messages::new(source, splitter, expected.deadline)))
    } else {
        single(source, expected).await?
    };
    Ok(Reply {
        headers: metadata(&parts.headers),
        body: Body::from(kind),
    })
}

async fn single(source: Source, expected: Expected) -> Result<Kind, Status> {
    let (message, trailers) = source.read(expected.message_bytes).await?;
    let end = trailers.as_ref().map_or(End::ok(), error::of_trailers);
    Ok(match end {
        End {
            result: Ok(()),
            trailers,
        } => Kind::One(message, trailers),
        failed => Kind::Empty(failed),
    })
}

/// Response metadata; what is not metadata is left out.
fn metadata(headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let name = name.as_str();
        let key = match name.strip_prefix(METADATA_PREFIX) {
            Some(key) => key,
            None if PLAIN_METADATA.contains(&name) => name,
            None => continue,
        };
        if let Ok(value) = value.to_str() {
            metadata.insert(key, value).unwrap_or_default();
        }
    }
    metadata
}

enum Splitter {
    Lines(ndjson::Splitter),
    Chunks(raw::Splitter),
}

impl Splitter {
    /// By what the server says it sends, or else by what was asked for.
    fn new(parts: &Parts, expected: Expected) -> Result<Self, Status> {
        let asked = if expected.encoding == Encoding::Raw {
            RAW
        } else {
            NDJSON
        };
        let said = parts
            .headers
            .get(header::CONTENT_TYPE)
            .map_or(asked.as_bytes(), |v| v.as_bytes());
        let media = media_type(said);
        if !media.eq_ignore_ascii_case(asked.as_bytes()) {
            let said = String::from_utf8_lossy(media);
            let text =
                format!("the server answered {said}, not {asked}, to a call whose reply streams");
            return Err(Status::new(Code::Unknown, text));
        }
        Ok(if expected.encoding == Encoding::Raw {
            Self::Chunks(raw::Splitter::new(expected.message_bytes))
        } else {
            Self::Lines(ndjson::Splitter::new(expected.message_bytes))
        })
    }
}

impl Split for Splitter {
    fn push(&mut self, data: Bytes) {
        match self {
            Self::Lines(s) => s.push(data),
            Self::Chunks(s) => s.push(data),
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Lines(s) => s.next(),
            Self::Chunks(s) => s.next(),
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self {
            Self::Lines(s) => s.finish(),
            Self::Chunks(s) => s.finish(),
        }
    }
}

impl Replies for Splitter {
    fn end(&mut self, trailers: Option<&HeaderMap>) -> End {
        trailers.map_or(End::ok(), error::of_trailers)
    }
}
