//! Which core does what: the server one, the load another.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The two cores of a measurement; the same one twice where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    /// For the server under test.
    pub server: usize,
    /// For the load.
    pub load: usize,
}

impl Cores {
    /// The first two cores this process may use.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn pick() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let server = cores.next().unwrap_or_default();
        let load = cores.next().unwrap_or(server);
        Ok(Self { server, load })
    }
}

/// Keeps the calling thread, and what it starts from now on, on one core.
///
/// # Errors
/// When the kernel refuses.
pub fn pin(core: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(core);
    Ok(sched_setaffinity(None, &only)?)
}
