//! Keys and signatures as people make them: with openssl.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A pair of ed25519 keys in files.
#[derive(Debug)]
pub struct SigningKey {
    private: PathBuf,
    /// The file of the public key, PEM.
    pub public: PathBuf,
}

impl SigningKey {
    /// Makes one in this folder.
    ///
    /// # Panics
    /// When openssl is missing or fails.
    pub fn make(folder: &Path, name: &str) -> Self {
        let private = folder.join(format!("{name}.key"));
        let public = folder.join(format!("{name}.pem"));
        let generate = ["genpkey", "-algorithm", "ed25519", "-out"];
        openssl(Command::new("openssl").args(generate).arg(&private));
        let mut publish = Command::new("openssl");
        publish.args(["pkey", "-pubout", "-in"]).arg(&private);
        openssl(publish.arg("-out").arg(&public));
        Self { private, public }
    }

    /// Writes the signature of a file beside it, and says where.
    ///
    /// # Panics
    /// When openssl fails.
    pub fn sign(&self, file: &Path) -> PathBuf {
        let mut signature = file.as_os_str().to_owned();
        signature.push(".sig");
        let mut sign = Command::new("openssl");
        sign.args(["pkeyutl", "-sign", "-rawin", "-inkey"]);
        sign.arg(&self.private).arg("-in").arg(file);
        openssl(sign.arg("-out").arg(&signature));
        signature.into()
    }

    /// The section of a configuration that trusts this key alone.
    pub fn trusted(&self) -> String {
        format!("[trust]\nkeys = [{:?}]\n", self.public)
    }
}

/// Another kind of key, of nobody's: its public half, PEM.
///
/// # Panics
/// When openssl is missing or fails.
pub fn foreign_key(folder: &Path, algorithm: &str) -> PathBuf {
    let private = folder.join(format!("{algorithm}.key"));
    let public = folder.join(format!("{algorithm}.pem"));
    let generate = ["genpkey", "-algorithm", algorithm, "-out"];
    openssl(Command::new("openssl").args(generate).arg(&private));
    let mut publish = Command::new("openssl");
    publish.args(["pkey", "-pubout", "-in"]).arg(&private);
    openssl(publish.arg("-out").arg(&public));
    public
}

fn openssl(command: &mut Command) {
    let output = command.output().expect("openssl can be run");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}
