//! The composition root: components, control and transports put together.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ostler_control::{
    Candidate, Control, DeployError, Deployer, Options, Rollout, Settings, Store,
};
use ostler_runtime::{Engine, EngineConfig};
use ostler_schema::{Contract, Handler};
use ostler_transport::listener::ListenerConfig;

use crate::admin::{Admin, Token, default_token_path};
use crate::clock;
use crate::config::{Config, Server, ServiceConfig, ServiceLimits};
use crate::error::{Error, ErrorKind};
use crate::front::Front;
use crate::trust;

/// What is known of a live component.
#[derive(Clone, Debug)]
pub struct ServiceInfo {
    /// Its path, or the name it was given.
    pub label: String,
    /// Its services, methods and types.
    pub contract: Arc<Contract>,
}

/// Something that takes time while a host is built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress<'a> {
    /// A component of so many bytes is compiled, or its artefact read.
    Loading(&'a str, usize),
    /// It is done.
    Loaded(&'a str),
}

/// How long connections are given to carry out what was said last, once the
/// grace is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

type OnProgress = Box<dyn Fn(Progress<'_>) + Send>;

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Calls that did not end within the grace.
    pub lost: usize,
}

/// Collects what a host is made of.
#[derive(Default)]
pub struct AppBuilder {
    config: Config,
    sources: Vec<Source>,
    /// Addresses that replace the configuration's.
    listen: Vec<String>,
    progress: Option<OnProgress>,
}

enum Source {
    Path(PathBuf),
    Bytes(String, Vec<u8>, Option<Vec<u8>>),
}

impl AppBuilder {
    /// Starts from this configuration instead of the defaults.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Serves the component in this file.
    #[must_use]
    pub fn component(mut self, path: impl Into<PathBuf>) -> Self {
        self.sources.push(Source::Path(path.into()));
        self
    }

    /// Serves these bytes of a component, called `name` in messages.
    #[must_use]
    pub fn component_bytes(mut self, name: impl Into<String>, bytes: Vec<u8>) -> Self {
        self.sources.push(Source::Bytes(name.into(), bytes, None));
        self
    }

    /// The same with its detached signature, for a configuration whose
    /// `[trust]` asks for one.
    #[must_use]
    pub fn signed_bytes(
        mut self,
        name: impl Into<String>,
        bytes: Vec<u8>,
        signature: Vec<u8>,
    ) -> Self {
        let source = Source::Bytes(name.into(), bytes, Some(signature));
        self.sources.push(source);
        self
    }

    /// Listens on this address instead of those of `server.listen`; may be
    /// repeated. Port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.push(address.into());
        self
    }

    /// What every component added by this builder is held to.
    #[must_use]
    pub fn limits(mut self, limits: ServiceLimits) -> Self {
        self.config.limits = limits;
        self
    }

    /// How long running calls may go on after the shutdown began.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.config.server.grace = grace;
        self
    }

    /// Keeps compiled components in this folder.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config.server.cache = Some(folder.into());
        self
    }

    /// Told what takes time.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(Progress<'_>) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Loads every component and binds every address. Must be called inside
    /// a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// [`Error`] naming the file, address or setting at fault, and the remedy.
    pub async fn build(mut self) -> Result<App, Error> {
        if !self.listen.is_empty() {
            self.config.server.listen = std::mem::take(&mut self.listen);
        }
        let trust = trust::load(&self.config.trust)?;
        let components = self.components(trust.asks())?;
        let store = open_store(&self.config.server)?;
        let kept = store.as_ref().map(Store::settings).unwrap_or_default();
        // Before anything is compiled: an address in use is found at once.
        let server = &self.config.server;
        let addresses = server.addresses(&listener_config(&self.config, &components, &kept));
        let front = Front::bind(addresses).await?;
        let admin = bind_admin(server).await?;
        let engine = Engine::new(engine_config(&self.config, &components, &kept))
            .map_err(|e| Error::new(ErrorKind::Engine, format!("the engine cannot start: {e}")))?;
        let options = Options {
            access_log: self.config.server.access_log,
        };
        let control = Control::new(&options);
        let defaults = settings(&self.config.limits, Vec::new());
        let deployer = Deployer::new(engine, control.clone(), defaults).trusting(trust);
        for component in components {
            let label = component.label.clone();
            self.tell(Progress::Loading(&label, component.bytes.len()));
            component.deploy(&deployer).await?;
            self.tell(Progress::Loaded(&label));
        }
        if let Some(store) = store {
            let restored = deployer.restore(store, self.config.server.loaded).await;
            restored.map_err(|e| Error::new(ErrorKind::Component, e.to_string()))?;
        }
        let services = control.live().into_iter();
        let services = services.map(|(label, contract)| ServiceInfo { label, contract });
        let services = services.collect();
        let asleep = control.asleep();
        Ok(App {
            control,
            deployer,
            front,
            admin,
            services,
            asleep,
            grace: self.config.server.grace,
        })
    }

    fn tell(&self, progress: Progress<'_>) {
        if let Some(tell) = &self.progress {
            tell(progress);
        }
    }

    /// The bytes of every component, those of the configuration first; with
    /// their signatures if they are `signed`.
    fn components(&mut self, signed: bool) -> Result<Vec<Component>, Error> {
        let limits = &self.config.limits;
        let configured = self.config.services.iter().map(|service| {
            let ServiceConfig {
                component,
                limits,
                config,
            } = service.clone();
            Component::read(component, limits, config, signed)
        });
        let added = self.sources.drain(..).map(|source| match source {
            Source::Path(path) => Component::read(path, limits.clone(), Vec::new(), signed),
            Source::Bytes(label, bytes, signature) => Ok(Component {
                label,
                bytes,
                signature,
                limits: limits.clone(),
                config: Vec::new(),
            }),
        });
        let all: Vec<_> = configured.chain(added).collect::<Result<_, _>>()?;
        if all.is_empty() && self.config.server.admin.is_none() {
            return Err(Error::new(
                ErrorKind::Config,
                "no component to serve; name a FILE.wasm, add a [[service]] to the configuration, or set server.admin to deploy one later",
            ));
        }
        Ok(all)
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// A component that is not loaded yet.
struct Component {
    label: String,
    bytes: Vec<u8>,
    signature: Option<Vec<u8>>,
    limits: ServiceLimits,
    config: Vec<(String, String)>,
}

impl Component {
    fn read(
        path: PathBuf,
        limits: ServiceLimits,
        config: Vec<(String, String)>,
        signed: bool,
    ) -> Result<Self, Error> {
        let label = path.display().to_string();
        let bytes = read_component(&path)?;
        let signature = match signed {
            true => trust::signature_of(&path)?,
            false => None,
        };
        Ok(Self {
            label,
            bytes,
            signature,
            limits,
            config,
        })
    }

    /// Puts it live beside what is there.
    async fn deploy(self, deployer: &Deployer) -> Result<(), Error> {
        let label = self.label;
        let candidate = Candidate {
            name: None,
            label: label.clone(),
            bytes: self.bytes.into(),
            signature: self.signature.map(Into::into),
            settings: Some(settings(&self.limits, self.config)),
        };
        let fresh = Rollout {
            fresh: true,
            ..Rollout::default()
        };
        match deployer.deploy(candidate, fresh, |_| {}).await {
            Ok(_) => Ok(()),
            Err(clash @ DeployError::Names(_)) => {
                Err(Error::new(ErrorKind::Component, clash.to_string()))
            }
            Err(error) => Err(Error::new(
                ErrorKind::Component,
                format!("{label}: {error}"),
            )),
        }
    }
}

/// The bytes of a component, unless there are too many.
///
/// # Errors
/// [`Error`] naming the file.
pub fn read_component(path: &Path) -> Result<Vec<u8>, Error> {
    let label = path.display();
    let unreadable =
        |e: io::Error| Error::new(ErrorKind::File, format!("{label}: cannot be read: {e}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    Contract::check_size(size)
        .map_err(|e| Error::new(ErrorKind::Component, format!("{label}: {e}")))?;
    std::fs::read(path).map_err(unreadable)
}

fn settings(limits: &ServiceLimits, config: Vec<(String, String)>) -> Settings {
    Settings {
        guest: limits.guest(),
        call: limits.call.clone(),
        config,
    }
}

/// The socket of the admin API, where one is configured.
async fn bind_admin(server: &Server) -> Result<Option<Admin>, Error> {
    let Some(address) = &server.admin else {
        return Ok(None);
    };
    let path = server.admin_token.clone().or_else(default_token_path);
    let path = path.ok_or_else(|| {
        let text = "server.admin needs server.admin-token, a file for its token: this user has no home for one";
        Error::new(ErrorKind::Config, text)
    })?;
    let token = Token::load_or_create(&path)
        .map_err(|e| Error::new(ErrorKind::File, format!("the admin API's token: {e}")))?;
    let bound = Admin::bind(address, token, &server.admin_hosts).await;
    let admin = bound.map_err(|e| {
        let text = format!("the admin API cannot listen on {address}: {e}");
        Error::new(ErrorKind::Listen, text)
    })?;
    Ok(Some(admin))
}

/// Where deployments by the admin API are kept, where there is one.
fn open_store(server: &Server) -> Result<Option<Store>, Error> {
    if server.admin.is_none() {
        return Ok(None);
    }
    // Beside the token.
    let usual = || Some(default_token_path()?.with_file_name("store"));
    let folder = server.store.clone().or_else(usual).ok_or_else(|| {
        let text = "server.admin needs server.store, a folder for what is deployed: this user has no home for one";
        Error::new(ErrorKind::Config, text)
    })?;
    let store = Store::open(folder);
    let store = store.map_err(|e| {
        let text = format!("the store of deployments: {e}");
        Error::new(ErrorKind::File, text)
    })?;
    Ok(Some(store))
}

/// An engine with room for every component's limits, and for those of what was
/// deployed before.
fn engine_config(config: &Config, components: &[Component], kept: &[Settings]) -> EngineConfig {
    let default = EngineConfig::default();
    let mut guests: Vec<_> = components.iter().map(|c| c.limits.guest()).collect();
    let mut sum = guests.iter().map(|g| g.instances).sum::<usize>();
    if config.server.admin.is_some() {
        // Others may come, and two versions of each run while they are swapped.
        guests.push(config.limits.guest());
        guests.extend(kept.iter().map(|settings| settings.guest.clone()));
        sum = (2 * sum).max(default.instances as usize);
    }
    let most = |f: fn(&ostler_runtime::Limits) -> usize| guests.iter().map(f).max();
    EngineConfig {
        instances: (config.server.instances).unwrap_or(u32::try_from(sum).unwrap_or(u32::MAX)),
        memory: most(|g| g.memory).unwrap_or(default.memory),
        table_elements: most(|g| g.table_elements).unwrap_or(default.table_elements),
        cache: config.server.cache.clone(),
    }
}

/// Connections as configured, with room for the largest message of any
/// component; each has a limit of its own behind that.
fn listener_config(config: &Config, components: &[Component], kept: &[Settings]) -> ListenerConfig {
    let Config { server, limits, .. } = config;
    // What may be deployed later is held to what holds for all.
    let later = server.admin.iter().map(|_| &limits.call);
    let calls = components.iter().map(|c| &c.limits.call).chain(later);
    let calls = calls.chain(kept.iter().map(|settings| &settings.call));
    let messages = calls.map(|call| call.message);
    let mut config = server.listener.clone();
    config.http.message_bytes = messages.max().unwrap_or(config.http.message_bytes);
    config
}

/// A host that is ready: every component loaded, every address bound.
#[derive(Debug)]
pub struct App {
    control: Control,
    deployer: Deployer,
    front: Front,
    admin: Option<Admin>,
    services: Vec<ServiceInfo>,
    asleep: Vec<String>,
    grace: Duration,
}

impl App {
    /// A host to be put together.
    pub fn builder() -> AppBuilder {
        AppBuilder::default()
    }

    /// The addresses listened on as URLs, with the ports that were taken.
    pub fn urls(&self) -> Vec<String> {
        self.front.urls().collect()
    }

    /// The addresses that were bound.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        self.front.local_addrs()
    }

    /// Where the admin API listens, if there is one.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }

    /// What is served from the start.
    pub fn services(&self) -> &[ServiceInfo] {
        &self.services
    }

    /// Full names of the services that were deployed before and are loaded when
    /// they are called.
    pub fn asleep(&self) -> &[String] {
        &self.asleep
    }

    /// Makes calls without any transport.
    pub fn handler(&self) -> Arc<dyn Handler> {
        Arc::new(self.control.clone())
    }

    /// Serves until `shutdown` is ready, then leaves with one deadline for
    /// everything: accepts nothing new, lets running calls end, interrupts
    /// what outlasts the grace, stops the guests.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Summary {
        let Self {
            control,
            deployer,
            front,
            admin,
            grace,
            ..
        } = self;
        let handler: Arc<dyn Handler> = Arc::new(control.clone());
        let mut serving = front.serve(&handler, grace + LAST_WORDS);
        if let Some(admin) = admin {
            serving.administer(admin, control.clone(), deployer);
        }
        shutdown.await;

        // Health first, so that balancers look elsewhere. Calls are still
        // served: their callers could not know.
        control.drain();
        serving.stop();
        let until = clock::now() + grace;
        let ended = tokio::time::timeout_at(until.into(), serving.ended()).await;

        // Guests next: those still running are interrupted, and their callers
        // told, while the connections are still there to tell them.
        let left = until.saturating_duration_since(clock::now());
        let lost = control.stop(left).await;
        if ended.is_err() {
            let told = tokio::time::timeout(LAST_WORDS, serving.ended()).await;
            if told.is_err() {
                tracing::warn!("connections that outlast the grace are cut");
            }
        }
        Summary { lost }
    }
}
