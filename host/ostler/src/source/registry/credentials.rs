//! Who the host is to a registry: by variables, else as docker knows.

use std::env::VarError;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

use super::error::RegistryError;

const USER: &str = "OSTLER_REGISTRY_USER";
const PASSWORD: &str = "OSTLER_REGISTRY_PASSWORD";

/// What docker keeps of registries it is logged in to; the rest of its file is
/// not ours.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: std::collections::HashMap<String, DockerAuth>,
}

#[derive(Debug, Deserialize)]
struct DockerAuth {
    /// `user:password` in base64; absent where a program of docker's keeps it.
    auth: Option<String>,
}

/// The credentials for this registry, nobody's where there are none.
///
/// # Errors
/// [`RegistryError::Credentials`] naming what cannot be used.
pub(super) fn of(host: &str) -> Result<RegistryAuth, RegistryError> {
    let variable = |name| match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(e) => Err(RegistryError::Credentials(format!("{name}: {e}"))),
    };
    match (variable(USER)?, variable(PASSWORD)?) {
        (Some(user), Some(password)) => return Ok(RegistryAuth::Basic(user, password)),
        (None, None) => {}
        _ => {
            let text = format!("{USER} and {PASSWORD} belong together: set both or neither");
            return Err(RegistryError::Credentials(text));
        }
    }
    let Some(path) = docker_file() else {
        return Ok(RegistryAuth::Anonymous);
    };
    let Ok(text) = std::fs::read(&path) else {
        return Ok(RegistryAuth::Anonymous);
    };
    of_docker(host, &text, &path)
}

/// `$DOCKER_CONFIG/config.json`, else that below `~/.docker`.
fn docker_file() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker"));
    Some(folder.or_else(home)?.join("config.json"))
}

fn of_docker(host: &str, text: &[u8], path: &Path) -> Result<RegistryAuth, RegistryError> {
    let wrong = |e: &str| RegistryError::Credentials(format!("{}: {e}", path.display()));
    let config: DockerConfig = serde_json::from_slice(text).map_err(|e| wrong(&e.to_string()))?;
    let names = [
        host.to_owned(),
        format!("https://{host}"),
        format!("https://{host}/v1/"),
    ];
    let Some(found) = names.iter().find_map(|name| config.auths.get(name)) else {
        return Ok(RegistryAuth::Anonymous);
    };
    let auth = found.auth.as_deref().filter(|auth| !auth.is_empty());
    let auth = auth.ok_or_else(|| {
        wrong(&format!(
            "what docker knows for {host} is kept by another program; set {USER} and {PASSWORD}"
        ))
    })?;
    let pair = STANDARD.decode(auth).ok();
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
    let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
    let (user, password) = pair.ok_or_else(|| {
        wrong(&format!(
            "auth of {host} is not the base64 of USER:PASSWORD"
        ))
    })?;
    Ok(RegistryAuth::Basic(user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_knows_who_is_who_where() {
        let auth = STANDARD.encode("ada:se:cret");
        let text = format!(
            r#"{{"auths": {{
                "localhost:5000": {{"auth": "{auth}"}},
                "https://index.docker.io/v1/": {{"auth": "{auth}"}},
                "kept.example.com": {{}},
                "odd.example.com": {{"auth": "!"}}
            }}, "credsStore": "desktop"}}"#
        );
        let of = |host| of_docker(host, text.as_bytes(), Path::new("config.json"));
        let ada = RegistryAuth::Basic("ada".to_owned(), "se:cret".to_owned());
        assert_eq!(of("localhost:5000").unwrap(), ada);
        assert_eq!(of("index.docker.io").unwrap(), ada);
        assert_eq!(of("localhost:5001").unwrap(), RegistryAuth::Anonymous);
        for (host, words) in [
            (
                "kept.example.com",
                "another program; set OSTLER_REGISTRY_USER",
            ),
            ("odd.example.com", "odd.example.com is not the base64"),
        ] {
            let refused = of(host).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
        assert!(of_docker("x", b"{", Path::new("config.json")).is_err());
    }
}
