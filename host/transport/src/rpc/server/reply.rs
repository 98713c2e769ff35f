//! Replies as HTTP responses: a head, frames, an end.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use ostler_call::{Encoding, End, Kind, Reply};
use ostler_wire::compression;

use super::body::ReplyBody;
use super::compression::{GZIP, is_accepted, names};
use super::dialect::{Dialect, Protocol};
use super::{connect, grpc, metadata};
use crate::body::Unread;

/// What decides how a reply is laid out, known before the call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) dialect: Dialect,
    /// The fewest bytes of a message that is compressed; none where the client
    /// does not take that.
    gzip: Option<usize>,
}

impl Shape {
    pub(super) fn new(dialect: Dialect, headers: &HeaderMap, compress_min: usize) -> Self {
        let gzip = is_accepted(dialect, headers).then_some(compress_min);
        Self { dialect, gzip }
    }

    pub(super) fn content_type(&self) -> HeaderValue {
        let content = self.dialect.content;
        HeaderValue::from_static(content.map_or("application/proto", |(media, _)| media))
    }

    /// The message of a method without a result.
    pub(super) fn nothing(&self) -> Bytes {
        Bytes::from_static(match self.dialect.encoding() {
            Encoding::ProtoJson => b"{}",
            Encoding::PlainJson => b"null",
            _ => b"",
        })
    }

    /// Whether some message of a stream may be compressed.
    pub(super) fn may_compress(&self) -> bool {
        self.gzip.is_some()
    }

    /// A message compressed, where that is asked for and pays.
    pub(super) fn compressed(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.gzip.filter(|min| message.len() >= *min)?;
        let packed = compression::gzip(message);
        (packed.len() < message.len()).then_some(packed)
    }

    /// The response of a call; `streams` when it answers any number of
    /// messages.
    pub(super) fn response(
        &self,
        reply: Reply,
        streams: bool,
        unread: Unread,
    ) -> Response<ReplyBody> {
        match self.dialect.protocol {
            Protocol::Connect | Protocol::ConnectGet => connect::response(reply, self, unread),
            _ => framed(reply, *self, streams, unread),
        }
    }

    /// The response to a request that was not served.
    pub(super) fn refused(&self, reply: Reply, unread: Unread) -> Response<ReplyBody> {
        self.response(reply, false, unread)
    }
}

fn framed(reply: Reply, shape: Shape, streams: bool, unread: Unread) -> Response<ReplyBody> {
    let names = names(shape.dialect.protocol);
    let mut headers = HeaderMap::with_capacity(4 + reply.headers.len());
    headers.insert(header::CONTENT_TYPE, shape.content_type());
    headers.insert(names.accepted, GZIP);
    metadata::add(&mut headers, &reply.headers);
    let guard = reply.body.guard;
    let body = match reply.body.kind {
        // Trailers-Only: nothing was said before the error.
        Kind::Empty(end)
            if end.result.is_err() && reply.headers.is_empty() && !shape.dialect.is_connect() =>
        {
            headers.extend(grpc::trailers(&end));
            ReplyBody::bare(Bytes::new(), unread)
        }
        Kind::Empty(end) => {
            // A method without a result answers one message all the same.
            let nothing = (!streams && end.result.is_ok()).then(|| shape.nothing());
            ReplyBody::whole(shape, nothing, end, unread)
        }
        Kind::One(message, trailers) => {
            let result = Ok(());
            ReplyBody::whole(shape, Some(message), End { result, trailers }, unread)
        }
        Kind::Stream(messages) => ReplyBody::stream(shape, messages, unread),
    };
    if body.may_compress() {
        headers.insert(names.used, GZIP);
    }
    let mut response = Response::new(body.guarded(guard));
    *response.headers_mut() = headers;
    response
}
