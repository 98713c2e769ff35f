//! The server half: one request in, one reply out. When the client goes away
//! hyper drops the future or the reply's body, and with it the call.

mod body;
mod compression;
mod connect;
mod dialect;
mod error;
mod grpc;
mod messages;
mod metadata;
mod reply;
mod request;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method as Verb, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use ostler_call::{Body, Deadline, Status};
use ostler_schema::{Handler, Method};
use ostler_wire::compression::slack;
use ostler_wire::connect::Query;

pub(crate) use self::body::ReplyBody;
use self::dialect::Protocol;
pub(crate) use self::dialect::{Dialect, meant};
use self::error::Refusal;
use self::messages::{Splitter, framed, only};
use self::reply::Shape;
use crate::body::{Unread, in_time, whole};
use crate::http::server::HttpConfig;

/// The whole path of a request that is [`meant`] for one of these protocols.
pub(crate) async fn answer(
    handler: &dyn Handler,
    config: &HttpConfig,
    peer: SocketAddr,
    dialect: Dialect,
    request: http::Request<Incoming>,
) -> Response<ReplyBody> {
    let (parts, body) = request.into_parts();
    // A client still sending must get to read the reply.
    let unread = Unread::of(&parts);
    let (dialect, query) = with_query(dialect, parts.uri.query());
    let shape = Shape::new(dialect, &parts.headers, config.compress_min);
    let refuse = |refusal: Refusal, body: Incoming| {
        unread.leave(body);
        refusal.response(&shape, unread.clone())
    };
    let call = match request::call(&parts, dialect, query.as_ref(), peer) {
        Ok(call) => call,
        Err(refusal) => return refuse(refusal, body),
    };
    if query.is_some() && !body.is_end_stream() {
        return refuse(Refusal::media_type(), body);
    }
    let deadline = call.head.deadline;
    let admitted = match handler.admit(call.head) {
        Ok(admitted) => admitted,
        Err(reply) => return refuse(Refusal::of_refused(reply), body),
    };
    if let Err(refusal) = check(admitted.method(), &parts.method, dialect.protocol) {
        return refuse(refusal, body);
    }
    let pattern = admitted.method().pattern;
    let input = Input {
        dialect,
        config,
        deadline,
        gzip: call.gzip,
        unread: &unread,
    };
    let messages = if pattern.streams_in() {
        Body::stream(input.messages(body, true))
    } else {
        match input.one(body, query).await {
            Ok(message) => Body::one(message),
            Err(status) => return shape.refused(status.into(), unread),
        }
    };
    let reply = admitted.serve(messages).await;
    shape.response(reply, pattern.streams_out(), unread)
}

/// The query of a call by GET, which names the codec.
fn with_query(dialect: Dialect, query: Option<&str>) -> (Dialect, Option<Query>) {
    if dialect.protocol != Protocol::ConnectGet {
        return (dialect, None);
    }
    let query = Query::read(query.unwrap_or_default());
    (dialect.with_codec(query.encoding.as_deref()), Some(query))
}

/// Whether the method can be called in this form.
fn check(method: &Method, verb: &Verb, protocol: Protocol) -> Result<(), Refusal> {
    let streams = method.pattern.streams_in() || method.pattern.streams_out();
    if verb == Verb::GET && (streams || !method.idempotent) {
        return Err(Refusal::verb("POST"));
    }
    match protocol {
        Protocol::Connect if streams => Err(Refusal::media_type()),
        Protocol::ConnectStream if !streams => Err(Refusal::media_type()),
        _ => Ok(()),
    }
}

/// How the body of a request is read.
struct Input<'a> {
    dialect: Dialect,
    config: &'a HttpConfig,
    deadline: Option<Deadline>,
    gzip: bool,
    unread: &'a Unread,
}

impl Input<'_> {
    /// Messages in frames.
    fn messages(&self, body: Incoming, streams: bool) -> messages::Framed {
        let limit = self.config.message_bytes;
        let splitter = Splitter::new(self.dialect, streams, limit, self.gzip);
        framed(body, splitter, self.unread.clone(), self.dialect)
    }

    /// The one message, wherever it is.
    async fn one(&self, body: Incoming, query: Option<Query>) -> Result<Bytes, Status> {
        if let Some(query) = query {
            return self.of_query(query);
        }
        if self.dialect.protocol == Protocol::Connect {
            return self.bare(body).await;
        }
        let reading = only(self.messages(body, false));
        in_time(self.config.body_timeout, self.deadline, reading).await?
    }

    fn of_query(&self, query: Query) -> Result<Bytes, Status> {
        let message = query.message();
        let message = message.map_err(|e| Status::invalid_argument(e.to_string()))?;
        self.decompressed(message.unwrap_or_default())
    }

    /// The one message of a body without frames.
    async fn bare(&self, mut body: Incoming) -> Result<Bytes, Status> {
        let limit = self.config.message_bytes;
        let slack = if self.gzip { slack(limit) } else { 0 };
        let reading = whole(&mut body, limit.saturating_add(slack));
        let read = in_time(self.config.body_timeout, self.deadline, reading).await;
        match read.flatten() {
            Ok(message) => self.decompressed(message),
            Err(why) => {
                self.unread.leave(body);
                Err(why.into())
            }
        }
    }

    fn decompressed(&self, message: Bytes) -> Result<Bytes, Status> {
        if !self.gzip {
            return Ok(message);
        }
        connect::decompressed(message, self.config.message_bytes)
    }
}
