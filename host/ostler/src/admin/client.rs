//! The client half of the admin API.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::request::Builder;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::token::Token;
use super::wire::{
    Component, Detail, Event, Fault, LogEvent, LogQuery, Placed, Rollout, SIGNATURE, Upload,
};

/// Why the admin API gave no answer.
#[derive(Debug)]
pub enum AdminError {
    /// It was not reached, or broke off.
    Connection(String),
    /// It refused: a word for machines, words for people.
    Refused(Fault),
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(text) => f.write_str(text),
            Self::Refused(fault) => f.write_str(&fault.message),
        }
    }
}

impl std::error::Error for AdminError {}

/// Uses the admin API of one host, over a connection for each request.
#[derive(Clone, Debug)]
pub struct Client {
    address: String,
    token: Token,
}

impl Client {
    /// For the host whose admin API is at `http://HOST:PORT`.
    pub fn new(url: &str, token: Token) -> Self {
        let address = url.strip_prefix("http://").unwrap_or(url);
        let address = address.trim_end_matches('/').to_owned();
        Self { address, token }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, AdminError> {
        let unreachable = |e: &dyn fmt::Display| {
            AdminError::Connection(format!(
                "no admin API at {}: {e}; a host has one with `server.admin = \"ADDR\"`",
                self.address
            ))
        };
        let stream = TcpStream::connect(&self.address).await;
        let stream = stream.map_err(|e| unreachable(&e))?;
        let connected = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = connected.map_err(|e| unreachable(&e))?;
        #[expect(clippy::disallowed_methods, reason = "it ends with its one request")]
        tokio::spawn(connection);
        Ok(sender)
    }

    /// What is deployed.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn list(&self) -> Result<Vec<Component>, AdminError> {
        let reply = self.send(Method::GET, "/v1/components", Bytes::new());
        whole(reply.await?).await
    }

    /// One component, or the one with this service.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn inspect(&self, component: &str) -> Result<Detail, AdminError> {
        let component: String = form_urlencoded::byte_serialize(component.as_bytes()).collect();
        let path = format!("/v1/components/{component}");
        whole(self.send(Method::GET, &path, Bytes::new()).await?).await
    }

    /// Deploys a component; `tell` is given every line of the answer.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn deploy(
        &self,
        component: Bytes,
        rollout: &Rollout,
        tell: impl FnMut(&Event),
    ) -> Result<Placed, AdminError> {
        self.upload(component.into(), rollout, tell).await
    }

    /// The same of one that may have a signature.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn upload(
        &self,
        upload: Upload,
        rollout: &Rollout,
        mut tell: impl FnMut(&Event),
    ) -> Result<Placed, AdminError> {
        let path = format!("/v1/components?{}", query(rollout));
        let mut request = self.request(Method::POST, &path);
        if let Some(signature) = upload.signature {
            request = request.header(SIGNATURE, STANDARD.encode(signature));
        }
        let mut lines = Lines::new(self.answer(request, upload.component).await?);
        while let Some(event) = lines.next().await? {
            tell(&event);
            match event {
                Event::Step(_) => {}
                Event::Deployed(placed) => return Ok(placed),
                Event::Error(fault) => return Err(AdminError::Refused(fault)),
            }
        }
        Err(broken(&"it ended before the deployment did"))
    }

    /// The last lines of the host's log, and those to come if the query says
    /// so.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn logs(&self, query: &LogQuery) -> Result<LogEvents, AdminError> {
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let path = format!("/v1/logs?{query}");
        let body = self.send(Method::GET, &path, Bytes::new()).await?;
        Ok(LogEvents(Lines::new(body)))
    }

    /// Does `action` (`rollback`, `promote`, `drain`) with a component.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn change(
        &self,
        component: &str,
        action: &str,
        rollout: &Rollout,
    ) -> Result<Placed, AdminError> {
        let component: String = form_urlencoded::byte_serialize(component.as_bytes()).collect();
        let path = format!("/v1/components/{component}/{action}?{}", query(rollout));
        let reply = self.send(Method::POST, &path, Bytes::new());
        whole(reply.await?).await
    }

    /// The body of an answer that is no error.
    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Incoming, AdminError> {
        self.answer(self.request(method, path), body).await
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.address)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.text()),
            )
    }

    async fn answer(&self, request: Builder, body: Bytes) -> Result<Incoming, AdminError> {
        let request = request.body(Full::new(body)).map_err(|e| broken(&e))?;
        let mut connection = self.connect().await?;
        let reply = connection.send_request(request).await;
        let reply = reply.map_err(|e| broken(&e))?;
        let status = reply.status();
        if status == StatusCode::OK {
            return Ok(reply.into_body());
        }
        let fault: Result<Fault, _> = whole(reply.into_body()).await;
        Err(match fault {
            Ok(fault) => AdminError::Refused(fault),
            Err(_) => AdminError::Connection(format!("no admin API: HTTP {status}")),
        })
    }
}

/// Lines of a log as they come.
#[derive(Debug)]
pub struct LogEvents(Lines);

impl LogEvents {
    /// The next line; `None` after the last.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn next(&mut self) -> Result<Option<LogEvent>, AdminError> {
        self.0.next().await
    }
}

/// An answer of one JSON text a line.
#[derive(Debug)]
struct Lines {
    body: Incoming,
    rest: BytesMut,
}

impl Lines {
    fn new(body: Incoming) -> Self {
        Self {
            body,
            rest: BytesMut::new(),
        }
    }

    async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, AdminError> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                return parsed(&self.rest.split_to(end + 1)).map(Some);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    let piece = frame.into_data().unwrap_or_default();
                    self.rest.extend_from_slice(&piece);
                }
                Some(Err(e)) => return Err(broken(&e)),
                None => return Ok(None),
            }
        }
    }
}

fn query(rollout: &Rollout) -> String {
    serde_urlencoded::to_string(rollout).unwrap_or_default()
}

/// Bytes of an answer that is read whole.
const MAX_ANSWER: usize = 64 << 20;

async fn whole<T: DeserializeOwned>(body: Incoming) -> Result<T, AdminError> {
    #[expect(clippy::disallowed_methods, reason = "it is limited here")]
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|e| broken(&e))?;
    parsed(&body.to_bytes())
}

fn parsed<T: DeserializeOwned>(text: &[u8]) -> Result<T, AdminError> {
    serde_json::from_slice(text).map_err(|e| broken(&e))
}

fn broken(why: &dyn fmt::Display) -> AdminError {
    AdminError::Connection(format!("the admin API broke off: {why}"))
}
