//! The host's half: a child process for each component, as many at once as
//! there are cores.

use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::{CompileError, CompileLimits, NO_MEMORY, REFUSED, Told, WorkerConfig};
use crate::clock::Clock;

/// Bytes of a worker's stderr that are kept.
const SAID: usize = 64 << 10;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;
/// What the allocator of a worker writes before it aborts.
const ALLOCATION: &str = "memory allocation of ";

/// Starts the workers.
#[derive(Debug)]
pub(crate) struct Workers {
    config: WorkerConfig,
    places: Places,
}

impl Workers {
    pub(crate) fn new(config: WorkerConfig) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            config,
            places: Places::new(cores),
        }
    }

    /// Waits for a place, then for the artefact.
    ///
    /// # Errors
    /// [`CompileError`].
    pub(crate) fn compile(&self, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        let limits = &self.config.limits;
        if component.len() > limits.size {
            return Err(CompileError::Size {
                bytes: component.len(),
                limit: limits.size,
            });
        }
        let _place = self.places.take();
        let worker = Worker::start(&self.config).map_err(CompileError::System)?;
        tracing::debug!(
            pid = worker.child.id(),
            bytes = component.len(),
            "compiling in a worker"
        );
        let told = Told::new(limits).bytes();
        let input = [&told[..], component].concat();
        worker.run(&input, limits)
    }
}

/// How many may compile at once.
#[derive(Debug)]
struct Places {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// The right to run a worker; given back when dropped.
struct Place<'p>(&'p Places);

impl Places {
    fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(count),
            given_back: Condvar::new(),
        }
    }

    fn take(&self) -> Place<'_> {
        let waited = self.given_back.wait_while(self.lock(), |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Place(self)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.given_back.notify_one();
    }
}

/// A running child; killed and reaped when dropped.
struct Worker {
    child: Child,
    /// Readable once the child has ended.
    ended: OwnedFd,
    /// Each is `None` once it is closed.
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

/// What a worker wrote.
#[derive(Default)]
struct Written {
    artefact: Vec<u8>,
    said: Vec<u8>,
}

impl Worker {
    fn start(config: &WorkerConfig) -> io::Result<Self> {
        // NB the signal that ends the child with its parent is about the
        // thread that starts it: this one, which stays until the child ended.
        let mut child = Command::new(&config.program)
            .arg0("ostler")
            .args(&config.arguments)
            // The host's secrets are none of its business.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let ended = pidfd(&child).inspect_err(|_| end(&mut child))?;
        let worker = Self {
            child,
            ended,
            stdin,
            stdout,
            stderr,
        };
        for pipe in [
            worker.stdin.as_ref().map(AsFd::as_fd),
            worker.stdout.as_ref().map(AsFd::as_fd),
            worker.stderr.as_ref().map(AsFd::as_fd),
        ] {
            pipe.map_or(Ok(()), |pipe| ioctl_fionbio(pipe, true))?;
        }
        Ok(worker)
    }

    fn run(mut self, input: &[u8], limits: &CompileLimits) -> Result<Vec<u8>, CompileError> {
        let until = Clock::after(limits.time);
        let mut rest = input;
        let mut written = Written::default();
        loop {
            let ended = self.wait(until).map_err(CompileError::System)?;
            self.feed(&mut rest);
            self.read(&mut written, limits)?;
            if ended {
                let status = self.child.wait().map_err(CompileError::System)?;
                return verdict(status, written, limits);
            }
            if Clock::until(until).is_zero() {
                return Err(CompileError::Time { limit: limits.time });
            }
        }
    }

    /// Waits until there is something to write, to read, or until it ended;
    /// whether it has.
    fn wait(&self, until: Instant) -> io::Result<bool> {
        let mut ready = vec![PollFd::new(&self.ended, PollFlags::IN)];
        ready.extend(self.stdin.iter().map(|p| PollFd::new(p, PollFlags::OUT)));
        ready.extend(self.stdout.iter().map(|p| PollFd::new(p, PollFlags::IN)));
        ready.extend(self.stderr.iter().map(|p| PollFd::new(p, PollFlags::IN)));
        // Rounded up, so that the time is over when this returns for it.
        let left = Clock::until(until) + Duration::from_millis(1);
        match poll(&mut ready, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(!ready[0].revents().is_empty()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes what the pipe takes; closes it after the last byte.
    fn feed(&mut self, rest: &mut &[u8]) {
        let Some(stdin) = &mut self.stdin else { return };
        while !rest.is_empty() {
            match stdin.write(rest) {
                Ok(count) => *rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It reads no more: how it ends says why.
                Err(_) => break,
            }
        }
        self.stdin = None;
    }

    fn read(&mut self, written: &mut Written, limits: &CompileLimits) -> Result<(), CompileError> {
        let Written { artefact, said } = written;
        // What it made was in its memory.
        let more = drain(&mut self.stdout, |piece| {
            artefact.extend_from_slice(piece);
            artefact.len() <= limits.memory
        });
        if !more {
            return Err(CompileError::Memory {
                limit: limits.memory,
            });
        }
        drain(&mut self.stderr, |piece| {
            let kept = piece.len().min(SAID - said.len());
            said.extend_from_slice(&piece[..kept]);
            true
        });
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills and reaps a child, which may have ended.
fn end(child: &mut Child) {
    child.kill().unwrap_or_default();
    child.wait().ok();
}

fn pidfd(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a process without an id"))?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Reads what is there and closes the pipe at its end; stops, and says so, when
/// `take` wants no more.
fn drain<P: Read>(pipe: &mut Option<P>, mut take: impl FnMut(&[u8]) -> bool) -> bool {
    let mut piece = [0; PIECE];
    while let Some(open) = pipe {
        match open.read(&mut piece) {
            Ok(0) => *pipe = None,
            Ok(count) if take(&piece[..count]) => {}
            Ok(_) => return false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            Err(_) => *pipe = None,
        }
    }
    true
}

/// What the end of a worker means.
fn verdict(
    status: ExitStatus,
    written: Written,
    limits: &CompileLimits,
) -> Result<Vec<u8>, CompileError> {
    let Written { artefact, said } = written;
    let said = String::from_utf8_lossy(&said);
    let aborted = status.signal() == Some(Signal::ABORT.as_raw());
    let no_memory = Some(i32::from(NO_MEMORY));
    Err(if status.success() {
        return Ok(artefact);
    } else if status.code() == Some(i32::from(REFUSED)) {
        CompileError::Component(said.into_owned())
    } else if status.code() == no_memory || (aborted && said.contains(ALLOCATION)) {
        CompileError::Memory {
            limit: limits.memory,
        }
    } else if status.signal() == Some(Signal::XCPU.as_raw()) {
        CompileError::Time { limit: limits.time }
    } else {
        let mut lines = said.lines().map(str::trim);
        let last = lines.rfind(|line| !line.is_empty());
        CompileError::Crashed {
            status,
            last: last.unwrap_or_default().to_owned(),
        }
    })
}
