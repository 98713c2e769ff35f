//! The child's half: one component from stdin, its artefact to stdout.

use std::fs::File;
use std::io::{self, Read as _, Write as _, stderr, stdin, stdout};
use std::os::fd::AsFd as _;
use std::process::ExitCode;

use rustix::io::Errno;
use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, nice, set_parent_process_death_signal, setrlimit,
};
use wasmtime::{Engine, OutOfMemory};

use super::{NO_MEMORY, REFUSED, Told};
use crate::engine::codegen_config;

/// How far the worker stands back from the thread that waits for it.
const NICENESS: i32 = 5;

/// What a process does that compiles for a host
/// ([`WorkerConfig`](crate::WorkerConfig)): one component, with the limits it
/// is told, on its one thread. To be called before any other thread is there.
pub fn compile_worker() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = if is_out_of_memory(&error) {
                NO_MEMORY
            } else {
                REFUSED
            };
            // Who reads it may be gone.
            write!(stderr(), "{error:#}").unwrap_or_default();
            ExitCode::from(code)
        }
    }
}

fn work() -> wasmtime::Result<()> {
    let mut input = stdin().lock();
    hold(Told::read(&mut input)?)?;
    let mut component = Vec::new();
    input.read_to_end(&mut component)?;
    // No pool: nothing is instantiated here, and what is compiled does not
    // depend on how instances are allocated.
    let engine = Engine::new(codegen_config().parallel_compilation(false))?;
    let artefact = engine.precompile_component(&component)?;
    // Not through the buffer of `Stdout`, which looks for lines.
    let mut output = File::from(stdout().as_fd().try_clone_to_owned()?);
    output.write_all(&artefact)?;
    Ok(())
}

/// Holds this process to its limits.
fn hold(told: Told) -> io::Result<()> {
    let at_most = |resource, limit: u64| {
        let allowed = getrlimit(resource).maximum;
        let limit = Some(allowed.map_or(limit, |allowed| allowed.min(limit)));
        let (current, maximum) = (limit, limit);
        setrlimit(resource, Rlimit { current, maximum })
    };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    nice(NICENESS)?;
    at_most(Resource::Core, 0)?;
    // It has pipes, and no file to write.
    at_most(Resource::Fsize, 0)?;
    // What is written to, not what is mapped: the engine reserves address
    // space that it never uses.
    at_most(Resource::Data, told.memory)?;
    // The host looks at the wall clock; this is for a host that died before
    // the signal above was asked for.
    at_most(Resource::Cpu, told.seconds.saturating_add(2))?;
    Ok(())
}

fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    let no_memory = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let system = cause.downcast_ref::<Errno>();
        io == Some(io::ErrorKind::OutOfMemory) || system == Some(&Errno::NOMEM)
    };
    error.is::<OutOfMemory>() || error.chain().any(no_memory)
}
