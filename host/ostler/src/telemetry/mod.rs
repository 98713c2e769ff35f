//! What a host tells of itself: every counter, in the formats that collectors
//! read.

pub(crate) mod otlp;
mod process;
mod text;

use std::sync::Arc;

use ostler_control::{Control, Family, FamilyKind};
use ostler_transport::listener::Connections;

use otlp::Queue;
use process::Process;
pub(crate) use text::Format;

/// Where the numbers come from. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    control: Control,
    connections: Arc<[Connections]>,
    process: Process,
    /// Where spans wait, if they are sent anywhere.
    queue: Option<Arc<Queue>>,
}

impl Telemetry {
    /// Tells of these calls and these connections, and of what is sent.
    pub(crate) fn new(
        control: Control,
        connections: Vec<Connections>,
        queue: Option<Arc<Queue>>,
    ) -> Self {
        Self {
            control,
            connections: connections.into(),
            process: Process::new(),
            queue,
        }
    }

    /// Everything as it is now.
    pub(crate) fn read(&self) -> Vec<Family> {
        let mut families = self.control.metrics();
        let open: usize = self.connections.iter().map(Connections::open).sum();
        let mut connections = Family::new(
            "ostler_connections",
            FamilyKind::Gauge,
            "Connections that are open, those of the admin API not counted",
        );
        connections.add(Vec::new(), open as f64);
        families.push(connections);
        if let Some(queue) = &self.queue {
            let mut dropped = Family::new(
                "ostler_telemetry_dropped",
                FamilyKind::Counter,
                "Traces of calls, and changes, that no collector took",
            );
            dropped.add(Vec::new(), queue.dropped() as f64);
            families.push(dropped);
        }
        families.extend(self.process.read());
        families
    }
}
