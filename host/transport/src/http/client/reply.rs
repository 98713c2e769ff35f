//! Responses as replies.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response, header};
use ostler_call::{
    Body, Code, Deadline, Encoding, End, Kind, MessageStream, Metadata, Next, Reply, Status,
};
use ostler_wire::{FramingError, ndjson, raw};
use tokio::time::Sleep;

use super::error;
use super::source::{Part, Source};
use crate::dial;
use crate::http::names::{METADATA_PREFIX, NDJSON, PLAIN_METADATA, RAW};

/// Bytes of an error body.
const ERROR_BYTES: usize = 1 << 20;

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
        Kind::Stream(Box::pin(Messages::new(&parts, source, expected)?))
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

/// Messages of a response body, read no faster than they are pulled.
struct Messages {
    /// Dropped at the end, and with it what is left of the call.
    source: Option<Source>,
    splitter: Splitter,
    trailers: Option<HeaderMap>,
    late: Option<Pin<Box<Sleep>>>,
    end: Option<End>,
}

impl Messages {
    fn new(parts: &Parts, source: Source, expected: Expected) -> Result<Self, Status> {
        let late = expected
            .deadline
            .map(|deadline| Box::pin(tokio::time::sleep_until(deadline.instant().into())));
        Ok(Self {
            source: Some(source),
            splitter: Splitter::new(parts, expected)?,
            trailers: None,
            late,
            end: None,
        })
    }

    /// The next message; `None` when the body ended in order.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.splitter.next().map_err(malformed)? {
                return Poll::Ready(Ok(Some(message)));
            }
            let Some(source) = &mut self.source else {
                return Poll::Ready(self.splitter.finish().map_err(malformed));
            };
            if self
                .late
                .as_mut()
                .is_some_and(|late| late.as_mut().poll(cx).is_ready())
            {
                return Poll::Ready(Err(dial::late()));
            }
            match ready!(source.poll_part(cx)) {
                Some(Ok(Part::Data(data))) => self.splitter.push(data),
                Some(Ok(Part::Trailers(trailers))) => self.trailers = Some(trailers),
                Some(Err(status)) => return Poll::Ready(Err(status)),
                None => self.source = None,
            }
        }
    }
}

impl MessageStream for Messages {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let end = match ready!(self.poll_message(cx)) {
            Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
            Ok(None) => self.trailers.as_ref().map_or(End::ok(), error::of_trailers),
            Err(status) => status.into(),
        };
        self.source = None;
        self.end = Some(end.clone());
        Poll::Ready(Next::End(end))
    }
}

fn malformed(error: FramingError) -> Status {
    if error.is_too_large() {
        return Status::resource_exhausted(format!("the reply cannot be read: {error}"));
    }
    Status::internal(format!("the reply cannot be read: {error}"))
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
        let media = said
            .split(|b| *b == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
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
