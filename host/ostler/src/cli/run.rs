//! `ostler run`: serves components until told to stop.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ostler::{App, AppBuilder, Config, Progress, Tail};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::curl;
use super::exit::{Class, Failure};
use super::listing::Listing;

/// Serve components until SIGTERM or SIGINT; a second signal exits at once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Components to serve, beside those of the configuration: files, folders
    /// with every *.wasm in them, or oci://HOST/NAME:TAG of a registry.
    #[arg(value_name = "FILE.wasm")]
    components: Vec<PathBuf>,

    /// Deploy the components anew when their files change.
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    host: HostArgs,
}

/// What a host is told on the command line, whatever it serves.
#[derive(Debug, clap::Args)]
pub(super) struct HostArgs {
    /// Address to listen on (default 127.0.0.1:8080); may be repeated. Port 0
    /// takes a free one.
    #[arg(
        long,
        env = "OSTLER_LISTEN",
        value_name = "ADDR",
        value_delimiter = ','
    )]
    listen: Vec<String>,

    /// A configuration file (TOML). Each of its keys can be overridden by a
    /// variable such as OSTLER_SERVER_GRACE or OSTLER_LIMITS_CPU.
    #[arg(long, env = "OSTLER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print what is served as one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What runs now, even if another version was installed in its place since.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// The command that compiles a component.
const COMPILE_WORKER: &str = "compile-worker";

pub(super) async fn run(args: Args, tail: Option<Tail>) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let mut builder = builder(&args.host, tail)?;
    for component in args.components {
        builder = match args.watch {
            true => builder.watched(component),
            false => builder.component(component),
        };
    }
    // A signal while components compile needs no grace: nothing is served.
    let app = tokio::select! {
        app = builder.build() => app?,
        () = signals.next() => return Ok(()),
    };
    print_listing(&app, args.host.json)?;
    serve(app, signals, &CancellationToken::new()).await;
    Ok(())
}

/// A host as the configuration says, that shows what takes time.
pub(super) fn builder(host: &HostArgs, tail: Option<Tail>) -> Result<AppBuilder, Failure> {
    let config = host.config.as_deref();
    let mut config = Config::load(config).map_err(ostler::Error::from)?;
    if config.server.cache.is_none() {
        config.server.cache = cache_folder().filter(|folder| can_be_made(folder));
    }
    let mut builder = App::builder()
        .config(config)
        .compile_worker(THIS_PROGRAM, [COMPILE_WORKER])
        .on_progress(show_progress());
    if let Some(tail) = tail {
        builder = builder.tail(tail);
    }
    let listening = |builder: AppBuilder, address| builder.listen(address);
    Ok(host.listen.iter().fold(builder, listening))
}

/// Serves until a signal; `stopping` is cancelled by it.
pub(super) async fn serve(app: App, mut signals: Signals, stopping: &CancellationToken) {
    let summary = app
        .run(async {
            signals.next().await;
            stopping.cancel();
            tracing::info!("shutting down; a second signal exits at once");
            exit_at_once(signals);
        })
        .await;
    if summary.lost > 0 {
        tracing::warn!(lost = summary.lost, "stopped; calls outlasted the grace");
    } else {
        tracing::info!(lost = 0, "stopped; no call was lost");
    }
}

pub(super) fn print_listing(app: &App, json: bool) -> Result<(), Failure> {
    let mut listing = Listing {
        listen: app.local_addrs().iter().map(ToString::to_string).collect(),
        admin: app.admin_addr().map(|address| address.to_string()),
        ..Listing::default()
    };
    let urls = app.urls();
    let host = urls.first().map(|url| curl::reachable(url));
    for service in app.services() {
        listing.add(Some(&service.label), &service.contract, host.as_deref());
    }
    listing.asleep = app.asleep().to_vec();
    let text = if json {
        format!("{}\n", listing.json())
    } else {
        let admin = app.admin_addr();
        let admin = admin.map(|address| format!("Admin API on http://{address}\n"));
        format!(
            "{}\nListening on {}\n{}",
            listing.table(),
            urls.join(", "),
            admin.unwrap_or_default()
        )
    };
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}

/// SIGTERM and SIGINT.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|e| {
                Failure::new(Class::Unexpected, format!("signals cannot be caught: {e}"))
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends the process at the next signal.
#[expect(
    clippy::disallowed_methods,
    reason = "it waits for a signal until the process ends; nobody can wait for it"
)]
fn exit_at_once(mut signals: Signals) {
    tokio::spawn(async move {
        signals.next().await;
        tracing::warn!("stopped at once by a second signal");
        std::process::exit(130);
    });
}

/// `$XDG_CACHE_HOME/ostler`, else `~/.cache/ostler`.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|folder| folder.join("ostler"))
}

/// Whether the usual folder is there. Where it cannot be, as for a user without
/// a home, there is nothing wrong with serving; a folder that was configured
/// must be usable.
fn can_be_made(folder: &Path) -> bool {
    let made = std::fs::create_dir_all(folder);
    if let Err(error) = &made {
        tracing::warn!(
            %error,
            folder = %folder.display(),
            "compiled components are not kept; set server.cache to a folder that can be written"
        );
    }
    made.is_ok()
}

/// Components from this size on may compile for seconds.
const SLOW: usize = 1 << 20;

/// Says on a terminal which component is being compiled.
fn show_progress() -> impl Fn(Progress<'_>) + Send + 'static {
    let terminal = stderr().is_terminal();
    let began: Mutex<Option<Instant>> = Mutex::new(None);
    move |progress| {
        let Ok(mut began) = began.lock() else { return };
        // A terminal that went away is no reason to stop.
        let _gone = match progress {
            Progress::Loading(label, size) if terminal && size >= SLOW => {
                *began = Some(now());
                write!(stderr(), "compiling {label} ({} MiB) … ", size >> 20)
            }
            Progress::Loaded(_) => match began.take() {
                Some(start) => writeln!(stderr(), "{:.1} s", elapsed(start).as_secs_f64()),
                None => Ok(()),
            },
            Progress::Loading(..) => Ok(()),
        };
    }
}

#[expect(clippy::disallowed_methods, reason = "shows a person how long it took")]
fn now() -> Instant {
    Instant::now()
}

fn elapsed(start: Instant) -> Duration {
    now().saturating_duration_since(start)
}
