//! Putting versions live: contract → comparison → compilation → warming →
//! switch; then the version before ends the calls it has.

mod aside;
mod error;
mod keep;
mod probe;
mod trust;
mod versions;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ostler_call::Deadline;
use ostler_runtime::{Deployment, DeploymentOptions, Engine, Limits, NotSeated};
use ostler_schema::compat::{Comparison, Verdict, compare};
use ostler_schema::{Contract, Handler as _, Health};

pub(crate) use self::aside::blocking;
use self::aside::{BRIEF, LONG, aside};
pub use self::error::DeployError;
pub(crate) use self::keep::Keep;
pub(crate) use self::probe::probe;
pub use self::probe::{Probe, Probing};
pub use self::trust::{PublicKey, Trust, TrustError};
pub(crate) use self::versions::{
    Before, Changed, Leaving, Place, Refused, Restored, Role, Versions,
};
pub use self::versions::{ComponentInfo, Inspected, VersionInfo, VersionState};
pub use self::watch::Bounds;
pub(crate) use self::watch::{Watch, watch};
use crate::clock;
use crate::control::Control;
use crate::metrics::Change;
use crate::registry::{CallLimits, DEFAULT_TENANT, Deployed, Share, Version, short_names};

/// How long new instances may take to start, and to answer a probe.
const START: Duration = Duration::from_secs(30);
/// Instances that are made before the switch, at most.
const MAX_WARM: usize = 16;

/// A component to be put live.
#[derive(Debug)]
pub struct Candidate {
    /// What it is deployed as; `None` for the component that has its services
    /// already, else the plain name of its first service.
    pub name: Option<String>,
    /// Where it came from, for messages.
    pub label: String,
    /// The component file.
    pub bytes: Bytes,
    /// Its detached signature, where it has one.
    pub signature: Option<Bytes>,
    /// What it is held to and given; `None` for what holds for the version it
    /// replaces, else for every component.
    pub settings: Option<Settings>,
}

/// What a component is held to and given.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// What its instances are held to.
    pub guest: Limits,
    /// What its calls are held to.
    pub call: CallLimits,
    /// Handed to `lifecycle.start`.
    pub config: Vec<(String, String)>,
    /// What its instances have to answer before calls go to it.
    pub probe: Option<Probe>,
}

/// How a version is put live.
#[derive(Debug, Default)]
pub struct Rollout {
    /// It must not replace anything: its name is a new one.
    pub fresh: bool,
    /// Replace a version although its callers could not go on.
    pub force: bool,
    /// Which calls it gets; `None` for all of them.
    pub share: Option<Share>,
    /// How long the version before may take to end its calls.
    pub drain: Drain,
    /// What its calls must be like, lest it be taken back; `None` for the
    /// usual ones of a version on trial, and for no watch of any other.
    pub bounds: Option<Bounds>,
    /// What its instances have to answer before calls go to it.
    pub probe: Probing,
    /// It is not kept over a restart: where it came from has it then.
    pub fleeting: bool,
}

/// How long a version that gets no new calls may take to end those it has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Drain {
    /// Then they end with `UNAVAILABLE`.
    Within(Duration),
    /// As long as they take.
    Unlimited,
}

impl Default for Drain {
    fn default() -> Self {
        Self::Within(Duration::from_secs(30))
    }
}

/// What a deployment has come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Its contract is read and compared.
    Checking,
    /// It is compiled, or its artefact read.
    Compiling,
    /// Instances are made.
    Warming,
    /// It waits for earlier versions to end.
    Waiting,
    /// Calls go to it.
    Live,
}

/// A version that is live.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The component.
    pub name: String,
    /// The version.
    pub number: u32,
    /// What it serves.
    pub contract: Arc<Contract>,
    /// How that differs from the version before, a line each.
    pub differences: Vec<String>,
}

/// Puts components live in a [`Control`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Deployer {
    engine: Engine,
    control: Control,
    /// For the first version of a component.
    settings: Settings,
    trust: Trust,
}

impl Deployer {
    /// Deploys what `engine` compiles to `control`; `settings` are for
    /// components that have none.
    pub fn new(engine: Engine, control: Control, settings: Settings) -> Self {
        Self {
            engine,
            control,
            settings,
            trust: Trust::default(),
        }
    }

    /// Deploys only what one of these has signed.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Takes a component through every step; `tell` is told of each. When it
    /// fails, what was live before still is.
    ///
    /// # Errors
    /// [`DeployError`].
    pub async fn deploy(
        &self,
        candidate: Candidate,
        rollout: Rollout,
        tell: impl Fn(Step),
    ) -> Result<Placed, DeployError> {
        let name = candidate.name.as_ref().unwrap_or(&candidate.label).clone();
        let fresh = rollout.fresh;
        let placed = self.place(candidate, rollout, tell).await;
        placed.inspect_err(|error| {
            // A host that cannot serve its configuration says so itself.
            if !fresh {
                self.control.failed(&name, Change::Deploy, error);
            }
        })
    }

    async fn place(
        &self,
        candidate: Candidate,
        rollout: Rollout,
        tell: impl Fn(Step),
    ) -> Result<Placed, DeployError> {
        if self.control.health() == Health::NotServing {
            return Err(DeployError::Leaving);
        }
        tell(Step::Checking);
        let Candidate {
            name,
            label,
            bytes,
            signature,
            settings,
        } = candidate;
        let contract = self.read(bytes.clone(), signature).await?;
        let name = name.unwrap_or_else(|| self.name_of(&contract, rollout.fresh));
        let before = self.control.current(&name);
        let differences = match &before {
            Some(before) => differences(before.clone(), contract.clone()).await?,
            None => Comparison::default(),
        };
        if differences.verdict() == Verdict::Breaking && !rollout.force {
            return Err(DeployError::Breaking(lines(&differences)));
        }
        let mut settings = settings.unwrap_or_else(|| match &before {
            Some(before) => before.settings().clone(),
            None => self.settings.clone(),
        });
        match &rollout.probe {
            Probing::AsBefore => {}
            Probing::Not => settings.probe = None,
            Probing::By(probe) => settings.probe = Some(probe.clone()),
        }
        if let Some(probe) = &settings.probe {
            probe.of(&contract, settings.call.depth)?;
        }
        tell(Step::Compiling);
        let engine = self.engine.clone();
        let (component, loaded) = (bytes.clone(), contract.clone());
        let loading = move || {
            load(label, loaded, settings, |contract, options| {
                Ok(engine.load(&component, contract, options)?)
            })
        };
        let deployed = aside(LONG, loading).await??;
        let deployment = deployed.deployment.clone();
        let put = async {
            if before.is_some() || deployed.probe.is_some() {
                tell(Step::Warming);
            }
            let started = start(before.as_deref(), &deployed, START).await;
            started.map_err(
                |(NotSeated::Refused(status) | NotSeated::NotStarted(status))| {
                    DeployError::Start(status)
                },
            )?;
            probe(&deployed, START).await?;
            tell(Step::Waiting);
            let file = match rollout.fleeting {
                true => None,
                false => self.file(bytes).await?,
            };
            self.control.put_kept(&name, deployed, file, rollout).await
        };
        let number = match put.await {
            Ok(number) => number,
            Err(error) => {
                // What was started and will not serve is stopped.
                deployment.stop(Duration::ZERO).await;
                return Err(error);
            }
        };
        tell(Step::Live);
        Ok(Placed {
            name,
            number,
            contract,
            differences: lines(&differences),
        })
    }

    /// The contract of a component; not a byte of it is parsed before its
    /// signature is found to be right.
    async fn read(
        &self,
        bytes: Bytes,
        signature: Option<Bytes>,
    ) -> Result<Arc<Contract>, DeployError> {
        let trust = self.trust.clone();
        aside(BRIEF, move || {
            let verified = trust.verify(&bytes, signature.as_deref());
            verified.map_err(DeployError::Untrusted)?;
            let contract = Contract::from_component(&bytes);
            contract.map(Arc::new).map_err(DeployError::Contract)
        })
        .await?
    }

    /// The component whose services these are, unless it is to be a new one;
    /// else a name of its own.
    fn name_of(&self, contract: &Contract, fresh: bool) -> String {
        let mut services = contract.services.iter();
        let owner = services.find_map(|s| self.control.owner(&s.proto));
        if let (Some(owner), false) = (owner, fresh) {
            return owner.to_string();
        }
        let short = short_names(contract).next().unwrap_or_default();
        let further = (2..).map(|n| format!("{short}-{n}"));
        let mut names = std::iter::once(short.clone()).chain(further);
        let free = names.find(|name| self.control.current(name).is_none());
        free.unwrap_or(short)
    }
}

async fn differences(old: Arc<Version>, new: Arc<Contract>) -> Result<Comparison, DeployError> {
    aside(BRIEF, move || Ok(compare(&*old.contract()?, &new))).await?
}

fn lines(comparison: &Comparison) -> Vec<String> {
    let differences = comparison.differences().iter();
    differences.map(ToString::to_string).collect()
}

/// A component that the engine loads as `into_engine` says. Blocking.
fn load(
    label: String,
    contract: Arc<Contract>,
    settings: Settings,
    into_engine: impl FnOnce(Arc<Contract>, DeploymentOptions) -> Result<Deployment, DeployError>,
) -> Result<Deployed, DeployError> {
    let probe = settings.probe;
    let options = DeploymentOptions {
        tenant: DEFAULT_TENANT.into(),
        limits: settings.guest,
        config: settings.config,
    };
    let deployment = into_engine(contract.clone(), options)?;
    let deployed = Deployed::new(label, contract, deployment, settings.call);
    Ok(deployed.probed_with(probe))
}

/// Starts the deployment as a whole, and as many instances as the version before
/// has had calls at once, so that the switch finds them started; the new one may
/// be slower.
///
/// # Errors
/// Why the first one does not start, or not `within` this time.
pub(crate) async fn start(
    before: Option<&Version>,
    deployed: &Deployed,
    within: Duration,
) -> Result<(), NotSeated> {
    let calls = |before: &Version| before.loaded().map_or(0, |before| before.calls.peak());
    let count = before.map_or(0, |before| calls(before).clamp(1, MAX_WARM));
    let count = count.max(usize::from(deployed.probe.is_some()));
    match Deadline::after(clock::now(), within) {
        Some(deadline) => deployed.deployment.warm(count, deadline).await,
        None => Ok(()),
    }
}

/// Ends a version that no new calls go to, unless it is brought back.
pub(crate) async fn retire(leaving: Leaving, drain: Drain, versions: &Versions) {
    let Leaving { version, stays } = leaving;
    let _turn = version.turn.lock().await;
    let mut lost = 0;
    if let Some(deployed) = version.loaded() {
        deployed.deployment.drain();
        let within = async {
            match drain {
                Drain::Within(time) => tokio::time::sleep(time).await,
                Drain::Unlimited => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stays.cancelled() => return,
            () = deployed.calls.quiet() => {}
            () = within => {}
        }
        // Who found it before the switch and enters only now finds its
        // successor.
        deployed.calls.close();
        lost = deployed.deployment.stop(Duration::ZERO).await;
        deployed.calls.quiet().await;
        version.sleep();
    }
    versions.ended(&version);
    tracing::info!(
        version = version.number,
        label = version.label,
        lost,
        "a version has ended"
    );
}
