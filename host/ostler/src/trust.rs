//! The keys of `[trust]`, and the signatures beside components.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ostler_control::{PublicKey, Trust};

use crate::error::{Error, ErrorKind};

/// Begins a key that is written out instead of named by its file.
pub(crate) const INLINE: &str = "ed25519:";
/// No signature is longer, nor is its base64.
const MAX_SIGNATURE: u64 = 4096;

/// Reads the keys: files, or `ed25519:` with the base64 of one.
///
/// # Errors
/// [`Error`] naming the key at fault, and the remedy.
pub(crate) fn load(keys: &[String]) -> Result<Trust, Error> {
    let keys = keys.iter().map(|key| {
        let wrong = |e: String| Error::new(ErrorKind::Config, format!("trust.keys: {key}: {e}"));
        if let Some(inline) = key.strip_prefix(INLINE) {
            return PublicKey::from_base64(inline).map_err(wrong);
        }
        let text = std::fs::read_to_string(key).map_err(|e| {
            let text = format!("trust.keys: {key}: cannot be read: {e}");
            Error::new(ErrorKind::File, text)
        })?;
        PublicKey::from_pem(&text).map_err(wrong)
    });
    Ok(Trust::new(keys.collect::<Result<Vec<_>, _>>()?))
}

/// Where the signature of a component is: `users.wasm.sig`.
pub(crate) fn beside(component: &Path) -> PathBuf {
    let mut name = OsString::from(component);
    name.push(".sig");
    name.into()
}

/// The signature in this file.
///
/// # Errors
/// What the system says, naming the file.
pub fn read_signature(path: &Path) -> io::Result<Vec<u8>> {
    let named = |e: io::Error| {
        let text = format!("{}: cannot be read: {e}", path.display());
        io::Error::new(e.kind(), text)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(named)?;
    // What is longer is none, whatever follows.
    let mut file = file.take(MAX_SIGNATURE);
    file.read_to_end(&mut bytes).map_err(named)?;
    Ok(bytes)
}

/// The signature beside a component, where there is one.
///
/// # Errors
/// [`Error`] naming the file when it is there and cannot be read.
pub fn signature_of(component: &Path) -> Result<Option<Vec<u8>>, Error> {
    match read_signature(&beside(component)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::new(ErrorKind::File, e.to_string())),
    }
}
