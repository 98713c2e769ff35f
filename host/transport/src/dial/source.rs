//! The bytes of a response's body, from either HTTP.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use ostler_call::Status;

use super::{one, two};

/// The body of a response. Dropping it before its end cancels the request.
pub(crate) enum Source {
    One(one::Incoming),
    Two(two::Incoming),
}

/// One step of a body.
pub(crate) enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl Source {
    /// The next part; `None` at the end.
    pub(crate) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, Status>>> {
        match self {
            Self::One(body) => body.poll_part(cx),
            Self::Two(body) => body.poll_part(cx),
        }
    }

    /// The whole body, at most `limit` bytes of it, and its trailers. A body
    /// in one piece is not copied.
    pub(crate) async fn read(mut self, limit: usize) -> Result<(Bytes, Option<HeaderMap>), Status> {
        let mut body = Collected::default();
        let mut trailers = None;
        poll_fn(|cx| {
            loop {
                match ready!(self.poll_part(cx)) {
                    Some(Ok(Part::Data(data))) => body.add(data, limit)?,
                    Some(Ok(Part::Trailers(map))) => trailers = Some(map),
                    Some(Err(status)) => return Poll::Ready(Err(status)),
                    None => return Poll::Ready(Ok(())),
                }
            }
        })
        .await?;
        Ok((body.into_bytes(), trailers))
    }
}

#[derive(Default)]
struct Collected {
    first: Bytes,
    /// With the first piece, once there are two.
    all: BytesMut,
}

impl Collected {
    fn add(&mut self, data: Bytes, limit: usize) -> Result<(), Status> {
        if self.first.len().max(self.all.len()) + data.len() > limit {
            return Err(Status::resource_exhausted(format!(
                "the reply has more than the {limit} bytes allowed"
            )));
        }
        if self.first.is_empty() {
            self.first = data;
            return Ok(());
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&data);
        Ok(())
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}
