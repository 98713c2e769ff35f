//! Whom a client calls, and connections to there.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};
use ostler_call::Status;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::tls::Tls;
use super::{ClientConfig, Http};

/// The bytes of a connection, inside TLS or not.
pub(crate) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// The schemes of a transport's URLs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schemes {
    pub(crate) plain: &'static str,
    pub(crate) tls: &'static str,
}

/// Whom a client calls, and how.
pub(crate) struct Target {
    /// Host and port.
    pub(crate) authority: Authority,
    pub(crate) config: ClientConfig,
    tls: Option<Tls>,
}

impl Target {
    /// The host that `url` names.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a URL of another form, or files that are no
    /// certificates.
    pub(crate) fn new(url: &str, schemes: Schemes, config: ClientConfig) -> Result<Self, Status> {
        let (scheme, authority) = parse(url, schemes)?;
        let tls = match scheme == schemes.tls {
            true => Some(Tls::new(authority.host(), &config.tls)?),
            false => None,
        };
        Ok(Self {
            authority,
            config,
            tls,
        })
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// As HTTP/2 names it.
    pub(super) fn scheme(&self) -> Scheme {
        if self.is_tls() {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        }
    }

    /// A connection within its time, for one of these versions where TLS lets
    /// them be chosen.
    ///
    /// # Errors
    /// `UNAVAILABLE` when there is none.
    pub(crate) async fn dial(&self, versions: &[Http]) -> Result<Stream, Status> {
        let host = self.authority.host();
        let usual = if self.is_tls() { 443 } else { 80 };
        let port = self.authority.port_u16().unwrap_or(usual);
        let unreachable = |why: &dyn fmt::Display| {
            Status::unavailable(format!("cannot connect to {host}:{port}: {why}"))
        };
        let connecting = async {
            let stream = TcpStream::connect(format!("{host}:{port}")).await?;
            stream.set_nodelay(true)?;
            match &self.tls {
                Some(tls) => tls.connect(stream, versions).await.map(Either::Right),
                None => Ok(Either::Left(stream)),
            }
        };
        let limit = self.config.connect_timeout;
        tokio::time::timeout(limit, connecting)
            .await
            .map_err(|_| unreachable(&format_args!("no answer within {limit:?}")))?
            .map_err(|e| unreachable(&e))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("authority", &self.authority)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Scheme, host and port of a `url`, which has nothing else.
fn parse(url: &str, schemes: Schemes) -> Result<(String, Authority), Status> {
    let Schemes { plain, tls } = schemes;
    let wrong = |why: &str| {
        Status::invalid_argument(format!(
            "{url:?} is not the URL of a host: {why}; write {plain}://HOST:PORT or {tls}://HOST:PORT"
        ))
    };
    let uri: Uri = url.parse().map_err(|e| wrong(&format!("{e}")))?;
    let scheme = match uri.scheme_str() {
        Some(given) if given == plain || given == tls => given.to_owned(),
        Some(given) => return Err(wrong(&format!("{given} is not supported"))),
        None => return Err(wrong("it has no scheme")),
    };
    if uri.path() != "/" || uri.query().is_some() {
        return Err(wrong("it has a path"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("it has a user"));
    }
    Ok((scheme, authority.clone()))
}
