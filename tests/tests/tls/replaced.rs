//! A certificate that is replaced under load: no call fails, and new
//! connections get the new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ostler_tests::{Host, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::{Authority, Files, authority, issued};

/// Who calls meanwhile.
const CALLERS: usize = 4;
/// How often the certificate is replaced.
const TIMES: usize = 3;

const REQUEST: &str = "POST /users/get_user HTTP/1.1\r\nhost: localhost\r\n\
    content-type: application/json\r\ncontent-length: 13\r\n\r\n{\"user_id\":7}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load() {
    let ours = authority("ours");
    let files = Files::new();
    files.issue("host", &ours);
    let host = Host::start(&["users"], Some(&files.config(""))).await;
    let load = Load::start(host.addr.to_string(), &ours);
    for time in 0..TIMES {
        let before = load.answered();
        let (certificate, key) = issued(&ours);
        // For a moment the two are not of one pair.
        files.write("host.key", &key);
        if time == 0 {
            let refused = |line: &str| line.contains("the new certificate is not used");
            host.log.wait_count(refused, 1).await;
        }
        files.write("host.pem", &certificate);
        let new = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        within("the new certificate", async {
            while load.connect().await.0 != new {
                tokio::task::yield_now().await;
            }
        })
        .await;
        within("calls since", async {
            while load.answered() < before + 50 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let (answered, failed) = load.stop().await;
    println!("{answered} calls answered while the certificate was replaced {TIMES} times");
    assert_eq!(failed, 0, "of {answered}");
    assert!(host.stop().await.success());
}

/// Callers, half of which connect anew for every call.
struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<()>,
}

struct Shared {
    addr: String,
    connector: TlsConnector,
    is_over: AtomicBool,
    answered: AtomicUsize,
    failed: AtomicUsize,
}

impl Load {
    fn start(addr: String, authority: &Authority) -> Self {
        let shared = Arc::new(Shared {
            addr,
            connector: connector(authority),
            is_over: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        });
        let mut callers = JoinSet::new();
        for i in 0..CALLERS {
            let shared = Arc::clone(&shared);
            callers.spawn(async move { shared.call(i % 2 == 0).await });
        }
        Self { shared, callers }
    }

    fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::Relaxed)
    }

    async fn connect(&self) -> (CertificateDer<'static>, TlsStream<TcpStream>) {
        self.shared.connect().await.expect("the host answers")
    }

    async fn stop(mut self) -> (usize, usize) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        while self.callers.join_next().await.is_some() {}
        (self.answered(), self.shared.failed.load(Ordering::Relaxed))
    }
}

impl Shared {
    async fn connect(&self) -> std::io::Result<(CertificateDer<'static>, TlsStream<TcpStream>)> {
        let stream = TcpStream::connect(&self.addr).await?;
        let name = ServerName::try_from("localhost").expect("it is a name");
        let stream = self.connector.connect(name, stream).await?;
        let shown = stream.get_ref().1.peer_certificates();
        let shown = shown.expect("a host shows its certificate");
        Ok((shown[0].clone(), stream))
    }

    async fn call(&self, anew: bool) {
        let mut kept = None;
        while !self.is_over.load(Ordering::Relaxed) {
            match self.once(kept.take()).await {
                Ok(stream) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    kept = (!anew).then_some(stream);
                }
                Err(error) => {
                    eprintln!("a call failed: {error}");
                    self.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    async fn once(
        &self,
        kept: Option<TlsStream<TcpStream>>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut stream = match kept {
            Some(stream) => stream,
            None => self.connect().await?.1,
        };
        stream.write_all(REQUEST.as_bytes()).await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\"age\":25}") {
            if stream.read_buf(&mut answer).await? == 0 {
                let text = String::from_utf8_lossy(&answer).into_owned();
                return Err(std::io::Error::other(format!("it ended after {text:?}")));
            }
        }
        Ok(stream)
    }
}

fn connector(authority: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = authority.der().clone();
    roots.add(root).expect("an authority is a root");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
