//! One version of a component: loaded, or asleep until a call comes.
//!
//! What is asleep is known by the names of its services and the digest of its
//! file, a kilobyte or two; its contract, which is kept beside that file, is read
//! and its artefact mapped by whoever needs it first.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use ostler_schema::{Contract, Service};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Deployed;
use crate::deploy::{Bounds, DeployError, Settings};
use crate::store::{Kept, Record};

/// The names of a service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outline {
    /// `demo:users/users@1.2.0`.
    pub(crate) export: Box<str>,
    /// `users`.
    pub(crate) plain: Box<str>,
    /// `demo.users.v1.Users`.
    pub(crate) proto: Box<str>,
}

impl Outline {
    /// Those of a contract's services, in its order.
    pub(crate) fn of(contract: &Contract) -> Box<[Self]> {
        contract.services.iter().map(Self::of_service).collect()
    }

    pub(crate) fn of_service(service: &Service) -> Self {
        Self {
            export: service.export.as_str().into(),
            plain: service.name.plain.clone(),
            proto: service.proto.as_str().into(),
        }
    }

    /// `demo:users`.
    pub(super) fn package(&self) -> &str {
        self.export.split('/').next().unwrap_or_default()
    }

    /// The major of a semantic version: `1` of `1.2.0`, `0` of `0.3.1`.
    pub(super) fn major(&self) -> Option<&str> {
        let (_, version) = self.export.rsplit_once('@')?;
        version.split('.').next()
    }

    /// Whether this is one of its names.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        *self.plain == *name || *self.proto == *name || self.versioned().is_some_and(|v| v == name)
    }

    /// The plain name with the major where there is one: `users.v1`.
    pub(super) fn versioned(&self) -> Option<String> {
        Some(format!("{}.v{}", self.plain, self.major()?))
    }
}

/// One version of a component.
pub(crate) struct Version {
    /// Counts up from 1.
    pub(crate) number: u32,
    /// Where it came from, for messages.
    pub(crate) label: String,
    pub(crate) services: Box<[Outline]>,
    settings: Arc<Settings>,
    /// What its calls must be like while it is on trial.
    bounds: Option<Bounds>,
    /// Its file in the store; one of the configuration has none, and is always
    /// loaded.
    file: Option<Arc<Kept>>,
    loaded: ArcSwapOption<Deployed>,
    /// When it was called last, milliseconds of the host's life.
    used: AtomicU64,
    /// Set while it is left to end.
    draining: AtomicBool,
    /// Cancelled when it is to stay after all.
    drain: Mutex<Option<CancellationToken>>,
    /// Why calls were taken from it.
    blame: Mutex<Option<Arc<str>>>,
    /// Held by whoever loads it, stops it or brings it back.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version")
            .field("number", &self.number)
            .field("loaded", &self.loaded().is_some())
            .finish_non_exhaustive()
    }
}

impl Version {
    /// A version that is loaded; on trial it is watched with these bounds.
    pub(crate) fn new(
        number: u32,
        deployed: Arc<Deployed>,
        file: Option<Arc<Kept>>,
        bounds: Option<Bounds>,
    ) -> Arc<Self> {
        let label = deployed.label.clone();
        let services = Outline::of(&deployed.contract);
        let settings = Arc::new(deployed.settings());
        Self::of(
            number,
            label,
            services,
            settings,
            bounds,
            file,
            Some(deployed),
        )
    }

    /// A version that is kept in this file and not loaded.
    pub(crate) fn asleep(record: Record, file: Arc<Kept>) -> Arc<Self> {
        let Record {
            number,
            digest: _,
            label,
            services,
            settings,
            bounds,
            blame,
        } = record;
        let version = Self::of(number, label, services, settings, bounds, Some(file), None);
        version.blame(blame.as_deref());
        version
    }

    /// The same, counted as `number`.
    pub(crate) fn renumbered(&self, number: u32) -> Arc<Self> {
        let (label, services) = (self.label.clone(), self.services.clone());
        let (settings, bounds) = (self.settings.clone(), self.bounds.clone());
        let (file, loaded) = (self.file.clone(), self.loaded());
        Self::of(number, label, services, settings, bounds, file, loaded)
    }

    fn of(
        number: u32,
        label: String,
        services: Box<[Outline]>,
        settings: Arc<Settings>,
        bounds: Option<Bounds>,
        file: Option<Arc<Kept>>,
        loaded: Option<Arc<Deployed>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            number,
            label,
            services,
            settings,
            bounds,
            file,
            loaded: ArcSwapOption::from(loaded),
            used: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            drain: Mutex::default(),
            blame: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// What its calls need, unless it is asleep.
    pub(crate) fn loaded(&self) -> Option<Arc<Deployed>> {
        self.loaded.load_full()
    }

    /// What it is held to and given.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn file(&self) -> Option<&Arc<Kept>> {
        self.file.as_ref()
    }

    /// Its contract, read from the store while it is asleep. Blocking.
    ///
    /// # Errors
    /// [`DeployError::Store`] when the file is not what was written.
    pub(crate) fn contract(&self) -> Result<Arc<Contract>, DeployError> {
        match (self.loaded(), &self.file) {
            (Some(deployed), _) => Ok(deployed.contract.clone()),
            (None, Some(file)) => file.contract().map(Arc::new),
            (None, None) => Err(DeployError::Leaving),
        }
    }

    /// What is kept of it over a restart.
    pub(crate) fn record(&self) -> Option<Record> {
        let file = self.file.as_ref()?;
        Some(Record {
            number: self.number,
            digest: file.digest(),
            label: self.label.clone(),
            services: self.services.clone(),
            settings: self.settings.clone(),
            bounds: self.bounds.clone(),
            blame: self.blamed().map(|why| why.to_string()),
        })
    }

    /// What its calls must be like while it is on trial.
    pub(crate) fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// It is loaded.
    pub(crate) fn wake(&self, deployed: Arc<Deployed>) {
        self.loaded.store(Some(deployed));
    }

    /// Unloads it, if it can be loaded again; what was loaded is to be
    /// stopped.
    pub(crate) fn sleep(&self) -> Option<Arc<Deployed>> {
        self.file.as_ref()?;
        self.loaded.swap(None)
    }

    /// Unloads it, unless it has calls or somebody is at it.
    pub(crate) fn sleep_if_quiet(&self) -> Option<Arc<Deployed>> {
        let _turn = self.turn.try_lock().ok()?;
        let deployed = self.loaded()?;
        if self.is_draining() || !deployed.calls.close_if_quiet() {
            return None;
        }
        self.sleep()
    }

    /// It is called at this time.
    pub(crate) fn touch(&self, millis: u64) {
        self.used.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Why calls were taken from it, unless it was brought back since.
    pub(crate) fn blamed(&self) -> Option<Arc<str>> {
        let blame = self.blame.lock();
        blame.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn blame(&self, why: Option<&str>) {
        let blame = self.blame.lock();
        *blame.unwrap_or_else(PoisonError::into_inner) = why.map(Into::into);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Begins to leave; the token is cancelled when it is brought back.
    pub(crate) fn leave(&self) -> CancellationToken {
        self.draining.store(true, Ordering::Release);
        let token = CancellationToken::new();
        *self.token() = Some(token.clone());
        token
    }

    /// It is being brought back.
    pub(crate) fn stay(&self) {
        if let Some(token) = self.token().take() {
            token.cancel();
        }
    }

    /// It has ended, or was brought back.
    pub(crate) fn arrived(&self) {
        self.draining.store(false, Ordering::Release);
    }

    fn token(&self) -> MutexGuard<'_, Option<CancellationToken>> {
        self.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
