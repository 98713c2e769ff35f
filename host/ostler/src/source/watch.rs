//! Deploys files anew when they change.
//!
//! The files are looked at again and again instead of asking the system for
//! events: looks see every kind of change everywhere, on network file systems
//! and through links that are exchanged as well, and a file must be found
//! unchanged twice anyway before it counts as written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ostler_control::{Control, DeployError, Deployer, Drain, Placed, Probe, Rollout, Settings};
use tokio_util::sync::CancellationToken;

use super::{Change, Component, Look, Place, Seen, Stamp};
use crate::app::settings;
use crate::clock;
use crate::config::ServiceLimits;
use crate::error::Error;

/// Between two looks.
const PACE: Duration = Duration::from_millis(250);
/// A look that takes long is followed by so many times that long without one,
/// so that large folders cost 2 % of a core at most.
const REST: u32 = 50;

/// What the components of one place are held to and given.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) limits: ServiceLimits,
    pub(crate) config: Vec<(String, String)>,
    pub(crate) probe: Option<Probe>,
}

impl Held {
    pub(super) fn settings(self) -> Settings {
        Settings {
            config: self.config,
            probe: self.probe,
            ..settings(&self.limits)
        }
    }
}

/// A place whose changes are deployed.
#[derive(Debug)]
pub(crate) struct Watch {
    place: Place,
    held: Held,
    /// Swap although callers of the version before could not go on.
    force: bool,
    /// Signatures are read too.
    signed: bool,
    seen: Seen<Stamp>,
    /// The component each file was deployed as.
    live: BTreeMap<PathBuf, String>,
    /// What was last deployed, or tried to be: a file that was only touched is
    /// no other version.
    digests: BTreeMap<PathBuf, [u8; 32]>,
    /// Files that were refused, tried again once another is gone.
    refused: BTreeSet<PathBuf>,
    /// The folder could not be read at the last look.
    blind: bool,
}

/// How a place is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) force: bool,
    pub(crate) signed: bool,
}

impl Watch {
    /// Watches `place` from its state at the look `first`, before its files
    /// were read.
    pub(crate) fn new(place: Place, held: Held, how: How, first: Look<Stamp>) -> Self {
        Self {
            place,
            held,
            force: how.force,
            signed: how.signed,
            seen: Seen::new(first),
            live: BTreeMap::new(),
            digests: BTreeMap::new(),
            refused: BTreeSet::new(),
            blind: false,
        }
    }

    /// This file, whose contents have that digest, is live as the component
    /// `name`.
    pub(crate) fn is_live(&mut self, file: PathBuf, name: String, digest: [u8; 32]) {
        self.digests.insert(file.clone(), digest);
        self.live.insert(file, name);
    }

    /// This file could not be put live when the host started.
    pub(crate) fn is_refused(&mut self, file: PathBuf, error: &Error) {
        tracing::error!(%error, "a component of a watched folder is not served");
        self.refused.insert(file);
    }

    /// Whether the host starts although one of its components cannot be
    /// served: one of a folder may be only half there.
    pub(crate) fn goes_on(&self) -> bool {
        self.place.is_folder()
    }

    /// What its components are held to.
    pub(crate) fn limits(&self) -> &ServiceLimits {
        &self.held.limits
    }

    /// Deploys what changes until `stop`.
    pub(crate) async fn run(
        mut self,
        deployer: Deployer,
        control: Control,
        stop: CancellationToken,
    ) {
        let watching = async {
            loop {
                let began = clock::now();
                let looked = self.look().await;
                let took = clock::now().saturating_duration_since(began);
                if let Some(look) = looked {
                    let changes = self.seen.look(&look);
                    self.apply(changes, &deployer, &control).await;
                }
                tokio::time::sleep(PACE.max(took * REST)).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = watching => {}
        }
    }

    /// What is there; `None` where that cannot be told.
    async fn look(&mut self) -> Option<Look<Stamp>> {
        let place = self.place.clone();
        let looked = tokio::task::spawn_blocking(move || place.look()).await;
        let looked = looked.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        let path = self.place.path().display();
        match &looked {
            Ok(_) if self.blind => tracing::info!(folder = %path, "the watched folder is back"),
            Err(error) if !self.blind => {
                tracing::warn!(folder = %path, %error, "the watched folder cannot be read; what is live stays");
            }
            _ => {}
        }
        self.blind = looked.is_err();
        looked.ok()
    }

    async fn apply(&mut self, changes: Vec<Change>, deployer: &Deployer, control: &Control) {
        let (mut written, mut leaving) = (BTreeSet::new(), BTreeMap::new());
        for change in changes {
            match change {
                Change::Written(path) => {
                    written.insert(path);
                }
                Change::Gone(path) => {
                    self.forget(&path);
                    if !self.place.is_folder() {
                        tracing::warn!(file = %path.display(), "a watched file is gone; what is live stays");
                    } else if let Some(name) = self.live.remove(&path) {
                        leaving.insert(name, path);
                    }
                }
            }
        }
        if !leaving.is_empty() {
            written.extend(self.refused.iter().cloned());
        }
        for path in written {
            self.deploy(&path, &mut leaving, deployer).await;
        }
        for (name, path) in leaving {
            remove(&name, &path, control).await;
        }
    }

    fn forget(&mut self, path: &Path) {
        self.digests.remove(path);
        self.refused.remove(path);
    }

    /// Deploys a file as a new version of its component, or as a new one. A
    /// file that was renamed goes on as the component it was: one of those
    /// that are `leaving`.
    async fn deploy(
        &mut self,
        path: &Path,
        leaving: &mut BTreeMap<String, PathBuf>,
        deployer: &Deployer,
    ) {
        let Some(read) = self.read(path).await else {
            return;
        };
        let name = self.live.get(path).cloned();
        let mut deployed = self.put(&read, name.clone(), deployer).await;
        if let (Err(DeployError::Names(_)), None) = (&deployed, &name) {
            for old in leaving.keys().cloned().collect::<Vec<_>>() {
                let renamed = self.put(&read, Some(old.clone()), deployer).await;
                if renamed.is_ok() {
                    leaving.remove(&old);
                    deployed = renamed;
                    break;
                }
            }
        }
        match deployed {
            Ok(placed) => {
                self.refused.remove(path);
                self.live.insert(path.to_owned(), placed.name.clone());
                for difference in placed.differences {
                    let component = &placed.name;
                    tracing::info!(component, version = placed.number, "{difference}");
                }
            }
            Err(error) => {
                self.refused.insert(path.to_owned());
                let file = path.display();
                tracing::warn!(%file, %error, "a changed file is not deployed; what is live stays");
            }
        }
    }

    /// The component in a file, unless it is the one that was read last.
    async fn read(&mut self, path: &Path) -> Option<Component> {
        let (file, held, signed) = (path.to_owned(), self.held.clone(), self.signed);
        let reading = move || Component::read(&file, &held, signed);
        let read = tokio::task::spawn_blocking(reading).await.ok()?;
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "a changed file is not deployed; what is live stays");
                return None;
            }
        };
        let digest = read.digest();
        let known = self.digests.insert(path.to_owned(), digest);
        let again = known == Some(digest) && !self.refused.contains(path);
        (!again).then_some(read)
    }

    async fn put(
        &self,
        read: &Component,
        name: Option<String>,
        deployer: &Deployer,
    ) -> Result<Placed, DeployError> {
        let rollout = Rollout {
            fresh: name.is_none(),
            force: self.force,
            // The file has it, newer than the store would after a restart.
            fleeting: true,
            ..Rollout::default()
        };
        let candidate = read.clone().candidate(name);
        deployer.deploy(candidate, rollout, |_| {}).await
    }
}

/// Takes out of service what a file was deployed as that is gone.
async fn remove(name: &str, path: &Path, control: &Control) {
    let file = path.display();
    match control.remove(name, Drain::default()).await {
        Ok(version) => {
            tracing::info!(%file, component = name, version, "its file is gone: it takes no more calls");
        }
        // Whoever uses the admin API was faster.
        Err(DeployError::Unknown(_)) => {}
        Err(error) => {
            tracing::warn!(%file, component = name, %error, "its file is gone, but it cannot be ended");
        }
    }
}
