//! TLS with real certificates: what `curl` and a client of our own see, whose
//! clients are taken, and a certificate that is replaced while calls run.

mod callers;
mod replaced;

use std::path::{Path, PathBuf};

use ostler_tests::{Host, Table, command};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;

/// One who signs certificates.
type Authority = CertifiedIssuer<'static, KeyPair>;

/// A folder with what TLS needs.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().expect("there is a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, pem: &str) {
        std::fs::write(self.path(name), pem).expect("the folder takes files");
    }

    /// Certificate and key as `NAME.pem` and `NAME.key`.
    fn issue(&self, name: &str, authority: &Authority) {
        let (certificate, key) = issued(authority);
        self.write(&format!("{name}.pem"), &certificate);
        self.write(&format!("{name}.key"), &key);
    }

    /// `[server.tls]` with the certificate `host`, and further keys.
    fn config(&self, more: &str) -> String {
        format!(
            "[server.tls]\ncertificate = {:?}\nkey = {:?}\n{more}\n",
            self.path("host.pem"),
            self.path("host.key")
        )
    }
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no name is wrong");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, key()).expect("it signs")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("there is randomness")
}

/// A certificate for this machine, and its key.
fn issued(authority: &Authority) -> (String, String) {
    let key = key();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let params = CertificateParams::new(names).expect("the names are right");
    let certificate = params.signed_by(&key, authority).expect("it signs");
    (certificate.pem(), key.serialize_pem())
}

/// What `curl` prints of one call, or its exit code.
async fn curl(host: &Host, options: &[&str], ca: &Path) -> Result<serde_json::Value, i32> {
    let output = tokio::process::Command::new("curl")
        .args(["-sS", "--fail", "--noproxy", "*", "--max-time", "20"])
        .arg("--cacert")
        .arg(ca)
        .args(options)
        .args(["-H", "content-type: application/json"])
        .args(["-d", r#"{"user_id":7}"#])
        .arg(format!("https://{}/users/get_user", host.addr))
        .output()
        .await
        .expect("curl is installed");
    match output.status.code() {
        Some(0) => Ok(serde_json::from_slice(&output.stdout).expect("an answer is JSON")),
        code => Err(code.unwrap_or(-1)),
    }
}

fn user() -> serde_json::Value {
    json!({"username": "user-7", "age": 25})
}

#[tokio::test]
async fn clients() {
    let (ours, strangers) = (authority("ours"), authority("strangers"));
    let files = Files::new();
    files.write("ca.pem", &ours.pem());
    files.write("strangers.pem", &strangers.pem());
    files.issue("host", &ours);
    files.issue("client", &ours);
    files.issue("stranger", &strangers);
    let ca = files.path("ca.pem");
    let mut table = Table::new("TLS: clients");

    let host = Host::start(&["users"], Some(&files.config(""))).await;
    for version in ["--http1.1", "--http2"] {
        table
            .row(format!("curl {version}"), async {
                assert_eq!(curl(&host, &[version], &ca).await, Ok(user()));
            })
            .await;
    }
    table
        .row(
            "a client that trusts another authority refuses the host",
            async {
                let refused = curl(&host, &[], &files.path("strangers.pem")).await;
                // CURLE_PEER_FAILED_VERIFICATION
                assert_eq!(refused, Err(60));
            },
        )
        .await;
    table
        .row("cleartext is not answered", async {
            let url = format!("http://{}/health", host.addr);
            let output = tokio::process::Command::new("curl")
                .args(["-sS", "--noproxy", "*", "--max-time", "20", &url])
                .output();
            assert!(!output.await.unwrap().status.success());
            assert_eq!(curl(&host, &[], &ca).await, Ok(user()));
        })
        .await;

    let with = |name: &str| {
        let of = |kind: &str| files.path(&format!("{name}.{kind}")).display().to_string();
        [
            "--cert".to_owned(),
            of("pem"),
            "--key".to_owned(),
            of("key"),
        ]
    };
    for (auth, nobody) in [("required", false), ("optional", true)] {
        let ca_of_clients = format!("client-ca = {ca:?}\nclient-auth = {auth:?}");
        let host = Host::start(&["users"], Some(&files.config(&ca_of_clients))).await;
        for (who, options, served) in [
            ("no certificate", vec![], nobody),
            ("ours", with("client").to_vec(), true),
            ("a stranger's", with("stranger").to_vec(), false),
        ] {
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            table
                .row(format!("{auth}: {who}"), async {
                    let answer = curl(&host, &options, &ca).await;
                    assert_eq!(answer.is_ok(), served, "{answer:?}");
                })
                .await;
        }
    }
    table.finish();
}

/// Files that are none stop the start.
#[tokio::test]
async fn bad_files() {
    let ours = authority("ours");
    let files = Files::new();
    files.issue("host", &ours);
    files.issue("other", &ours);
    files.write("empty.pem", "");
    files.write("text.pem", "no certificate\n");
    let key = std::fs::read_to_string(files.path("host.key")).unwrap();
    let line = |key: &str, name: &str| format!("{key} = {:?}\n", files.path(name));
    let mut table = Table::new("TLS: files");
    for (what, config, expected) in [
        (
            "a file that is not there",
            line("certificate", "no.pem") + &line("key", "host.key"),
            "no.pem: I/O error",
        ),
        (
            "no certificate in it",
            line("certificate", "text.pem") + &line("key", "host.key"),
            "text.pem: it has none; expected certificates in PEM",
        ),
        (
            "no key in it",
            line("certificate", "host.pem") + &line("key", "empty.pem"),
            "expected a private key in PEM",
        ),
        (
            "another's key",
            line("certificate", "host.pem") + &line("key", "other.key"),
            "the key must be that of the first certificate",
        ),
        (
            "no key said",
            line("certificate", "host.pem"),
            "[server.tls] needs both certificate and key",
        ),
        (
            "clients' authorities missing",
            line("certificate", "host.pem")
                + &line("key", "host.key")
                + "client-auth = \"optional\"\n",
            "client-auth needs client-ca",
        ),
    ] {
        table
            .row(what, async {
                let path = files.path("host.toml");
                std::fs::write(&path, format!("[server.tls]\n{config}")).unwrap();
                let output = command()
                    .args(["run", "--listen", "127.0.0.1:0", "--config"])
                    .arg(&path)
                    .arg(ostler_tests::guest("users"))
                    .output()
                    .await
                    .unwrap();
                let text = String::from_utf8_lossy(&output.stderr);
                assert!(!output.status.success());
                assert!(text.contains(expected), "{text}");
                assert!(
                    !text.contains(key.lines().nth(1).unwrap()),
                    "a key is shown"
                );
            })
            .await;
    }
    table.finish();
}
