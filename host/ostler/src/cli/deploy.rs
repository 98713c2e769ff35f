//! `ostler deploy`: puts a component live in a running host.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};

use ostler::Origin;
use ostler::admin::{Event, Rollout, Upload};

use super::admin::Target;
use super::exit::{Class, Failure};

/// Put a component live in a running host, or replace the version that is:
/// calls that run end on the old one, and none fails.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component: a file, or one in a registry, oci://HOST/NAME:TAG,
    /// which the host fetches itself.
    #[arg(value_name = "FILE.wasm|oci://…")]
    component: PathBuf,

    /// Its detached ed25519 signature (default: FILE.wasm.sig, where it is
    /// there).
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// What it is deployed as (default: the component that has its services
    /// already, else the name of its first service).
    #[arg(long)]
    name: Option<String>,

    /// Replace a version although its callers could not go on.
    #[arg(long)]
    force: bool,

    /// Give it this percentage of the calls, on trial: `promote` and
    /// `rollback` end that.
    #[arg(long, value_name = "PERCENT")]
    canary: Option<f64>,

    /// Let the value of this metadata decide whose calls are on trial.
    #[arg(long, value_name = "KEY", requires = "canary")]
    key: Option<String>,

    /// How long the version before may take to end its calls, or `unlimited`.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    drain: String,

    /// A method and a request that every new instance has to answer before
    /// calls go to it, of this version and of later ones, such as
    /// 'users.get_user {"user_id": 7}'; `none` for nothing any more.
    #[arg(long, value_name = "METHOD JSON")]
    probe: Option<String>,

    #[command(flatten)]
    bounds: Bounds,

    /// Print each step, and what came of it, as a line of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    target: Target,
}

/// What its calls must be like, lest it be rolled back by itself.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rolled back by itself")]
struct Bounds {
    /// When more of its calls than this fail by its fault, and, on trial, more
    /// than those of the version beside (default: 5% on trial or with any of
    /// these flags).
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_errors: Option<f64>,

    /// When 5 of 100 of its calls with one reply take longer than this.
    #[arg(long, value_name = "TIME")]
    max_latency: Option<String>,

    /// Not before so many of its calls have ended (default: 50).
    #[arg(long, value_name = "NUMBER")]
    min_calls: Option<u64>,

    /// Within this time after it got all calls (default: 1m); on trial, as long
    /// as that goes on.
    #[arg(long, value_name = "TIME")]
    watch: Option<String>,
}

/// `5%`, or `5`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent = number.parse().ok();
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "expected a percentage such as 5%".to_owned())
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let (upload, source) = match Origin::from(args.component.as_path()) {
        Origin::Path(file) => (upload(&file, args.signature.as_deref())?, None),
        Origin::Registry(_) if args.signature.is_some() => {
            let text = "--signature goes with a file; that of a component in a registry is pushed \
                        with it";
            return Err(Failure::usage(text));
        }
        Origin::Registry(reference) => (Upload::default(), Some(reference)),
    };
    let rollout = Rollout {
        name: args.name,
        label: Some(args.component.display().to_string()),
        source,
        force: args.force,
        canary: args.canary,
        key: args.key,
        drain: Some(args.drain),
        max_errors: args.bounds.max_errors,
        max_latency: args.bounds.max_latency,
        min_calls: args.bounds.min_calls,
        watch: args.bounds.watch,
        probe: args.probe,
        version: None,
    };
    let client = args.target.client()?;
    let terminal = stderr().is_terminal();
    let tell = |event: &Event| {
        // A reader that went away is no reason to stop.
        let _gone = match event {
            event if args.json => {
                let line = serde_json::to_string(event).unwrap_or_default();
                writeln!(stdout(), "{line}")
            }
            Event::Step(step) if terminal => writeln!(stderr(), "  {step}"),
            _ => Ok(()),
        };
    };
    let placed = client.upload(upload, &rollout, tell).await?;
    if args.json {
        return Ok(());
    }
    let on_trial = match args.canary {
        Some(percent) => format!(", for {percent} % of the calls"),
        None => String::new(),
    };
    let mut line = format!(
        "{} version {} is live{on_trial}\n",
        placed.component, placed.version
    );
    for difference in placed.differences {
        line += &format!("  {difference}\n");
    }
    stdout()
        .write_all(line.as_bytes())
        .map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}

/// A component and its signature, in this file or beside it.
pub(super) fn upload(file: &Path, signature: Option<&Path>) -> Result<Upload, Failure> {
    let component = ostler::read_component(file)?;
    let signature = match signature {
        Some(path) => {
            let signature = ostler::read_signature(path);
            Some(signature.map_err(|e| Failure::new(Class::File, e.to_string()))?)
        }
        None => ostler::signature_of(file)?,
    };
    Ok(Upload {
        component: component.into(),
        signature: signature.map(Into::into),
    })
}
