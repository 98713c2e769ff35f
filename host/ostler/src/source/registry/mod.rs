//! Components in OCI registries, laid out as the Wasm OCI artifacts of CNCF's
//! TAG Runtime: a config of its own type, and the component as the one layer.

mod artifact;
mod credentials;
mod error;

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::{OciDescriptor, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use ostler_schema::Contract;
use tokio_rustls::rustls::crypto::ring;

pub use self::error::RegistryError;

/// Begins the reference of a component in a registry.
pub(crate) const SCHEME: &str = "oci://";

/// A registry that takes longer to answer at all is not reached.
const CONNECT: Duration = Duration::from_secs(10);
/// Without a byte.
const SILENCE: Duration = Duration::from_secs(30);

/// How registries are reached.
#[derive(Clone, Debug)]
pub struct Registries {
    /// Those that speak HTTP without TLS, as `HOST:PORT`; on this machine any
    /// may.
    pub plain_http: Vec<String>,
    /// What a component may take to arrive, or to be sent.
    pub timeout: Duration,
}

impl Default for Registries {
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            timeout: Duration::from_secs(300),
        }
    }
}

/// A component from a registry.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Its reference with the digest it had when it was pulled.
    pub reference: String,
    /// Its bytes.
    pub component: Bytes,
    /// Its detached signature, where it has one.
    pub signature: Option<Bytes>,
}

impl Registries {
    /// The component of `oci://HOST/NAME:TAG` or `oci://HOST/NAME@DIGEST`.
    /// Whatever arrives has the digests it was asked for by.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn pull(&self, reference: &str) -> Result<Pulled, RegistryError> {
        let named = parse(reference)?;
        let pulling = async {
            let (client, auth) = self.client(&named)?;
            pull(&client, &auth, &named).await
        };
        let pulled = self.timed(pulling).await;
        let pulled = pulled.map_err(|e| e.about(reference))?;
        tracing::info!(
            reference = pulled.reference,
            bytes = pulled.component.len(),
            "pulled"
        );
        Ok(pulled)
    }

    /// Sends a component to a registry; returns its reference with the digest
    /// it has there.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn push(
        &self,
        reference: &str,
        component: Bytes,
        signature: Option<Bytes>,
    ) -> Result<String, RegistryError> {
        let named = parse(reference)?;
        if named.digest().is_some() {
            let text = "a component is pushed to a tag: its digest is what it comes to";
            return Err(RegistryError::Reference(text.to_owned()).about(reference));
        }
        let pushing = async {
            let (client, auth) = self.client(&named)?;
            push(&client, &auth, &named, component, signature).await
        };
        self.timed(pushing).await.map_err(|e| e.about(reference))
    }

    async fn timed<T>(
        &self,
        work: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let late = |_| RegistryError::Unreachable(format!("not within {:?}", self.timeout));
        let done = tokio::time::timeout(self.timeout, work).await;
        done.map_err(late)?
    }

    fn client(&self, named: &Reference) -> Result<(Client, RegistryAuth), RegistryError> {
        // The client takes the provider of the process. Where there is one
        // already, that one will do.
        ring::default_provider().install_default().ok();
        let host = named.resolve_registry();
        let config = ClientConfig {
            protocol: match self.is_plain(host) {
                true => ClientProtocol::Http,
                false => ClientProtocol::Https,
            },
            use_monolithic_push: true,
            // A component is not another one on another machine.
            platform_resolver: None,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(SILENCE),
            user_agent: concat!("ostler/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config)?;
        Ok((client, credentials::of(host)?))
    }

    /// Whether this registry is spoken to without TLS.
    fn is_plain(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let local = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        local || self.plain_http.iter().any(|plain| plain == host)
    }
}

/// What follows `oci://`, which names its registry.
fn parse(reference: &str) -> Result<Reference, RegistryError> {
    let wrong = |e: &str| {
        let text = format!("{e}; write oci://HOST/NAME:TAG or oci://HOST/NAME@sha256:DIGEST");
        RegistryError::Reference(text).about(reference)
    };
    let name = reference.strip_prefix(SCHEME).unwrap_or(reference);
    let named: Reference = name.parse().map_err(|e| wrong(&format!("{e}")))?;
    // Without one it would be somebody's on a registry nobody spoke of.
    match name.strip_prefix(named.registry()) {
        Some(rest) if rest.starts_with('/') => Ok(named),
        _ => Err(wrong("it names no registry")),
    }
}

async fn pull(
    client: &Client,
    auth: &RegistryAuth,
    named: &Reference,
) -> Result<Pulled, RegistryError> {
    client.auth(named, auth, RegistryOperation::Pull).await?;
    let (manifest, digest) = client.pull_manifest(named, auth).await?;
    let manifest = match manifest {
        OciManifest::Image(manifest) => manifest,
        OciManifest::ImageIndex(_) => {
            let text = "it is an index of several artifacts, not one component";
            return Err(RegistryError::Artifact(text.to_owned()));
        }
    };
    let layer = artifact::layer(&manifest)?;
    let component = download(client, named, layer).await?;
    let name = Reference::with_digest(
        named.registry().to_owned(),
        named.repository().to_owned(),
        digest,
    );
    let tag = named.tag().map(|tag| format!(":{tag}"));
    let digest = name.digest().unwrap_or_default();
    Ok(Pulled {
        reference: format!(
            "{SCHEME}{}/{}{}@{digest}",
            named.registry(),
            named.repository(),
            tag.unwrap_or_default(),
        ),
        component,
        signature: artifact::signature(&manifest)?,
    })
}

/// A layer whose size is known to be right before it is taken.
async fn download(
    client: &Client,
    named: &Reference,
    layer: &OciDescriptor,
) -> Result<Bytes, RegistryError> {
    let size = u64::try_from(layer.size).unwrap_or(u64::MAX);
    let too_large = |e| RegistryError::Artifact(format!("{e}"));
    Contract::check_size(size).map_err(too_large)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    // By its digest alone: a manifest must not send the host to other addresses.
    let mut pieces = client.pull_blob_stream(named, &*layer.digest).await?;
    let mut bytes = Vec::with_capacity(size);
    // The stream ends with an error unless all of it has the digest.
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece.map_err(RegistryError::of_blob)?);
        if bytes.len() > size {
            let text = format!("its layer is larger than the {size} bytes it is said to have");
            return Err(RegistryError::Artifact(text));
        }
    }
    Ok(bytes.into())
}

async fn push(
    client: &Client,
    auth: &RegistryAuth,
    named: &Reference,
    component: Bytes,
    signature: Option<Bytes>,
) -> Result<String, RegistryError> {
    client.auth(named, auth, RegistryOperation::Push).await?;
    let (config, manifest) = artifact::of(&component, signature.as_deref());
    client
        .push_blob(named, component, &manifest.layers[0].digest)
        .await?;
    client
        .push_blob(named, config, &manifest.config.digest)
        .await?;
    let body = artifact::bytes(&manifest);
    let digest = artifact::digest(&body);
    let media = http::HeaderValue::from_static(artifact::MANIFEST);
    client.push_manifest_raw(named, body, media).await?;
    Ok(format!("{SCHEME}{named}@{digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_their_registry() {
        for good in [
            "oci://localhost:5000/acme/users:1.2",
            "oci://registry.example.com/users",
            &format!("oci://localhost/users@sha256:{}", "0".repeat(64)),
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "oci://",
            "oci://users:1",
            "oci://acme/users",
            "oci://localhost:5000/Users",
            "oci://localhost:5000/users@sha256:00",
        ] {
            let refused = parse(bad).unwrap_err().to_string();
            assert!(refused.contains("oci://HOST/NAME:TAG"), "{bad}: {refused}");
        }
    }

    #[test]
    fn only_this_machine_and_what_is_said_so_goes_without_tls() {
        let registries = Registries {
            plain_http: vec!["registry.lan:5000".to_owned()],
            ..Registries::default()
        };
        for plain in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:1",
            "[::1]:5000",
            "registry.lan:5000",
        ] {
            assert!(registries.is_plain(plain), "{plain}");
        }
        for tls in [
            "registry.lan",
            "registry.lan:5001",
            "localhost.example.com",
            "127.0.0.1.example.com:5000",
        ] {
            assert!(!registries.is_plain(tls), "{tls}");
        }
    }
}
