//! The admin API: HTTP with JSON, for whoever deploys. Server and client.

mod client;
mod guard;
mod logs;
mod server;
mod token;
mod wire;

pub use self::client::{AdminError, Client, LogEvents};
pub(crate) use self::server::Admin;
pub use self::token::{Token, default_path as default_token_path};
pub use self::wire::{
    Component, Detail, Event, LogEvent, LogLine, LogQuery, MethodDetail, Placed, Rollout, Upload,
    Version,
};
