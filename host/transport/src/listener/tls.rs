//! TLS of a listener: certificate, key and the authorities of clients, read
//! from files and read again when these change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Where a listener's certificate is, and whose clients it takes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TlsConfig {
    /// The certificate and those it was signed by, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// The authorities that sign the certificates of clients, PEM. `None`
    /// asks clients for none.
    pub client_ca: Option<PathBuf>,
    /// Whether a client without a certificate is served all the same.
    pub client_optional: bool,
}

/// Why files are no certificate: which, and what to do.
#[derive(Debug)]
pub struct TlsError(String);

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// The certificate that new connections get.
pub(super) struct Tls {
    config: TlsConfig,
    current: ArcSwap<ServerConfig>,
    /// What the files were when they were read first.
    read: Vec<Stamp>,
}

/// What tells that a file is another one: when it was written, and its size.
type Stamp = Option<(SystemTime, u64)>;

impl Tls {
    /// # Errors
    /// [`TlsError`] for files that are none.
    pub(super) fn load(config: TlsConfig) -> Result<Self, TlsError> {
        // Taken before, so that a change while they are read is seen.
        let read = stamps(&config);
        let current = ArcSwap::new(server_config(&config)?);
        Ok(Self {
            config,
            current,
            read,
        })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.load_full().into()
    }

    /// Reads the files again each time they change, until `stop`. Whoever
    /// replaces them does so one by one: what does not fit together yet is
    /// tried again, and the last pair that did is kept.
    pub(super) async fn follow(&self, stop: &CancellationToken) {
        let mut read = self.read.clone();
        let mut refused = None;
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let found = stamps(&self.config);
            if found == read || Some(&found) == refused.as_ref() {
                continue;
            }
            match server_config(&self.config) {
                Ok(config) => {
                    self.current.store(config);
                    let certificate = self.config.certificate.display();
                    tracing::info!(%certificate, "the certificate was replaced");
                    (read, refused) = (found, None);
                }
                Err(error) => {
                    tracing::warn!(%error, "the new certificate is not used; the old one stays");
                    refused = Some(found);
                }
            }
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn stamps(config: &TlsConfig) -> Vec<Stamp> {
    let stamp = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    let paths = [
        Some(&config.certificate),
        Some(&config.key),
        config.client_ca.as_ref(),
    ];
    paths.into_iter().flatten().map(|p| stamp(p)).collect()
}

fn server_config(config: &TlsConfig) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&config.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&config.key)
        .map_err(|e| unreadable(&config.key, &e, "a private key in PEM"))?;
    // One of several in the tree may be the process's default; this names ours.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError(e.to_string()))?;
    let builder = match &config.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            builder.with_client_cert_verifier(verifier(path, config.client_optional, provider)?)
        }
    };
    let mut server = builder.with_single_cert(chain, key).map_err(|e| {
        TlsError(format!(
            "{} and {}: {e}; the key must be that of the first certificate",
            config.certificate.display(),
            config.key.display()
        ))
    })?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

fn verifier(
    path: &Path,
    optional: bool,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    let refused = |e: &dyn fmt::Display| TlsError(format!("{}: {e}", path.display()));
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| refused(&e))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if optional {
        builder.allow_unauthenticated()
    } else {
        builder
    };
    builder.build().map_err(|e| refused(&e))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let what = "certificates in PEM";
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| unreadable(path, &e, what))?;
    if certificates.is_empty() {
        return Err(unreadable(path, &"it has none", what));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, error: &dyn fmt::Display, expected: &str) -> TlsError {
    TlsError(format!("{}: {error}; expected {expected}", path.display()))
}
