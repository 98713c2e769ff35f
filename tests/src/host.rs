//! The host as a child process.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinSet;

use crate::files;
use crate::log::Log;

/// How long a host may take to compile its components: they are compiled once
/// and then mapped from a folder that all tests share.
const START: Duration = Duration::from_secs(120);

/// A running `ostler run`; killed when dropped.
#[derive(Debug)]
pub struct Host {
    /// The address it listens on.
    pub addr: SocketAddr,
    /// What it said about itself at its start: the JSON of `--json`.
    pub listing: Value,
    /// What it logs, one JSON object a line.
    pub log: Log,
    child: Child,
    _stdout: BufReader<ChildStdout>,
    _config: TempDir,
    _tasks: JoinSet<()>,
}

/// How a host is started.
#[derive(Debug)]
pub struct Options {
    components: Vec<PathBuf>,
    config: String,
    log: String,
    arguments: Vec<OsString>,
    command: &'static str,
    folder: Option<PathBuf>,
    cache: PathBuf,
}

impl Options {
    /// Further text of the configuration file.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.config.push_str(toml);
        self
    }

    /// What is logged, such as `debug`; `info` unless said otherwise.
    #[must_use]
    pub fn log(mut self, filter: &str) -> Self {
        self.log = filter.to_owned();
        self
    }

    /// One more argument of `ostler run`.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A folder for compiled components of its own.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = folder.into();
        self
    }

    /// Another command than `run` that serves, `dev`.
    #[must_use]
    pub fn command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    /// The folder it is started in.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Starts the host and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready; the text has what it logged.
    pub async fn start(self) -> Host {
        self.started().ready().await
    }

    /// Starts the host.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn started(self) -> Started {
        let folder = TempDir::new().expect("there is a folder for temporary files");
        let config = folder.path().join("ostler.toml");
        std::fs::write(&config, &self.config).expect("the configuration can be written");
        let mut command = command();
        command
            .arg(self.command)
            .args(&self.components)
            .args(["--listen", "127.0.0.1:0", "--json", "--log-format", "json"])
            .args(["--log", &self.log, "--config"])
            .arg(&config)
            .args(&self.arguments)
            .env("OSTLER_SERVER_CACHE", &self.cache)
            // What is deployed is the host's own, unless its store is named.
            .env("XDG_STATE_HOME", folder.path());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command.spawn().expect("the host can be started");
        let log = Log::new();
        let mut tasks = JoinSet::new();
        let stderr = child.stderr.take().expect("stderr is piped");
        tasks.spawn(log.clone().collect(stderr));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Started {
            log,
            child,
            stdout,
            config: folder,
            tasks,
        }
    }
}

/// A host that may not be ready yet; killed when dropped.
#[derive(Debug)]
pub struct Started {
    /// What it logs.
    pub log: Log,
    child: Child,
    stdout: BufReader<ChildStdout>,
    config: TempDir,
    tasks: JoinSet<()>,
}

impl Started {
    /// Waits until it serves.
    ///
    /// # Panics
    /// When it does not get ready; the text has what it logged.
    pub async fn ready(self) -> Host {
        let Self {
            log,
            child,
            mut stdout,
            config,
            tasks,
        } = self;
        let listing = listing(&mut stdout, &log).await;
        let addr = listing["listen"][0]
            .as_str()
            .and_then(|addr| addr.parse().ok());
        Host {
            addr: addr.unwrap_or_else(|| panic!("no address in {listing}")),
            listing,
            log,
            child,
            _stdout: stdout,
            _config: config,
            _tasks: tasks,
        }
    }
}

impl Started {
    /// Sends SIGTERM before it is ready, and waits for the end.
    ///
    /// # Panics
    /// When it has ended before, or does not end in time.
    pub async fn terminated(mut self) -> ExitStatus {
        terminate(&self.child);
        let ended = crate::within("the end of the host", self.child.wait()).await;
        ended.expect("a child can be waited for")
    }
}

fn terminate(child: &Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let pid = pid.and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(
        pid.expect("the host is alive"),
        rustix::process::Signal::TERM,
    )
    .expect("a child can be signalled");
}

/// The first line of stdout: what is served, and that it is.
async fn listing(stdout: &mut BufReader<ChildStdout>, log: &Log) -> Value {
    let mut line = String::new();
    let read = tokio::time::timeout(START, stdout.read_line(&mut line)).await;
    let told = read
        .is_ok()
        .then(|| serde_json::from_str(&line).ok())
        .flatten();
    told.unwrap_or_else(|| {
        panic!(
            "the host did not start; it wrote {line:?} and logged\n{}",
            log.last()
        )
    })
}

/// The `ostler` command with pipes, without any setting of the caller's.
pub fn command() -> Command {
    let mut command = Command::new(files::ostler());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OSTLER_") {
            command.env_remove(name);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Host {
    /// Starts a host that serves these guests (see [`crate::guest`]), with
    /// that text as its configuration file.
    ///
    /// # Panics
    /// When it does not get ready; the text has what it logged.
    pub async fn start(guests: &[&str], config: Option<&str>) -> Self {
        Self::options(guests)
            .config(config.unwrap_or_default())
            .start()
            .await
    }

    /// How a host of these guests is started, to say more.
    pub fn options(guests: &[&str]) -> Options {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guests/cache");
        Options {
            components: guests.iter().map(|name| files::guest(name)).collect(),
            config: String::new(),
            log: "info".to_owned(),
            arguments: Vec::new(),
            command: "run",
            folder: None,
            cache: folder.into(),
        }
    }

    /// `http://` and its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the host is alive")
    }

    /// Its resident memory, KiB.
    ///
    /// # Panics
    /// When it has ended.
    pub fn rss_kib(&self) -> usize {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).expect("the host is alive");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|n| n.parse().ok())
            .expect("the kernel counts in KiB")
    }

    /// Whether the process is there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The first log line that `matches`, past or to come.
    ///
    /// # Panics
    /// When there is none in time; the text has the last lines.
    pub async fn wait_for_log(&self, matches: impl Fn(&str) -> bool, timeout: Duration) -> String {
        self.log.wait(matches, timeout).await
    }

    /// Sends SIGTERM and goes on.
    ///
    /// # Panics
    /// When it has ended.
    pub fn terminate(&self) {
        terminate(&self.child);
    }

    /// Ends it at once, with SIGKILL.
    ///
    /// # Panics
    /// When it has ended before.
    pub async fn kill(mut self) {
        let killed = crate::within("the end of the host", self.child.kill()).await;
        killed.expect("a child can be killed");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn wait(&mut self) -> ExitStatus {
        let ended = crate::within("the end of the host", self.child.wait()).await;
        ended.expect("a child can be waited for")
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When it has ended before, or does not end in time.
    pub async fn stop(mut self) -> ExitStatus {
        self.terminate();
        self.wait().await
    }
}
