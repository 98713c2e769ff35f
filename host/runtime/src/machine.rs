//! What this machine allows: how many instances can be mapped at once.

use rustix::process::{Resource, getrlimit};

/// Mappings one instance takes (memory, tables, stack, guard pages).
const MAPPINGS_PER_INSTANCE: u64 = 8;
/// Linux's default where `/proc` does not say.
const DEFAULT_MAX_MAPPINGS: u64 = 65_530;
/// File descriptors below which a host with many connections will run dry.
const FEW_FILES: u64 = 4_096;

/// How many of `wanted` instances the machine can hold; logs what it found.
pub(crate) fn instances(wanted: u32) -> u32 {
    let mappings = max_mappings();
    // A fifth is left to the allocator, threads and libraries.
    let possible = u32::try_from(mappings / 5 * 4 / MAPPINGS_PER_INSTANCE).unwrap_or(u32::MAX);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if possible < wanted {
        tracing::warn!(
            wanted,
            possible,
            "vm.max_map_count = {mappings} limits the instances; raise it with `sysctl vm.max_map_count=…`"
        );
    }
    if files < FEW_FILES {
        tracing::warn!(
            files,
            "few file descriptors are allowed; raise the limit with `ulimit -n`"
        );
    }
    let instances = wanted.min(possible).max(1);
    tracing::debug!(
        instances,
        max_map_count = mappings,
        open_files = files,
        "sized the instance pool"
    );
    instances
}

fn max_mappings() -> u64 {
    std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(DEFAULT_MAX_MAPPINGS)
}
