//! The server half: one request in, one reply out. When the client goes away
//! hyper drops the future or the reply's body, and with it the call.

mod body;
mod compression;
mod connect;
mod dialect;
mod error;
mod grpc;
mod messages;
pub(super) mod metadata;
mod reply;
mod request;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Method as Verb, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use ostler_call::{Body, Deadline, Status};
use ostler_schema::{Admission, Handler, Method};
use ostler_wire::compression::slack;
use ostler_wire::connect::Query;

pub(crate) use self::body::ReplyBody;
use self::dialect::Protocol;
pub(crate) use self::dialect::{Dialect, meant};
use self::error::Refusal;
use self::messages::{Only, Splitter, framed};
use self::reply::Shape;
use crate::body::{Unread, Unreadable, in_time, whole};
use crate::http::server::HttpConfig;

/// The whole path of a request that is [`meant`] for one of these protocols.
pub(crate) async fn answer(
    handler: &dyn Handler,
    config: &HttpConfig,
    peer: SocketAddr,
    dialect: Dialect,
    request: http::Request<Incoming>,
) -> Response<ReplyBody> {
    let Begun {
        admission,
        read,
        body,
        query,
        shape,
        input,
    } = match begin(handler, config, peer, dialect, request) {
        Ok(begun) => begun,
        Err(refused) => return *refused,
    };
    let admitted = admission.granted().await.map_err(Refusal::of_refused);
    let checked = admitted.and_then(|admitted| {
        check(admitted.method(), read, dialect.protocol)?;
        Ok(admitted)
    });
    let admitted = match checked {
        Ok(admitted) => admitted,
        Err(refusal) => {
            input.unread.leave(body);
            return refusal.response(&shape, input.unread);
        }
    };
    let pattern = admitted.method().pattern;
    let messages = if pattern.streams_in() {
        Body::stream(input.messages(body, true))
    } else {
        match input.one(body, query).await {
            Ok(message) => Body::one(message),
            Err(refusal) => {
                Box::pin(input.unread.let_through()).await;
                return refusal.response(&shape, input.unread);
            }
        }
    };
    let reply = admitted.serve(messages).await;
    shape.response(reply, pattern.streams_out(), input.unread)
}

/// A call that is not refused by its head, and what is left of its request:
/// headers are not kept while it runs.
struct Begun<'a> {
    admission: Admission,
    /// Whether it came by GET.
    read: bool,
    body: Incoming,
    query: Option<Box<Query>>,
    shape: Shape,
    input: Input<'a>,
}

/// The path of a request up to its body.
///
/// # Errors
/// The response of one that is refused.
fn begin<'a>(
    handler: &dyn Handler,
    config: &'a HttpConfig,
    peer: SocketAddr,
    dialect: Dialect,
    request: http::Request<Incoming>,
) -> Result<Begun<'a>, Box<Response<ReplyBody>>> {
    let (parts, body) = request.into_parts();
    // A client still sending must get to read the reply.
    let unread = Unread::of(&parts);
    let (dialect, query) = with_query(dialect, parts.uri.query());
    let shape = Shape::new(dialect, &parts.headers, config.compress_min);
    let admission = (|| -> Result<_, Refusal> {
        let call = request::call(&parts, dialect, query.as_deref(), peer)?;
        let (gzip, deadline) = (call.gzip, call.head.deadline);
        let admission = handler.admit(call.head).map_err(Refusal::of_refused)?;
        Ok((admission, gzip, deadline))
    })();
    let (admission, gzip, deadline) = match admission {
        Ok(admission) => admission,
        Err(refusal) => {
            unread.leave(body);
            return Err(Box::new(refusal.response(&shape, unread)));
        }
    };
    let input = Input {
        dialect,
        config,
        deadline,
        gzip,
        unread,
    };
    Ok(Begun {
        admission,
        read: parts.method == Verb::GET,
        body,
        query,
        shape,
        input,
    })
}

/// The query of a call by GET, which names the codec.
fn with_query(dialect: Dialect, query: Option<&str>) -> (Dialect, Option<Box<Query>>) {
    if dialect.protocol != Protocol::ConnectGet {
        return (dialect, None);
    }
    let query = Query::read(query.unwrap_or_default());
    let dialect = dialect.with_codec(query.encoding.as_deref());
    (dialect, Some(Box::new(query)))
}

/// Whether the method can be called in this form.
fn check(method: &Method, read: bool, protocol: Protocol) -> Result<(), Refusal> {
    let streams = method.pattern.streams_in() || method.pattern.streams_out();
    if read && (streams || !method.idempotent) {
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
    unread: Unread,
}

impl Input<'_> {
    /// Messages in frames.
    fn messages(&self, body: Incoming, streams: bool) -> messages::Framed {
        let limit = self.config.message_bytes;
        let splitter = Splitter::new(self.dialect, streams, limit, self.gzip);
        framed(body, splitter, self.unread.clone(), self.dialect)
    }

    /// The one message, wherever it is.
    async fn one(&self, body: Incoming, query: Option<Box<Query>>) -> Result<Bytes, Refusal> {
        if let Some(query) = query {
            if !body.is_end_stream() {
                Box::pin(self.nothing(body)).await?;
            }
            return Ok(self.of_query(*query)?);
        }
        if self.dialect.protocol == Protocol::Connect {
            return Ok(self.bare(body).await?);
        }
        let pending = match at_once(Only::of(self.messages(body, false))) {
            Ok(read) => return Ok(read?),
            Err(pending) => pending,
        };
        let read = in_time(self.config.body_timeout, self.deadline, pending).await;
        Ok(read.map_err(Status::from)??)
    }

    /// The body of a GET, which has none. Over HTTP/2 some clients say so after
    /// the head, in a frame of its own.
    async fn nothing(&self, mut body: Incoming) -> Result<(), Refusal> {
        let reading = Box::pin(whole(&mut body, 0));
        let read = in_time(self.config.body_timeout, self.deadline, reading).await;
        let Err(why) = read.flatten() else {
            return Ok(());
        };
        self.unread.leave(body);
        Err(match why {
            Unreadable::TooLarge(_) => Refusal::media_type(),
            why => Status::from(why).into(),
        })
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
        let reading = Box::pin(whole(&mut body, limit.saturating_add(slack)));
        let read = match at_once(reading) {
            Ok(read) => read,
            Err(pending) => {
                let read = in_time(self.config.body_timeout, self.deadline, pending);
                read.await.flatten()
            }
        };
        match read {
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

/// What `reading` gives at once, as it mostly does: then no timer is set, and
/// the future of the call has no room for it.
fn at_once<F: Future + Unpin>(mut reading: F) -> Result<F::Output, Box<F>> {
    (&mut reading)
        .now_or_never()
        .ok_or_else(|| Box::new(reading))
}
