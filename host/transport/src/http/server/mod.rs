//! The server half: one request in, one reply out, no task of its own. When
//! the client goes away hyper drops the future or the reply's body, and with
//! it the call.

mod body;
mod cors;
mod error;
mod events;
#[doc(hidden)]
pub mod probe;
mod reply;
mod request;

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method as Verb, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::service::Service;
use ostler_call::{Body, Deadline, Encoding};
use ostler_schema::{Admitted, Handler, Health, Type, admitted};
use tokio_util::sync::CancellationToken;

use self::error::Refusal;
pub(crate) use self::error::http_status;
pub(crate) use self::reply::ReplyBody;
use self::request::{Form, Target};
use crate::body::{Unread, in_time, whole};
use crate::listener::AnyBody;
use crate::rpc;
use crate::websocket::server::{self as websocket, Sockets};

/// What the HTTP transport allows a request.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Bytes of one message, in either direction.
    pub message_bytes: usize,
    /// Until the whole body of a request with a single message has arrived.
    pub body_timeout: Duration,
    /// Headers that are metadata under their own name, beside the standard
    /// ones; lower case.
    pub metadata_headers: Vec<String>,
    /// Whether `/.well-known/ostler/contract` is answered.
    pub contract: bool,
    /// How long an event stream is silent before it shows that it is alive.
    pub event_idle: Duration,
    /// The fewest bytes of a message that is compressed for clients of gRPC and
    /// Connect that take it.
    pub compress_min: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            message_bytes: 4 << 20,
            body_timeout: Duration::from_secs(30),
            metadata_headers: Vec::new(),
            contract: true,
            event_idle: Duration::from_secs(20),
            compress_min: 1 << 10,
        }
    }
}

/// Serves the requests of one connection.
#[derive(Clone)]
pub(crate) struct Connection {
    site: Arc<Site>,
}

struct Site {
    handler: Arc<dyn Handler>,
    config: HttpConfig,
    sockets: Sockets,
    peer: SocketAddr,
    stop: CancellationToken,
    /// What the connection holds; a socket it becomes holds it too.
    permit: Arc<dyn Any + Send + Sync>,
}

impl Connection {
    pub(crate) fn new(
        handler: Arc<dyn Handler>,
        config: HttpConfig,
        sockets: Sockets,
        peer: SocketAddr,
        stop: CancellationToken,
        permit: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        let site = Site {
            handler,
            config,
            sockets,
            peer,
            stop,
            permit,
        };
        Self {
            site: Arc::new(site),
        }
    }
}

impl Service<Request<Incoming>> for Connection {
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let site = Arc::clone(&self.site);
        if websocket::is_upgrade(&request) {
            let response = site.upgrade(request).map(AnyBody::Plain);
            return Box::pin(std::future::ready(Ok(response)));
        }
        let page = cors::page(&request, site.sockets.origins());
        let last = Last {
            closes: request.version() < Version::HTTP_2,
            page,
        };
        if let Some(response) = last.page.as_ref().and_then(|p| p.preflight(&request)) {
            let response = last.say(&site, response.map(AnyBody::Plain));
            return Box::pin(std::future::ready(Ok(response)));
        }
        // NB a box each: what is in a box is as large as the larger of them.
        match rpc::server::meant(&request, &*site.handler) {
            Some(dialect) => Box::pin(async move {
                let (handler, config) = (&*site.handler, &site.config);
                let response =
                    rpc::server::answer(handler, config, site.peer, dialect, request).await;
                Ok(last.say(&site, response.map(AnyBody::Rpc)))
            }),
            None => Box::pin(async move {
                let response = site.answer(request).await;
                Ok(last.say(&site, response.map(AnyBody::Plain)))
            }),
        }
    }
}

/// What is said of every response at last.
struct Last {
    /// Whether the connection may be closed by a response.
    closes: bool,
    /// The page that called.
    page: Option<cors::Page>,
}

impl Last {
    fn say(self, site: &Site, mut response: Response<AnyBody>) -> Response<AnyBody> {
        if let Some(page) = self.page {
            page.show(response.headers_mut());
        }
        // The client learns that this is the last answer here, so that none of
        // its requests meets a closed connection.
        if self.closes && site.stop.is_cancelled() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }
}

impl Site {
    /// Makes a socket of a connection.
    fn upgrade(&self, mut request: Request<Incoming>) -> Response<ReplyBody> {
        let metadata = match request::metadata(request.headers(), &self.config) {
            Ok(metadata) => metadata,
            Err(refusal) => return refusal.response(None),
        };
        let permit = Arc::clone(&self.permit);
        let agreed = self
            .sockets
            .upgrade(&mut request, metadata, self.peer, permit);
        match agreed {
            Ok(response) => response.map(ReplyBody::full),
            Err(refused) => Refusal::from(refused).response(None),
        }
    }

    /// The whole path of a request in the plain profile.
    async fn answer(&self, request: Request<Incoming>) -> Response<ReplyBody> {
        let (parts, body) = request.into_parts();
        // A client still sending must get to read the refusal.
        let unread = Unread::of(&parts);
        let refuse = |refusal: Refusal, body: Incoming| {
            unread.leave(body);
            refusal.response(unread.take())
        };
        let target = match request::target(&parts, &self.config, self.peer) {
            Ok(target) => target,
            Err(refusal) => return refuse(refusal, body),
        };
        let (head, form) = match target {
            Target::Health => return self.health(),
            Target::Contract => return reply::json(self.handler.contract().await),
            Target::Finished => return events::finished(),
            Target::Call(head, form) => (head, form),
        };
        let reply_encoding = head.reply;
        let deadline = head.deadline;
        let events = request::wants_events(&parts.headers);
        let admitted = match admitted(&*self.handler, *head).await {
            Ok(admitted) => admitted,
            Err(reply) => return refuse(error::of_reply(reply), body),
        };
        if let Err(refusal) = check(&admitted, &parts.method, form, reply_encoding, events) {
            return refuse(refusal, body);
        }
        let shape = reply::Shape::new(
            admitted.method(),
            reply_encoding,
            request::wants_trailers(&parts.headers),
            events.then_some(self.config.event_idle),
        );
        let oversized = body::Oversized::default();
        let messages = if admitted.method().pattern.streams_in() {
            let chunk = admitted.method().chunk_size;
            let limit = self.config.message_bytes;
            body::messages(body, form, limit, chunk, oversized.clone())
        } else if form == Form::Query {
            Body::one(Bytes::from(
                parts.uri.query().unwrap_or_default().to_owned(),
            ))
        } else {
            match self.single(body, deadline).await {
                Ok(message) => Body::one(message),
                Err((refusal, body)) => {
                    unread.leave(body);
                    Box::pin(unread.let_through()).await;
                    return refusal.response(unread.take());
                }
            }
        };
        let reply = admitted.serve(messages);
        let reply = match shape.event_idle() {
            None => reply.await,
            Some(idle) => events::reply(reply, idle).await,
        };
        reply::response(reply, shape, oversized.is_set())
    }

    fn health(&self) -> Response<ReplyBody> {
        match self.handler.health() {
            Health::Serving => reply::json(Bytes::from_static(b"{\"status\": \"ok\"}")),
            Health::NotServing => {
                let mut response =
                    reply::json(Bytes::from_static(b"{\"status\": \"not serving\"}"));
                *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        }
    }

    /// Reads the one message of a body, within limits.
    async fn single(
        &self,
        mut body: Incoming,
        deadline: Option<Deadline>,
    ) -> Result<Bytes, (Refusal, Incoming)> {
        let reading = whole(&mut body, self.config.message_bytes);
        let read = in_time(self.config.body_timeout, deadline, reading).await;
        read.flatten().map_err(|why| (why.into(), body))
    }
}

/// Whether the method can be called in this form.
fn check(
    admitted: &Admitted,
    verb: &Verb,
    form: Form,
    reply: Encoding,
    events: bool,
) -> Result<(), Refusal> {
    let method = admitted.method();
    let by_get = method.idempotent && !method.pattern.streams_in();
    if verb == Verb::GET && !by_get {
        return Err(Refusal::verb(
            "POST",
            "the method is not idempotent: call it by POST",
        ));
    }
    let chunks = |ty| matches!(admitted.plan()[ty], Type::Bytes);
    let raw_in = method.pattern.streams_in() && chunks(method.request.message);
    let raw_out = method.pattern.streams_out() && method.response.message.is_some_and(chunks);
    match form {
        Form::Raw if !raw_in => {
            return Err(Refusal::media_type(
                "the method does not take a chunk stream",
            ));
        }
        Form::Ndjson if !method.pattern.streams_in() => {
            return Err(Refusal::media_type(
                "the method takes one message, not a stream",
            ));
        }
        _ => {}
    }
    if reply == Encoding::Raw && !raw_out {
        return Err(Refusal::not_acceptable(
            "the method does not answer a chunk stream",
        ));
    }
    if events && !method.pattern.streams_out() {
        return Err(Refusal::not_acceptable(
            "the method answers one message: accept application/json",
        ));
    }
    Ok(())
}
