//! What the process takes from the system, by the names every Prometheus
//! client uses.

use std::time::{SystemTime, UNIX_EPOCH};

use ostler_control::{Family, FamilyKind};
use rustix::time::{ClockId, clock_gettime};

/// This process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Seconds since 1970.
    started: f64,
}

impl Process {
    /// It starts about now.
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            started: since.unwrap_or_default().as_secs_f64(),
        }
    }

    pub(super) fn read(self) -> Vec<Family> {
        let mut families = Vec::new();
        let mut tell = |name, kind, help, value| {
            let mut family = Family::new(name, kind, help);
            family.add(Vec::new(), value);
            families.push(family);
        };
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        tell(
            "process_cpu_seconds",
            FamilyKind::Counter,
            "CPU time of the process",
            cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
        );
        tell(
            "process_start_time_seconds",
            FamilyKind::Gauge,
            "When the process started, in seconds since 1970",
            self.started,
        );
        if let Some([total, resident]) = memory() {
            tell(
                "process_virtual_memory_bytes",
                FamilyKind::Gauge,
                "Address space of the process",
                total,
            );
            tell(
                "process_resident_memory_bytes",
                FamilyKind::Gauge,
                "Memory of the process that is in RAM",
                resident,
            );
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            tell(
                "process_open_fds",
                FamilyKind::Gauge,
                "Open file descriptors",
                files.count() as f64,
            );
        }
        families
    }
}

/// Address space and what is in RAM, bytes (proc(5), `/proc/pid/statm`).
fn memory() -> Option<[f64; 2]> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = statm.split_whitespace();
    let mut bytes = || {
        let pages: f64 = pages.next()?.parse().ok()?;
        Some(pages * rustix::param::page_size() as f64)
    };
    Some([bytes()?, bytes()?])
}
