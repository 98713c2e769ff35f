//! Requests to a collector (OTLP specification, "OTLP/HTTP"). One at a time and
//! each on a connection of its own: there is one every second at most.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of its answer that are read.
const ANSWER: usize = 64 << 10;

/// A collector.
#[derive(Debug)]
pub(super) struct Collector {
    authority: Authority,
    /// Before `/v1/traces`.
    path: String,
    headers: HeaderMap,
    /// So that a log says once that it fails, and once that it does no more.
    fails: bool,
}

impl Collector {
    /// The one at this URL, which gets these headers as well.
    ///
    /// # Errors
    /// What is wrong with either.
    pub(super) fn new(url: &str, headers: &[(String, String)]) -> Result<Self, String> {
        let wrong = || format!("{url:?} is no URL of a collector such as http://localhost:4318");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        if uri.scheme() == Some(&Scheme::HTTPS) {
            return Err(format!(
                "{url:?}: there is no TLS to collectors; send to one on this machine or network, \
                 by http://"
            ));
        }
        let authority = uri.authority().cloned().ok_or_else(wrong)?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(wrong());
        }
        let mut all = HeaderMap::new();
        let media = HeaderValue::from_static("application/x-protobuf");
        all.insert(header::CONTENT_TYPE, media);
        let agent = concat!("ostler/", env!("CARGO_PKG_VERSION"));
        all.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        all.insert(header::HOST, value("host", authority.as_str())?);
        for (name, text) in headers {
            let known = HeaderName::try_from(name).map_err(|_| format!("{name:?} is no header"))?;
            all.append(known, value(name, text)?);
        }
        Ok(Self {
            authority,
            path: uri.path().trim_end_matches('/').to_owned(),
            headers: all,
            fails: false,
        })
    }

    /// Sends a message; whether the collector took it.
    pub(super) async fn send(&mut self, path: &str, body: Vec<u8>) -> bool {
        let sent = tokio::time::timeout(TIMEOUT, self.post(path, body.into())).await;
        let sent = sent.unwrap_or_else(|_| Err(format!("no answer in {TIMEOUT:?}")));
        let failed = std::mem::replace(&mut self.fails, sent.is_err());
        match &sent {
            Err(why) if !failed => tracing::warn!(
                collector = %self.authority,
                why,
                "traces and metrics are not taken; they are dropped until they are"
            ),
            Ok(()) if failed => {
                tracing::info!(collector = %self.authority, "traces and metrics are taken again");
            }
            _ => {}
        }
        sent.is_ok()
    }

    async fn post(&self, path: &str, body: Bytes) -> Result<(), String> {
        let host = self.authority.host().trim_matches(['[', ']']);
        let port = self.authority.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host, port)).await.map_err(text)?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(text)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = format!("{}{path}", self.path).parse().map_err(text)?;
        request.headers_mut().clone_from(&self.headers);
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(text)?;
            let status = answer.status();
            #[expect(clippy::disallowed_methods, reason = "it is limited here")]
            let body = Limited::new(answer.into_body(), ANSWER).collect();
            body.await.map_err(text)?;
            if status.is_success() {
                return Ok(());
            }
            Err(format!("it answered {status}"))
        };
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            done = exchange.as_mut() => done,
            // It has ended: what was answered is there already.
            _ = connection.as_mut() => exchange.await,
        }
    }
}

fn value(name: &str, text: &str) -> Result<HeaderValue, String> {
    HeaderValue::try_from(text).map_err(|_| format!("the header {name:?} cannot have this value"))
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, path) in [
            ("http://localhost:4318", ""),
            ("http://[::1]:4318/", ""),
            ("http://collector/otlp/", "/otlp"),
        ] {
            assert_eq!(Collector::new(url, &[]).unwrap().path, path, "{url}");
        }
        for (url, word) in [
            ("localhost:4318", "no URL"),
            ("/v1", "no URL"),
            ("ftp://a", "no URL"),
            ("https://a", "no TLS"),
        ] {
            let refused = Collector::new(url, &[]).unwrap_err();
            assert!(refused.contains(word), "{refused}");
        }
        let header = [("a b".to_owned(), "c".to_owned())];
        assert!(Collector::new("http://a", &header).is_err());
    }
}
