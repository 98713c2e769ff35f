//! A component as an artifact: its config, its manifest, its signature.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use wasmparser::{Parser, Payload};

use super::error::RegistryError;

/// Media types of the artifact and its parts.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";

/// The annotation that has the signature of the component, in base64. Not a
/// layer of its own: tools that know such artifacts expect one layer.
const SIGNATURE: &str = "vnd.ostler.signature.ed25519";

/// The config and the manifest of a component.
pub(super) fn of(component: &[u8], signature: Option<&[u8]>) -> (Vec<u8>, OciImageManifest) {
    let layer = descriptor(LAYER, component);
    let (imports, exports) = names(component);
    let config = json!({
        // The same component is the same artifact whenever it is pushed.
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer.digest],
        "component": { "exports": exports, "imports": imports, "target": null },
    });
    let config = config.to_string().into_bytes();
    let signed = |signature: &[u8]| (SIGNATURE.to_owned(), STANDARD.encode(signature));
    let manifest = OciImageManifest {
        media_type: Some(MANIFEST.to_owned()),
        config: descriptor(CONFIG, &config),
        layers: vec![layer],
        annotations: signature.map(|s| BTreeMap::from([signed(s)])),
        ..OciImageManifest::default()
    };
    (config, manifest)
}

/// What is sent of a manifest, and has its digest.
pub(super) fn bytes(manifest: &OciImageManifest) -> Vec<u8> {
    // Texts, numbers and lists: nothing here can fail to serialise.
    serde_json::to_vec(manifest).unwrap_or_default()
}

pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn descriptor(media: &str, bytes: &[u8]) -> OciDescriptor {
    OciDescriptor {
        media_type: media.to_owned(),
        digest: digest(bytes),
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    }
}

/// What a component imports and exports. It is said for people: of a component
/// that cannot be read, what was read before.
fn names(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload {
            Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
            Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
            Ok(Payload::ComponentImportSection(section)) if depth == 0 => {
                let names = section.into_iter().flatten();
                imports.extend(names.map(|import| import.name.name.to_owned()));
            }
            Ok(Payload::ComponentExportSection(section)) if depth == 0 => {
                let names = section.into_iter().flatten();
                exports.extend(names.map(|export| export.name.name.to_owned()));
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    (imports, exports)
}

/// The layer that is the component.
///
/// # Errors
/// [`RegistryError::Artifact`].
pub(super) fn layer(manifest: &OciImageManifest) -> Result<&OciDescriptor, RegistryError> {
    let mut components = manifest.layers.iter().filter(|l| l.media_type == LAYER);
    match (components.next(), components.next()) {
        (Some(layer), None) => Ok(layer),
        (None, _) => {
            let kind = &manifest.config.media_type;
            Err(RegistryError::Artifact(format!(
                "it has no layer of type {LAYER}: it is no component but of type {kind}"
            )))
        }
        _ => {
            let text = format!("it has more than one layer of type {LAYER}");
            Err(RegistryError::Artifact(text))
        }
    }
}

/// The signature that was pushed with it.
///
/// # Errors
/// [`RegistryError::Artifact`] when it is no base64.
pub(super) fn signature(manifest: &OciImageManifest) -> Result<Option<Bytes>, RegistryError> {
    let annotations = manifest.annotations.as_ref();
    let Some(text) = annotations.and_then(|all| all.get(SIGNATURE)) else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(text);
    let bytes = bytes.map_err(|e| RegistryError::Artifact(format!("{SIGNATURE}: {e}")))?;
    Ok(Some(bytes.into()))
}
