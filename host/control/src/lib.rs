//! From a head to a reply: registry → resolve → admit → middleware → dispatch.
//! Knows neither sockets nor wires; never enters a guest itself but through
//! `ostler-runtime`.

mod admit;
mod builtin;
mod clock;
mod control;
mod deploy;
mod dispatch;
mod metrics;
mod middleware;
mod registry;
mod resolve;
mod store;

pub use control::{Control, Options};
pub use deploy::{
    Bounds, Candidate, ComponentInfo, DeployError, Deployer, Drain, Inspected, Placed, Probe,
    Probing, PublicKey, Rollout, Settings, Step, Trust, TrustError, VersionInfo, VersionState,
};
pub use metrics::{Family, FamilyKind, Point, Reading};
pub use middleware::{AccessLog, CallSpan, ChangeEvent, GuestSpan, Period, SpanSink, To, Traces};
pub use registry::{CallLimits, Deployed, RegistryError, Share};
pub use store::{Store, StoreError};
