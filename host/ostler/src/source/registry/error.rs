//! Why a component did not come from a registry, or go to one.

use std::error::Error;
use std::fmt;
use std::io;

use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};

/// Why a component did not come from a registry, or go to one.
#[derive(Debug)]
pub enum RegistryError {
    /// The reference cannot be one.
    Reference(String),
    /// The credentials there are cannot be used.
    Credentials(String),
    /// The registry lets nobody in, or not who asks.
    Unauthorized,
    /// There is no such artifact.
    NotFound,
    /// What arrived is not what its digest says.
    Digest(String),
    /// It is no component, or too large a one.
    Artifact(String),
    /// The registry was not reached, or failed.
    Unreachable(String),
    /// One of these, about this reference.
    About(String, Box<Self>),
}

impl RegistryError {
    pub(super) fn about(self, reference: &str) -> Self {
        Self::About(reference.to_owned(), Box::new(self))
    }

    /// Whether it is the component's fault, not that of the way there.
    pub fn is_of_component(&self) -> bool {
        match self {
            Self::About(_, error) => error.is_of_component(),
            Self::Digest(_) | Self::Artifact(_) => true,
            _ => false,
        }
    }

    /// Whether it is the fault of who wrote the reference.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::About(_, error) => error.is_usage(),
            Self::Reference(_) | Self::Credentials(_) => true,
            _ => false,
        }
    }

    /// Of what broke the stream of a blob.
    pub(super) fn of_blob(error: io::Error) -> Self {
        let digest = error
            .get_ref()
            .and_then(|e| e.downcast_ref::<DigestError>());
        match digest {
            Some(error) => Self::Digest(error.to_string()),
            None => Self::Unreachable(causes(&error)),
        }
    }
}

impl From<OciDistributionError> for RegistryError {
    fn from(error: OciDistributionError) -> Self {
        use OciDistributionError as E;
        match error {
            E::UnauthorizedError { .. } | E::AuthenticationFailure(_) => Self::Unauthorized,
            E::DigestError(error) => Self::Digest(error.to_string()),
            E::ImageManifestNotFoundError(_) | E::ServerError { code: 404, .. } => Self::NotFound,
            E::ServerError {
                code: 401 | 403, ..
            } => Self::Unauthorized,
            E::RegistryError { envelope, url } => {
                let code = envelope.errors.first().map(|error| &error.code);
                match code {
                    Some(
                        OciErrorCode::ManifestUnknown
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::NotFound
                        | OciErrorCode::BlobUnknown,
                    ) => Self::NotFound,
                    Some(OciErrorCode::Unauthorized | OciErrorCode::Denied) => Self::Unauthorized,
                    _ => Self::Unreachable(format!("{url}: {envelope}")),
                }
            }
            error => Self::Unreachable(causes(&error)),
        }
    }
}

/// An error and what caused it.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::About(reference, error) => write!(f, "{reference}: {error}"),
            Self::Reference(text) | Self::Credentials(text) | Self::Artifact(text) => {
                f.write_str(text)
            }
            Self::Unauthorized => f.write_str(
                "the registry asks for other credentials: set OSTLER_REGISTRY_USER and \
                 OSTLER_REGISTRY_PASSWORD, or log in with docker",
            ),
            Self::NotFound => f.write_str("the registry has no such artifact"),
            Self::Digest(text) => write!(f, "what the registry sent is something else: {text}"),
            Self::Unreachable(text) => write!(f, "the registry failed or was not reached: {text}"),
        }
    }
}

impl Error for RegistryError {}
