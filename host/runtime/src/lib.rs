//! Runs components: engine, artefact cache, instance pool, stream handles,
//! limits. Knows values, never bytes of a wire.

mod deployment;
mod limits;

pub use deployment::{
    CallInfo, Closed, Deployment, DeploymentOptions, Engine, EngineConfig, Failure, Input,
    LoadError, Outcome, Running, Sink, Source, Stats,
};
pub use limits::Limits;
