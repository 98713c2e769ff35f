//! From a component to machine code: in this process, or in a child that is
//! held to limits.

mod child;
mod worker;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use wasmtime::Engine;

pub use self::child::compile_worker;
use self::worker::Workers;

/// Who compiles components.
#[derive(Clone, Debug, Default)]
pub enum Compiler {
    /// This process, on all cores and without limits: for components that are
    /// trusted.
    #[default]
    InProcess,
    /// A child process for each component.
    Worker(WorkerConfig),
}

/// The child process that compiles.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// A program that calls [`compile_worker`] when it is given `arguments`.
    pub program: PathBuf,
    /// What makes it do so.
    pub arguments: Vec<OsString>,
    /// What one compilation may take.
    pub limits: CompileLimits,
}

/// What the compilation of one component may take.
#[derive(Clone, Debug)]
pub struct CompileLimits {
    /// Memory that is written to, bytes.
    pub memory: usize,
    /// Wall time.
    pub time: Duration,
    /// The component, bytes.
    pub size: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            // Workers stand back: on a busy machine they take a multiple of
            // their CPU time.
            time: Duration::from_secs(600),
            size: 64 << 20,
        }
    }
}

/// Why there is no machine code.
#[derive(Debug)]
pub(crate) enum CompileError {
    /// The component is at fault.
    Component(String),
    /// It has more bytes than the limit.
    Size { bytes: usize, limit: usize },
    /// The worker reached its limit of memory.
    Memory { limit: usize },
    /// The worker reached its limit of time.
    Time { limit: Duration },
    /// The worker crashed; the last line it wrote.
    Crashed { status: ExitStatus, last: String },
    /// The worker could not be started, or not be talked to.
    System(io::Error),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(text) => write!(f, "the component cannot be compiled: {text}"),
            Self::Size { bytes, limit } => write!(
                f,
                "the component has {bytes} bytes, the limit is {limit} (server.compile.size)"
            ),
            Self::Memory { limit } => write!(
                f,
                "the compiler was ended at its memory limit of {} MiB (server.compile.memory)",
                limit >> 20
            ),
            Self::Time { limit } => write!(
                f,
                "compiling the component took longer than {limit:?} (server.compile.timeout)"
            ),
            Self::Crashed { status, last } => {
                write!(f, "the compiler crashed on the component ({status})")?;
                if last.is_empty() {
                    return Ok(());
                }
                write!(f, ": {last}")
            }
            Self::System(error) => write!(f, "the compiler cannot be run: {error}"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Compiles, as it was told to.
#[derive(Debug)]
pub(crate) enum Compiling {
    InProcess,
    Workers(Workers),
}

impl Compiling {
    pub(crate) fn new(compiler: Compiler) -> Self {
        match compiler {
            Compiler::InProcess => Self::InProcess,
            Compiler::Worker(config) => Self::Workers(Workers::new(config)),
        }
    }

    /// The artefact of a component, which `engine` can load. Blocking.
    ///
    /// # Errors
    /// [`CompileError`].
    pub(crate) fn compile(&self, engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, CompileError> {
        match self {
            Self::InProcess => engine
                .precompile_component(bytes)
                .map_err(|e| CompileError::Component(format!("{e:#}"))),
            Self::Workers(workers) => workers.compile(bytes),
        }
    }
}

/// What a worker is told before the component: its limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Told {
    memory: u64,
    seconds: u64,
}

/// Two numbers of 64 bits.
const TOLD: usize = 16;

impl Told {
    fn new(limits: &CompileLimits) -> Self {
        Self {
            memory: u64::try_from(limits.memory).unwrap_or(u64::MAX),
            seconds: limits.time.as_secs(),
        }
    }

    fn bytes(self) -> [u8; TOLD] {
        let mut bytes = [0; TOLD];
        bytes[..8].copy_from_slice(&self.memory.to_le_bytes());
        bytes[8..].copy_from_slice(&self.seconds.to_le_bytes());
        bytes
    }

    fn read(mut from: impl io::Read) -> io::Result<Self> {
        let mut number = || {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes)?;
            Ok::<_, io::Error>(u64::from_le_bytes(bytes))
        };
        Ok(Self {
            memory: number()?,
            seconds: number()?,
        })
    }
}

/// How a worker ends whose component cannot be compiled; its words are on
/// stderr.
const REFUSED: u8 = 65;
/// How a worker ends that was given too little memory.
const NO_MEMORY: u8 = 71;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_told_its_limits() {
        let limits = CompileLimits {
            memory: 3 << 30,
            time: Duration::from_millis(7_900),
            size: 1,
        };
        let told = Told::new(&limits);
        assert_eq!(Told::read(&told.bytes()[..]).unwrap(), told);
        assert_eq!((told.memory, told.seconds), (3 << 30, 7));
        assert!(Told::read(&told.bytes()[..TOLD - 1]).is_err());
    }
}
