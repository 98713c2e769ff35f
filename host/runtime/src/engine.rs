//! The wasmtime engine and the three threads' worth of machinery around it:
//! epoch ticker, sweeper, guest lane.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use ostler_schema::Contract;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::compile::{Compiler, Compiling};
use crate::deployment::{Deployment, DeploymentOptions, Live, LoadError};
use crate::lane::Lane;
use crate::load;
use crate::state::State;
use crate::{abi, host, machine};

/// How often a running guest can be looked at.
const TICK: Duration = Duration::from_millis(1);
/// How often deadlines, idle times and graces are looked at.
const SWEEP: Duration = Duration::from_millis(10);
/// Niceness of the guest lane.
const LANE: i32 = 5;
/// Niceness of the aside lane: a tenth of the core that a call would get.
const ASIDE: i32 = 10;
/// Stack of a fiber: guest frames, and host functions with their codecs on top.
const FIBER_STACK: usize = 1 << 20;
/// Of which the guest may use this much.
const GUEST_STACK: usize = 512 << 10;
/// Core instances a component may be made of (Python's have 14).
const CORE_PER_COMPONENT: u32 = 16;
/// Memories a component may be made of (QuickJS's have 3).
const MEMORIES_PER_COMPONENT: u32 = 3;
/// Tables likewise.
const TABLES_PER_COMPONENT: u32 = 8;

/// How an engine is built.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Instances alive at once over all deployments; fewer where the machine
    /// cannot map as many.
    pub instances: u32,
    /// The largest linear memory any deployment may be given, bytes.
    pub memory: usize,
    /// Elements of the largest table any deployment may be given.
    pub table_elements: usize,
    /// Where compiled components are kept; `None` compiles at every start.
    pub cache: Option<PathBuf>,
    /// What that folder may hold, bytes; beyond, what was loaded longest ago
    /// goes.
    pub cache_size: u64,
    /// Who compiles components.
    pub compiler: Compiler,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            instances: 1_000,
            memory: 64 << 20,
            table_elements: 100_000,
            cache: None,
            cache_size: 10 << 30,
            compiler: Compiler::InProcess,
        }
    }
}

/// Compiles and runs components. Cheap to clone; its threads end with the last
/// clone.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    threads: Arc<Threads>,
}

/// What every deployment and task of an engine shares.
pub(crate) struct Shared {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) clock: Clock,
    /// Of guests that were pre-empted or abandoned.
    pub(crate) lane: Arc<Lane>,
    /// Of guests that serve no call.
    pub(crate) aside: Arc<Lane>,
    deployments: Mutex<Vec<Weak<Live>>>,
    linker: Linker<State>,
    cache: Option<Cache>,
    compiling: Compiling,
    limits: EngineConfig,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Builds the engine and starts its threads. Must be called inside a tokio
    /// runtime, whose timers guests wait on.
    ///
    /// # Errors
    /// When the machine refuses the pool's address space, a thread, or the
    /// cache folder.
    pub fn new(mut config: EngineConfig) -> Result<Self, LoadError> {
        let handle = Handle::try_current()
            .map_err(|_| LoadError::new("an engine must be built inside a tokio runtime"))?;
        config.instances = machine::instances(config.instances);
        let engine = wasmtime::Engine::new(&wasmtime_config(&config))
            .map_err(|e| LoadError::new(format!("the engine cannot be built: {e:#}")))?;
        let linker = host::linker(&engine).map_err(|e| {
            LoadError::new(format!("the host's interfaces cannot be linked: {e:#}"))
        })?;
        let cache = (config.cache.clone())
            .map(|folder| open_cache(folder, config.cache_size))
            .transpose()?;
        let compiling = Compiling::new(config.compiler.clone());
        let shared = Arc::new(Shared {
            engine,
            clock: Clock::new(),
            lane: Arc::default(),
            aside: Arc::default(),
            deployments: Mutex::default(),
            linker,
            cache,
            compiling,
            limits: config,
        });
        let threads = Threads::start(&shared, &handle)
            .map_err(|e| LoadError::new(format!("the engine's threads cannot be started: {e}")))?;
        Ok(Self {
            shared,
            threads: Arc::new(threads),
        })
    }

    /// Compiles a component (or maps its artefact), links it and makes it ready
    /// for calls. Blocking: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`LoadError`] naming the import or limit at fault.
    pub fn load(
        &self,
        component: &[u8],
        contract: Arc<Contract>,
        options: DeploymentOptions,
    ) -> Result<Deployment, LoadError> {
        let digest = Sha256::digest(component).into();
        self.load_known(digest, || Ok(component), contract, options)
    }

    /// The same for a component of which the SHA-256 is known: `read` is asked
    /// for its bytes only where its artefact is not there.
    ///
    /// # Errors
    /// That of `read`, and [`LoadError`] as above, or for other bytes than those
    /// of the digest.
    pub fn load_known<B: AsRef<[u8]>, E: From<LoadError>>(
        &self,
        digest: [u8; 32],
        read: impl FnOnce() -> Result<B, E>,
        contract: Arc<Contract>,
        options: DeploymentOptions,
    ) -> Result<Deployment, E> {
        self.check(&options)?;
        let Shared { engine, cache, .. } = &*self.shared;
        let component = match load::kept(engine, cache.as_ref(), &digest) {
            Some(component) => component,
            None => self.compile(digest, read()?.as_ref())?,
        };
        Ok(self.deployment(&component, contract, options)?)
    }

    fn check(&self, options: &DeploymentOptions) -> Result<(), LoadError> {
        let limits = &self.shared.limits;
        if options.limits.memory > limits.memory
            || options.limits.table_elements > limits.table_elements
        {
            return Err(LoadError::new(format!(
                "the deployment's limits exceed the engine's (memory {} bytes, {} table elements); raise the engine's",
                limits.memory, limits.table_elements
            )));
        }
        Ok(())
    }

    fn compile(&self, digest: [u8; 32], component: &[u8]) -> Result<Component, LoadError> {
        // What is kept by a wrong digest would run as another component.
        if digest != *Sha256::digest(component) {
            let text = "the component is not the one of its digest";
            return Err(LoadError::new(text));
        }
        let Shared {
            engine,
            cache,
            compiling,
            ..
        } = &*self.shared;
        load::compiled(engine, cache.as_ref(), compiling, &digest, component)
            .map_err(|e| LoadError::new(e.to_string()))
    }

    /// Links a component.
    fn deployment(
        &self,
        component: &Component,
        contract: Arc<Contract>,
        options: DeploymentOptions,
    ) -> Result<Deployment, LoadError> {
        let mut linker = self.shared.linker.clone();
        abi::link_streams(&mut linker, &contract).map_err(|e| {
            LoadError::new(format!("the component's streams cannot be linked: {e:#}"))
        })?;
        let pre = linker.instantiate_pre(component).map_err(|e| {
            LoadError::new(format!(
                "the component imports what this host does not offer: {e:#}; a service may import ostler:rpc/* and wasi:* 0.2 without wasi:http"
            ))
        })?;
        let deployment = Deployment::new(
            Arc::clone(&self.shared),
            Arc::clone(&self.threads),
            pre,
            contract,
            options,
        );
        self.shared
            .deployments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(deployment.downgrade());
        Ok(deployment)
    }
}

fn open_cache(folder: PathBuf, size: u64) -> Result<Cache, LoadError> {
    let shown = folder.display().to_string();
    Cache::open(folder, size).map_err(|e| {
        LoadError::new(format!(
            "the folder for compiled components, {shown}, cannot be used: {e}"
        ))
    })
}

impl Shared {
    fn sweep(&self) {
        let now = self.clock.coarse_ms();
        // Outside the lock: ending a guest may drop its store, which takes time.
        for live in self.live_deployments() {
            live.sweep(now);
        }
    }

    fn live_deployments(&self) -> Vec<Arc<Live>> {
        let mut live = Vec::new();
        self.deployments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|weak| {
                let strong = weak.upgrade();
                let kept = strong.is_some();
                live.extend(strong);
                kept
            });
        live
    }
}

/// Ends the engine's threads when dropped.
#[derive(Debug)]
pub(crate) struct Threads {
    stop: Arc<AtomicBool>,
    lanes: [Arc<Lane>; 2],
}

impl Threads {
    fn start(shared: &Arc<Shared>, handle: &Handle) -> std::io::Result<Self> {
        let threads = Self {
            stop: Arc::default(),
            lanes: [Arc::clone(&shared.lane), Arc::clone(&shared.aside)],
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        shared.lane.start("guest-lane", cores, LANE, handle)?;
        shared.aside.start("aside-lane", 1, ASIDE, handle)?;
        threads.every("epoch", TICK, shared, |shared| {
            shared.clock.tick();
            shared.engine.increment_epoch();
        })?;
        threads.every("sweeper", SWEEP, shared, Shared::sweep)?;
        Ok(threads)
    }

    fn every(
        &self,
        name: &str,
        period: Duration,
        shared: &Arc<Shared>,
        work: impl Fn(&Shared) + Send + 'static,
    ) -> std::io::Result<()> {
        let stop = Arc::clone(&self.stop);
        let shared = Arc::downgrade(shared);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(period);
                    let Some(shared) = shared.upgrade() else {
                        return;
                    };
                    work(&shared);
                }
            })?;
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for lane in &self.lanes {
            lane.close();
        }
    }
}

fn wasmtime_config(limits: &EngineConfig) -> Config {
    let mut config = codegen_config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(limits)));
    config
}

/// All that compiled code depends on; the same in the process that compiles and
/// in the one that runs it.
pub(crate) fn codegen_config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .wasm_component_model(true)
        .wasm_component_model_map(true)
        .wasm_memory64(false)
        .async_stack_size(FIBER_STACK)
        .max_wasm_stack(GUEST_STACK)
        .memory_init_cow(true);
    config
}

fn pooling(limits: &EngineConfig) -> PoolingAllocationConfig {
    let n = limits.instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(n)
        .total_stacks(n)
        .total_core_instances(n.saturating_mul(CORE_PER_COMPONENT))
        .total_memories(n.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(n.saturating_mul(TABLES_PER_COMPONENT))
        .max_core_instances_per_component(CORE_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memory_size(limits.memory)
        .table_elements(limits.table_elements)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(8 << 10);
    pool
}
