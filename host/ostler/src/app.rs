//! The composition root: components, control and transports put together.

use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ostler_control::{Control, Deployer, Options, Settings, SpanSink, Store, Traces};
use ostler_runtime::{Compiler, Engine, EngineConfig, WorkerConfig};
use ostler_schema::{Contract, Handler};
use ostler_transport::listener::ListenerConfig;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin::{Admin, Token, default_token_path};
use crate::clock;
use crate::config::{Config, Server, ServiceLimits};
use crate::error::{Error, ErrorKind};
use crate::front::Front;
use crate::source::{Component, Found, Held, How, Origin, Wanted, Watch};
use crate::tail::Tail;
use crate::telemetry::Telemetry;
use crate::telemetry::otlp::Exporter;
use crate::{source, trust};

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
    /// Swap what is watched even where it breaks callers.
    force: bool,
    tail: Option<Tail>,
    progress: Option<OnProgress>,
    /// What compiles instead of this process.
    worker: Option<(PathBuf, Vec<OsString>)>,
}

enum Source {
    At { origin: Origin, watch: bool },
    Bytes(String, Vec<u8>, Option<Vec<u8>>),
}

impl AppBuilder {
    /// Starts from this configuration instead of the defaults.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Serves the component in this file, every one of a folder, or the one
    /// of a registry that `oci://…` names.
    #[must_use]
    pub fn component(mut self, path: impl Into<PathBuf>) -> Self {
        let (path, watch): (PathBuf, _) = (path.into(), false);
        let origin = path.as_path().into();
        self.sources.push(Source::At { origin, watch });
        self
    }

    /// The same, and deploys what changes there while it serves.
    #[must_use]
    pub fn watched(mut self, path: impl Into<PathBuf>) -> Self {
        let (path, watch): (PathBuf, _) = (path.into(), true);
        let origin = path.as_path().into();
        self.sources.push(Source::At { origin, watch });
        self
    }

    /// Deploys what changes in watched places even where callers of the
    /// version before could not go on.
    #[must_use]
    pub fn force(mut self) -> Self {
        self.force = true;
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

    /// Compiles each component in a child process that `server.compile` holds
    /// to limits, not in this one: `program`, which calls
    /// [`compile_worker`](crate::compile_worker) when it is given `arguments`.
    #[must_use]
    pub fn compile_worker(
        mut self,
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into);
        self.worker = Some((program.into(), arguments.collect()));
        self
    }

    /// Shows the admin API what this layer of the program's log has kept.
    #[must_use]
    pub fn tail(mut self, tail: Tail) -> Self {
        self.tail = Some(tail);
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
        let how = How {
            force: self.force,
            signed: trust.asks(),
        };
        let (components, mut watches) =
            source::find(self.wanted()?, how, &self.config.registries).await?;
        let store = open_store(&self.config.server)?;
        let kept = store.as_ref().map(Store::settings).unwrap_or_default();
        // Before anything is compiled: an address in use is found at once.
        let server = &self.config.server;
        let limits = Limits {
            now: components
                .iter()
                .map(|f| &f.component.held.limits)
                .collect(),
            later: later(&self.config, &watches),
            kept: &kept,
        };
        let addresses = server.addresses(&limits.listener(&self.config));
        let front = Front::bind(addresses).await?;
        let admin = bind_admin(&self.config, self.tail.clone()).await?;
        let engine = EngineConfig {
            compiler: self.compiler(),
            ..limits.engine(&self.config)
        };
        let engine = Engine::new(engine)
            .map_err(|e| Error::new(ErrorKind::Engine, format!("the engine cannot start: {e}")))?;
        let exporter = Exporter::new(&self.config.telemetry);
        let exporter =
            exporter.map_err(|e| Error::new(ErrorKind::Config, format!("telemetry.otlp: {e}")))?;
        let queue = exporter.as_ref().map(|exporter| exporter.queue().clone());
        let sampling = self.config.telemetry.sampling;
        let options = Options {
            access_log: self.config.server.access_log,
            traces: queue.clone().map(|queue| Traces {
                sampling,
                sink: queue as Arc<dyn SpanSink>,
            }),
        };
        let control = Control::new(&options);
        let defaults = settings(&self.config.limits);
        let deployer = Deployer::new(engine, control.clone(), defaults).trusting(trust);
        for found in components {
            let Found {
                component,
                file,
                watched,
            } = found;
            let label = component.label.clone();
            self.tell(Progress::Loading(&label, component.bytes.len()));
            let digest = component.digest();
            let deployed = component.deploy(&deployer).await;
            let watch = watched.and_then(|place| watches.get_mut(place));
            match (deployed, watch) {
                (Ok(placed), Some(watch)) => watch.is_live(file, placed.name, digest),
                (Err(error), Some(watch)) if watch.goes_on() => watch.is_refused(file, &error),
                (Err(error), _) => return Err(error),
                (Ok(_), None) => {}
            }
            self.tell(Progress::Loaded(&label));
        }
        if let Some(store) = store {
            let restored = deployer.restore(store, self.config.server.loaded).await;
            restored.map_err(|e| Error::new(ErrorKind::Component, e.to_string()))?;
        }
        let telemetry = Telemetry::new(control.clone(), front.connections(), queue);
        let services = control.live().into_iter();
        let services = services.map(|(label, contract)| ServiceInfo { label, contract });
        let services = services.collect();
        let asleep = control.asleep();
        Ok(App {
            control,
            deployer,
            front,
            admin,
            watches,
            telemetry,
            exporter,
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

    fn compiler(&self) -> Compiler {
        match self.worker.clone() {
            None => Compiler::InProcess,
            Some((program, arguments)) => Compiler::Worker(WorkerConfig {
                program,
                arguments,
                limits: self.config.server.compile.clone(),
            }),
        }
    }

    /// Every place and component there shall be, those of the configuration
    /// first.
    fn wanted(&mut self) -> Result<Vec<Wanted>, Error> {
        let configured = self.config.services.iter().cloned();
        let configured = configured.map(|service| {
            let held = Held {
                limits: service.limits,
                config: service.config,
                probe: service.probe,
            };
            wanted(service.component, service.watch, held)
        });
        let held = Held {
            limits: self.config.limits.clone(),
            config: Vec::new(),
            probe: None,
        };
        let added = self.sources.drain(..).map(|source| match source {
            Source::At { origin, watch } => wanted(origin, watch, held.clone()),
            Source::Bytes(label, bytes, signature) => Wanted::Component(Component {
                label,
                bytes: bytes.into(),
                signature: signature.map(Into::into),
                held: held.clone(),
            }),
        });
        let all: Vec<_> = configured.chain(added).collect();
        if all.is_empty() && self.config.server.admin.is_none() {
            return Err(Error::new(
                ErrorKind::Config,
                "no component to serve; name a FILE.wasm, add a [[service]] to the configuration, or set server.admin to deploy one later",
            ));
        }
        Ok(all)
    }
}

fn wanted(origin: Origin, watch: bool, held: Held) -> Wanted {
    match origin {
        Origin::Path(path) => Wanted::Place { path, watch, held },
        Origin::Registry(reference) => Wanted::Remote { reference, held },
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What a version is held to.
pub(crate) fn settings(limits: &ServiceLimits) -> Settings {
    Settings {
        guest: limits.guest(),
        call: limits.call.clone(),
        ..Settings::default()
    }
}

/// The socket of the admin API, where one is configured.
async fn bind_admin(config: &Config, tail: Option<Tail>) -> Result<Option<Admin>, Error> {
    let server = &config.server;
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
    let bound = Admin::bind(address, token, config, tail).await;
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

/// What the host must have room for.
struct Limits<'a> {
    /// Of every component there is.
    now: Vec<&'a ServiceLimits>,
    /// Of those that may come.
    later: Vec<&'a ServiceLimits>,
    /// Of what was deployed before.
    kept: &'a [Settings],
}

/// What components that come later are held to, where any may.
fn later<'a>(config: &'a Config, watches: &'a [Watch]) -> Vec<&'a ServiceLimits> {
    let uploads = config.server.admin.iter().map(|_| &config.limits);
    uploads.chain(watches.iter().map(Watch::limits)).collect()
}

impl Limits<'_> {
    fn engine(&self, config: &Config) -> EngineConfig {
        let default = EngineConfig::default();
        let mut guests: Vec<_> = self.now.iter().map(|limits| limits.guest()).collect();
        let mut sum = guests.iter().map(|g| g.instances).sum::<usize>();
        if !self.later.is_empty() {
            // Others may come, and two versions of each run while they are swapped.
            guests.extend(self.later.iter().map(|limits| limits.guest()));
            guests.extend(self.kept.iter().map(|settings| settings.guest.clone()));
            sum = (2 * sum).max(default.instances as usize);
        }
        let most = |f: fn(&ostler_runtime::Limits) -> usize| guests.iter().map(f).max();
        EngineConfig {
            instances: (config.server.instances).unwrap_or(u32::try_from(sum).unwrap_or(u32::MAX)),
            memory: most(|g| g.memory).unwrap_or(default.memory),
            table_elements: most(|g| g.table_elements).unwrap_or(default.table_elements),
            cache: config.server.cache.clone(),
            cache_size: config.server.cache_size as u64,
            ..default
        }
    }

    /// Connections as configured, with room for the largest message of any
    /// component; each has a limit of its own behind that.
    fn listener(&self, config: &Config) -> ListenerConfig {
        let calls = self
            .now
            .iter()
            .chain(&self.later)
            .map(|limits| &limits.call);
        let calls = calls.chain(self.kept.iter().map(|settings| &settings.call));
        let messages = calls.map(|call| call.message);
        let mut listener = config.server.listener.clone();
        listener.http.message_bytes = messages.max().unwrap_or(listener.http.message_bytes);
        listener
    }
}

/// A host that is ready: every component loaded, every address bound.
#[derive(Debug)]
pub struct App {
    control: Control,
    deployer: Deployer,
    front: Front,
    admin: Option<Admin>,
    watches: Vec<Watch>,
    telemetry: Telemetry,
    exporter: Option<Exporter>,
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
            watches,
            telemetry,
            exporter,
            grace,
            ..
        } = self;
        let handler: Arc<dyn Handler> = Arc::new(control.clone());
        let mut serving = front.serve(&handler, grace + LAST_WORDS);
        for watch in watches {
            serving.watch(watch, control.clone(), deployer.clone());
        }
        let mut exporting = JoinSet::new();
        let last_calls = CancellationToken::new();
        if let Some(exporter) = exporter {
            exporting.spawn(exporter.run(telemetry.clone(), last_calls.clone()));
        }
        if let Some(admin) = admin {
            serving.administer(admin, control.clone(), deployer, telemetry);
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
        // Last of all, so that every call is in it. A collector that is gone
        // keeps nobody.
        last_calls.cancel();
        let left = until.saturating_duration_since(clock::now());
        let flushing = exporting.join_next();
        if (tokio::time::timeout(left.max(LAST_WORDS), flushing).await).is_err() {
            tracing::warn!("the collector took too long; the last traces and metrics are lost");
        }
        Summary { lost }
    }
}
