//! Where components come from, and what is watched there.

mod files;
mod look;
mod registry;
mod watch;

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ostler_control::{Candidate, DeployError, Deployer, Placed, Rollout};
use ostler_schema::Contract;
use sha2::{Digest as _, Sha256};

use self::files::{Place, Stamp};
use self::look::{Change, Look, Seen};
use self::registry::SCHEME;
pub use self::registry::{Pulled, Registries, RegistryError};
pub(crate) use self::watch::{Held, How, Watch};
use crate::error::{Error, ErrorKind};
use crate::trust;

/// Where a component is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A file, or a folder of which every `*.wasm` is one.
    Path(PathBuf),
    /// `oci://…`, in a registry.
    Registry(String),
}

impl Origin {
    /// What a person wrote; a path is relative to `folder`.
    pub fn new(text: &str, folder: &Path) -> Self {
        match text.starts_with(SCHEME) {
            true => Self::Registry(text.to_owned()),
            false => Self::Path(folder.join(text)),
        }
    }
}

impl From<&Path> for Origin {
    fn from(path: &Path) -> Self {
        match path.to_str().filter(|text| text.starts_with(SCHEME)) {
            Some(reference) => Self::Registry(reference.to_owned()),
            None => Self::Path(path.to_owned()),
        }
    }
}

/// Something that shall be served.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// A file, or every component of a folder.
    Place {
        path: PathBuf,
        watch: bool,
        held: Held,
    },
    /// A component in a registry.
    Remote {
        reference: String,
        held: Held,
    },
    Component(Component),
}

/// A component that was read, and which of the watches looks after its file.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) component: Component,
    pub(crate) file: PathBuf,
    pub(crate) watched: Option<usize>,
}

/// Reads everything that is wanted.
///
/// # Errors
/// [`Error`] naming the file, folder or reference.
pub(crate) async fn find(
    wanted: Vec<Wanted>,
    how: How,
    registries: &Registries,
) -> Result<(Vec<Found>, Vec<Watch>), Error> {
    let (mut found, mut watches) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match wanted {
            Wanted::Component(component) => found.push(Found {
                component,
                file: PathBuf::new(),
                watched: None,
            }),
            Wanted::Remote { reference, held } => found.push(Found {
                component: Component::pull(&reference, held, registries).await?,
                file: PathBuf::new(),
                watched: None,
            }),
            Wanted::Place { path, watch, held } => {
                let place = Place::at(path);
                // Before anything is read: what changes from now on is seen.
                let first = place.look().map_err(|e| unreadable(place.path(), &e))?;
                let files = files(&place, &first, watch)?;
                let watched = watch.then_some(watches.len());
                let mut watch = watch.then(|| Watch::new(place, held.clone(), how, first));
                for file in files {
                    let component = Component::read(&file, &held, how.signed);
                    match (component, &mut watch) {
                        (Ok(component), _) => found.push(Found {
                            component,
                            file,
                            watched,
                        }),
                        (Err(error), Some(watch)) if watch.goes_on() => {
                            watch.is_refused(file, &error);
                        }
                        (Err(error), _) => return Err(error),
                    }
                }
                watches.extend(watch);
            }
        }
    }
    Ok((found, watches))
}

/// The files to read of a place: one that is named must be there.
fn files(place: &Place, first: &Look<Stamp>, watch: bool) -> Result<Vec<PathBuf>, Error> {
    if !place.is_folder() {
        return Ok(vec![place.path().to_owned()]);
    }
    if first.is_empty() && !watch {
        let text = format!("{}: no *.wasm in this folder", place.path().display());
        return Err(Error::new(ErrorKind::File, text));
    }
    Ok(first.keys().cloned().collect())
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let text = format!("{}: cannot be read: {error}", path.display());
    Error::new(ErrorKind::File, text)
}

/// A component that is not loaded yet.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) label: String,
    pub(crate) bytes: Bytes,
    pub(crate) signature: Option<Bytes>,
    pub(crate) held: Held,
}

impl Component {
    /// The component in this file, with its signature if it is `signed`.
    ///
    /// # Errors
    /// [`Error`] naming the file.
    pub(crate) fn read(path: &Path, held: &Held, signed: bool) -> Result<Self, Error> {
        let bytes = read_component(path)?;
        let signature = match signed {
            true => trust::signature_of(path)?,
            false => None,
        };
        Ok(Self {
            label: path.display().to_string(),
            bytes: bytes.into(),
            signature: signature.map(Into::into),
            held: held.clone(),
        })
    }

    /// The component of this reference.
    async fn pull(reference: &str, held: Held, registries: &Registries) -> Result<Self, Error> {
        let pulled = registries.pull(reference).await?;
        Ok(Self {
            label: pulled.reference,
            bytes: pulled.component,
            signature: pulled.signature,
            held,
        })
    }

    /// Of its bytes and its signature.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(&self.bytes);
        digest.update(self.signature.as_deref().unwrap_or_default());
        digest.finalize().into()
    }

    /// It as a version of `name`, else as a component of its own.
    fn candidate(self, name: Option<String>) -> Candidate {
        Candidate {
            name,
            label: self.label,
            bytes: self.bytes,
            signature: self.signature,
            settings: Some(self.held.settings()),
        }
    }

    /// Puts it live beside what is there.
    pub(crate) async fn deploy(self, deployer: &Deployer) -> Result<Placed, Error> {
        let label = self.label.clone();
        let fresh = Rollout {
            fresh: true,
            ..Rollout::default()
        };
        let deployed = deployer.deploy(self.candidate(None), fresh, |_| {}).await;
        deployed.map_err(|error| {
            let text = match error {
                clash @ DeployError::Names(_) => clash.to_string(),
                error => format!("{label}: {error}"),
            };
            Error::new(ErrorKind::Component, text)
        })
    }
}

/// The bytes of a component, unless there are too many.
///
/// # Errors
/// [`Error`] naming the file.
pub fn read_component(path: &Path) -> Result<Vec<u8>, Error> {
    let size = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    Contract::check_size(size.len()).map_err(|e| {
        let text = format!("{}: {e}", path.display());
        Error::new(ErrorKind::Component, text)
    })?;
    std::fs::read(path).map_err(|e| unreadable(path, &e))
}
