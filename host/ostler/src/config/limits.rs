//! `[limits]` and `limits = { … }` of a service.

use ostler_control::CallLimits;
use ostler_runtime::Limits;

use super::keys::Key;

/// Everything one deployment is held to.
#[derive(Clone, Debug, Default)]
pub struct ServiceLimits {
    /// Bounds of its guests.
    pub guest: Limits,
    /// Bounds of its calls.
    pub call: CallLimits,
    /// Instances alive at once; one a concurrent call unless said otherwise.
    instances: Option<usize>,
}

impl ServiceLimits {
    /// The bounds of the guests, with as many instances as calls may run.
    pub(crate) fn guest(&self) -> Limits {
        Limits {
            instances: self.instances.unwrap_or(self.call.concurrency),
            ..self.guest.clone()
        }
    }
}

pub(super) const KEYS: &[Key<ServiceLimits>] = &[
    Key::new("memory", |l, v| v.size().map(|v| l.guest.memory = v)),
    Key::new("table-elements", |l, v| {
        v.count().map(|v| l.guest.table_elements = v)
    }),
    Key::new("cpu", |l, v| v.duration().map(|v| l.guest.cpu = v)),
    Key::new("instances", |l, v| v.count().map(|v| l.instances = Some(v))),
    Key::new("handles", |l, v| v.count().map(|v| l.guest.handles = v)),
    Key::new("stream-idle", |l, v| {
        v.duration().map(|v| l.guest.stream_idle = v)
    }),
    Key::new("cancel-grace", |l, v| {
        v.duration().map(|v| l.guest.cancel_grace = v)
    }),
    Key::new("timeout", |l, v| {
        v.duration().map(|v| l.call.timeout = Some(v))
    }),
    Key::new("message", |l, v| v.size().map(|v| l.call.message = v)),
    Key::new("reply", |l, v| v.size().map(|v| l.call.reply = Some(v))),
    Key::new("depth", |l, v| v.count().map(|v| l.call.depth = v)),
    Key::new("concurrency", |l, v| {
        v.count().map(|v| l.call.concurrency = v)
    }),
];
