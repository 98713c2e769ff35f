//! TLS of a client: whom it trusts, and who it is.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ostler_call::Status;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, RootCertStore};
use tokio_util::either::Either;

use super::{Http, Stream};

/// Whom a client trusts, and who it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientTls {
    /// Authorities that sign the certificates of servers, PEM, beside those
    /// that the platform trusts.
    pub ca: Option<PathBuf>,
    /// The certificate and key, PEM, shown to servers that ask for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What connections to one host are made with.
pub(super) struct Tls {
    config: rustls::ClientConfig,
    name: ServerName<'static>,
}

impl Tls {
    /// # Errors
    /// `INVALID_ARGUMENT` for files that are no certificates.
    pub(super) fn new(host: &str, tls: &ClientTls) -> Result<Self, Status> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|e| {
            Status::invalid_argument(format!("{host}: no certificate can have that name: {e}"))
        })?;
        Ok(Self {
            config: config(tls)?,
            name,
        })
    }

    /// # Errors
    /// When the server is not trusted, does not trust, or speaks no TLS.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        versions: &[Http],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut config = self.config.clone();
        config.alpn_protocols = versions.iter().map(|http| alpn(*http).to_vec()).collect();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(self.name.clone(), stream).await
    }
}

fn alpn(http: Http) -> &'static [u8] {
    match http {
        Http::One => b"http/1.1",
        Http::Two => b"h2",
    }
}

/// The version that both sides chose; HTTP/1.1 where nothing was said.
pub(super) fn agreed(stream: &Stream) -> Http {
    match stream {
        Either::Right(tls) if tls.get_ref().1.alpn_protocol() == Some(alpn(Http::Two)) => Http::Two,
        _ => Http::One,
    }
}

fn config(tls: &ClientTls) -> Result<rustls::ClientConfig, Status> {
    // One of several in the tree may be the process's default; this names ours.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Status::internal(e.to_string()))?
        .with_root_certificates(roots(tls.ca.as_deref())?);
    let Some((certificate, key)) = &tls.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| unreadable(key, &e, "a private key in PEM"))?;
    builder
        .with_client_auth_cert(chain, private)
        .map_err(|e| unreadable(key, &e, "the key of the certificate"))
}

/// Those of the platform, and those of the file.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, Status> {
    let mut roots = RootCertStore::empty();
    // A machine that has none trusts the file alone; a certificate that cannot
    // be read is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            let added = roots.add(certificate);
            added.map_err(|e| unreadable(path, &e, "certificates of authorities"))?;
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Status> {
    let what = "certificates in PEM";
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| unreadable(path, &e, what))?;
    if certificates.is_empty() {
        return Err(unreadable(path, &"it has none", what));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, error: &dyn fmt::Display, expected: &str) -> Status {
    let path = path.display();
    Status::invalid_argument(format!("{path}: {error}; expected {expected}"))
}
