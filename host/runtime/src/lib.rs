//! Runs components: engine, artefact cache, instance pool, stream handles,
//! limits. Knows values, never bytes of a wire.

mod abi;
mod cache;
mod clock;
mod compile;
mod deployment;
mod engine;
mod host;
mod instance;
mod lane;
mod limits;
mod load;
mod machine;
mod meter;
mod pool;
mod state;
mod stream;
mod task;
mod usage;

pub use compile::{CompileLimits, Compiler, WorkerConfig, compile_worker};
pub use deployment::{
    CallInfo, Closed, Deployment, DeploymentOptions, Failure, Input, LoadError, NotSeated, Outcome,
    Running, Seat, Sink, Source, Stats, Trial,
};
pub use engine::{Engine, EngineConfig};
pub use lane::stand_back;
pub use limits::Limits;
pub use usage::Usage;
