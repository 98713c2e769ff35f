//! A host for services written as WebAssembly components, to embed.
//!
//! ```no_run
//! # async fn run() -> Result<(), ostler::Error> {
//! let app = ostler::App::builder()
//!     .component("users.wasm")
//!     .listen("127.0.0.1:8080")
//!     .build()
//!     .await?;
//! app.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub mod admin;
mod app;
mod clock;
mod config;
mod error;
mod front;
mod source;
mod tail;
mod telemetry;
mod trust;

pub use app::{App, AppBuilder, Progress, ServiceInfo, Summary};
pub use config::{
    Config, ConfigError, H2, ListenerEntry, Server, ServiceConfig, ServiceLimits, TelemetryConfig,
    parse_duration,
};
pub use error::{Error, ErrorKind};
/// What a call is made of, for programs that make calls without a transport.
pub use ostler_call as call;
pub use ostler_control::{AccessLog, CallLimits};
pub use ostler_runtime::{CompileLimits, Limits, compile_worker};
pub use ostler_schema::{Contract, Handler, Health, admitted};
pub use ostler_transport::listener::ListenerConfig;
pub use source::{Origin, Pulled, Registries, RegistryError, read_component};
pub use tail::Tail;
pub use trust::{read_signature, signature_of};
