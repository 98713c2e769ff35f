//! `ostler:rpc/log` and standard output: guest lines in the host's log, with
//! tenant, service, method and call id, rate-limited and free of control bytes.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tracing::Level;
use wasmtime::Result;

use super::rpc_types::bindings::ostler::rpc::log::{Host, Level as GuestLevel};
use crate::state::{Identity, State};

/// The tracing target of guest lines.
pub(crate) const TARGET: &str = "ostler::guest";
/// Bytes of one line kept; the rest is cut.
const MAX_LINE: usize = 8 << 10;

/// How many lines a deployment may still write this second.
#[derive(Debug)]
pub(crate) struct GuestLog {
    per_second: u32,
    second: AtomicU64,
    lines: AtomicU32,
    dropped: AtomicU64,
}

impl GuestLog {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            second: AtomicU64::new(0),
            lines: AtomicU32::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Whether one more line is kept at `now_ms`. Tells, once a second, how
    /// many were not.
    fn admit(&self, tenant: &str, now_ms: u64) -> bool {
        let second = now_ms / 1_000;
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.lines.store(0, Ordering::Relaxed);
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(target: TARGET, tenant, dropped, "guest log lines were dropped");
            }
        }
        let kept = self.lines.fetch_add(1, Ordering::Relaxed) < self.per_second;
        if !kept {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        kept
    }
}

impl Host for State {
    fn log(
        &mut self,
        level: GuestLevel,
        message: String,
        fields: Vec<(String, String)>,
    ) -> Result<()> {
        let now = self.task.now_ms();
        if is_enabled(level) && self.identity.log.admit(&self.identity.tenant, now) {
            let (service, method) = self.method_names();
            let call_id = self
                .call
                .as_ref()
                .map_or("", |call| call.info.call_id.as_str());
            let line = line(&message, &fields);
            emit(level, &self.identity, service, method, call_id, &line);
        }
        Ok(())
    }

    fn enabled(&mut self, level: GuestLevel) -> Result<bool> {
        Ok(is_enabled(level))
    }
}

impl State {
    fn method_names(&self) -> (&str, &str) {
        self.call.as_ref().map_or(("", ""), |call| {
            let service = &self.identity.contract.services[call.service];
            (&service.name.plain, &service.methods[call.method].name.wit)
        })
    }
}

/// A line of standard output or error.
pub(super) fn stdio(identity: &Identity, now_ms: u64, text: &str) {
    if identity.log.admit(&identity.tenant, now_ms) {
        emit(GuestLevel::Info, identity, "", "", "", &line(text, &[]));
    }
}

fn is_enabled(level: GuestLevel) -> bool {
    match level {
        GuestLevel::Trace => tracing::enabled!(target: TARGET, Level::TRACE),
        GuestLevel::Debug => tracing::enabled!(target: TARGET, Level::DEBUG),
        GuestLevel::Info => tracing::enabled!(target: TARGET, Level::INFO),
        GuestLevel::Warn => tracing::enabled!(target: TARGET, Level::WARN),
        GuestLevel::Error => tracing::enabled!(target: TARGET, Level::ERROR),
    }
}

/// The level of a tracing event is part of its static metadata, hence a case
/// each.
fn emit(
    level: GuestLevel,
    identity: &Identity,
    service: &str,
    method: &str,
    call_id: &str,
    line: &str,
) {
    let tenant = &*identity.tenant;
    // Says whose line it is where no call is: no two components have one service.
    let serves = identity.contract.services.first();
    let serves = serves.map_or("", |service| &*service.proto);
    match level {
        GuestLevel::Trace => {
            tracing::trace!(target: TARGET, tenant, serves, service, method, call_id, "{line}")
        }
        GuestLevel::Debug => {
            tracing::debug!(target: TARGET, tenant, serves, service, method, call_id, "{line}")
        }
        GuestLevel::Info => {
            tracing::info!(target: TARGET, tenant, serves, service, method, call_id, "{line}")
        }
        GuestLevel::Warn => {
            tracing::warn!(target: TARGET, tenant, serves, service, method, call_id, "{line}")
        }
        GuestLevel::Error => {
            tracing::error!(target: TARGET, tenant, serves, service, method, call_id, "{line}")
        }
    }
}

fn line(message: &str, fields: &[(String, String)]) -> String {
    let mut line = String::with_capacity(message.len().min(MAX_LINE));
    push_clean(&mut line, message);
    for (key, value) in fields {
        line.push(' ');
        push_clean(&mut line, key);
        line.push('=');
        push_clean(&mut line, value);
    }
    line
}

fn push_clean(line: &mut String, text: &str) {
    for c in text.chars() {
        if line.len() >= MAX_LINE {
            return;
        }
        if c.is_control() {
            // Writing to a string cannot fail.
            write!(line, "{}", c.escape_default()).unwrap_or_default();
        } else {
            line.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bytes_are_escaped_and_lines_are_cut() {
        assert_eq!(
            line("a\nb\u{1b}[0m", &[("k".into(), "v\r".into())]),
            "a\\nb\\u{1b}[0m k=v\\r"
        );
        assert_eq!(line(&"x".repeat(MAX_LINE * 2), &[]).len(), MAX_LINE);
    }

    #[test]
    fn lines_above_the_rate_are_dropped_until_the_next_second() {
        let log = GuestLog::new(2);
        let kept: Vec<bool> = [0, 1, 999, 1_000]
            .iter()
            .map(|now| log.admit("t", *now))
            .collect();
        assert_eq!(kept, [true, true, false, true]);
    }
}
