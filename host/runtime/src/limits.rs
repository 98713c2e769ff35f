//! What one deployment may use.

use std::time::Duration;

/// Bounds of one deployment; each instance and call is held to them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Linear memory of an instance, bytes.
    pub memory: usize,
    /// Elements of all tables of an instance.
    pub table_elements: usize,
    /// CPU time of one call.
    pub cpu: Duration,
    /// Instances alive at once.
    pub instances: usize,
    /// Live handles of an instance.
    pub handles: usize,
    /// How long a call may go without a message in either direction.
    pub stream_idle: Duration,
    /// How long a cancelled guest may go on before it is dropped.
    pub cancel_grace: Duration,
    /// Guest log lines a second kept before the rest is dropped and counted.
    pub log_lines_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 100_000,
            cpu: Duration::from_secs(1),
            instances: 256,
            handles: 10_000,
            stream_idle: Duration::from_secs(300),
            cancel_grace: Duration::from_secs(1),
            log_lines_per_second: 1_000,
        }
    }
}
