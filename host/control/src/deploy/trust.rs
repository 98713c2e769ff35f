//! Whose components are served: detached ed25519 signatures, which must verify
//! before anything else is read of a component.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};

/// Bytes of an ed25519 key, and of a signature.
const KEY: usize = 32;
const SIGNATURE: usize = 64;

/// A SubjectPublicKeyInfo of ed25519 before the 32 bytes of its key (RFC 8410,
/// section 4): it has no parameters, so that it always begins so.
const ED25519_INFO: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The public half of a key that signs components.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct PublicKey([u8; KEY]);

impl PublicKey {
    /// The key in a PEM file, as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// What is wrong with it, and the remedy.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
        const END: &str = "-----END PUBLIC KEY-----";
        if text.contains("PRIVATE KEY-----") {
            let text = "it is a private key, which only who signs should have; the public one: \
                        openssl pkey -in KEY.pem -pubout -out PUBLIC.pem";
            return Err(text.to_owned());
        }
        let block = text.split_once(BEGIN).and_then(|(_, rest)| {
            let (block, after) = rest.split_once(END)?;
            (!after.contains(BEGIN)).then_some(block)
        });
        let block = block.ok_or(
            "it is no PEM file with one public key; to make a pair: openssl genpkey -algorithm \
             ed25519 -out KEY.pem; openssl pkey -in KEY.pem -pubout -out PUBLIC.pem",
        )?;
        let block: String = block.split_whitespace().collect();
        let info = STANDARD.decode(block);
        let info = info.map_err(|e| format!("its base64 is broken: {e}"))?;
        let key = info.strip_prefix(&ED25519_INFO);
        let key = key.and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(|| {
            "its key is not one of ed25519; to make one: openssl genpkey -algorithm ed25519"
                .to_owned()
        })
    }

    /// The key itself, in base64.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_base64(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text.trim()).ok();
        let key = bytes.and_then(|bytes| bytes.try_into().ok());
        key.map(Self)
            .ok_or_else(|| format!("it is not the base64 of the {KEY} bytes of a key"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", STANDARD.encode(self.0))
    }
}

/// Whose signatures components need; of nobody where it has no key.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    keys: Arc<[PublicKey]>,
}

impl Trust {
    /// One of these must have signed a component; without any, all are served.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
        }
    }

    /// Whether components need a signature.
    pub fn asks(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Looks at nothing of `component` but whether this `signature` of it is
    /// of one of the keys.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn verify(&self, component: &[u8], signature: Option<&[u8]>) -> Result<(), TrustError> {
        if !self.asks() {
            return Ok(());
        }
        let signature = self::signature(signature.ok_or(TrustError::Missing)?)?;
        let is_of = |key: &PublicKey| {
            let key = UnparsedPublicKey::new(&ED25519, key.0);
            key.verify(component, &signature).is_ok()
        };
        match self.keys.iter().any(is_of) {
            true => Ok(()),
            false => Err(TrustError::Wrong),
        }
    }
}

/// The bytes of a signature that is written as such or in base64.
fn signature(given: &[u8]) -> Result<[u8; SIGNATURE], TrustError> {
    if let Ok(bytes) = given.try_into() {
        return Ok(bytes);
    }
    let bytes = STANDARD.decode(given.trim_ascii()).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(TrustError::Malformed(given.len()))
}

/// Why a component is not trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TrustError {
    /// It has no signature.
    Missing,
    /// What it has is none: so many bytes.
    Malformed(usize),
    /// It is of another key, or of other bytes.
    Wrong,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "it has no signature, and [trust] asks for one; to make it, beside the \
                 component: openssl pkeyutl -sign -rawin -inkey KEY.pem -in FILE -out FILE.sig",
            ),
            Self::Malformed(size) => write!(
                f,
                "its signature of {size} bytes is none of ed25519: that is {SIGNATURE} bytes, or \
                 their base64"
            ),
            Self::Wrong => f.write_str(
                "its signature is of no key of [trust], or of other bytes: the component was \
                 changed, or another key signed it",
            ),
        }
    }
}

impl std::error::Error for TrustError {}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn pair(seed: u8) -> (Ed25519KeyPair, PublicKey) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = PublicKey(pair.public_key().as_ref().try_into().unwrap());
        (pair, public)
    }

    #[test]
    fn only_the_signature_of_a_key_of_these_bytes_will_do() {
        let ((own, key), (other, _)) = (pair(1), pair(2));
        let trust = Trust::new([pair(3).1, key]);
        let good = own.sign(b"component");
        let text = format!("{}\n", STANDARD.encode(good.as_ref()));
        let foreign = other.sign(b"component");
        let rows = [
            (Some(good.as_ref()), Ok(())),
            (Some(text.as_bytes()), Ok(())),
            (None, Err(TrustError::Missing)),
            (Some(&b""[..]), Err(TrustError::Malformed(0))),
            (Some(&good.as_ref()[1..]), Err(TrustError::Malformed(63))),
            (Some(foreign.as_ref()), Err(TrustError::Wrong)),
            (Some(&[0; 64]), Err(TrustError::Wrong)),
        ];
        for (signature, verdict) in rows {
            assert_eq!(trust.verify(b"component", signature), verdict);
        }
        let changed = trust.verify(b"Component", Some(good.as_ref()));
        assert_eq!(changed, Err(TrustError::Wrong));
        assert_eq!(Trust::default().verify(b"component", None), Ok(()));
    }

    #[test]
    fn keys_are_read_or_refused_with_a_remedy() {
        let (_, key) = pair(1);
        let info = [&ED25519_INFO[..], &key.0].concat();
        let pem = |kind: &str, body: &[u8]| {
            let body = STANDARD.encode(body);
            format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
        };
        let good = pem("PUBLIC KEY", &info);
        assert_eq!(PublicKey::from_pem(&good), Ok(key));
        assert_eq!(PublicKey::from_base64(&STANDARD.encode(key.0)), Ok(key));
        for (text, word) in [
            (pem("PRIVATE KEY", b"x"), "private"),
            (pem("CERTIFICATE", b"x"), "genpkey"),
            (String::new(), "genpkey"),
            (good.repeat(2), "one public key"),
            (pem("PUBLIC KEY", &info[1..]), "ed25519"),
            (pem("PUBLIC KEY", &[&info[..], &[0]].concat()), "ed25519"),
            (good.replace("MC", "M!"), "base64"),
        ] {
            let refused = PublicKey::from_pem(&text).unwrap_err();
            assert!(refused.contains(word), "{refused}");
        }
        let refused = PublicKey::from_base64("AAAA").unwrap_err();
        assert!(refused.contains("32 bytes"), "{refused}");
    }
}
