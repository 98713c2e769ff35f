//! `ostler list`, `rollback`, `promote` and `drain`: the versions of a running
//! host.

use std::io::{Write as _, stdout};

use ostler::admin::{Component, Rollout, Version};

use super::admin::Target;
use super::exit::{Class, Failure};
use super::table::Table;

/// Show what a running host serves, and in which versions.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    target: Target,
}

/// Change which version of a component calls go to.
#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// The component, or one of its services.
    component: String,

    /// How long the version that is left may take to end its calls, or
    /// `unlimited`.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    drain: String,

    /// Print what came of it as one line of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    target: Target,
}

/// Send all calls to an earlier version, or end a trial.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    #[command(flatten)]
    change: Change,

    /// The version (default: the one before the one that is live).
    #[arg(long, value_name = "NUMBER")]
    to: Option<u32>,
}

pub(super) async fn list(args: List) -> Result<(), Failure> {
    let components = args.target.client()?.list().await?;
    let text = if args.json {
        format!(
            "{}\n",
            serde_json::to_string(&components).unwrap_or_default()
        )
    } else {
        table(&components)
    };
    print(&text)
}

fn table(components: &[Component]) -> String {
    if components.is_empty() {
        return "nothing is deployed\n".to_owned();
    }
    let mut table = Table::new(["COMPONENT", "VERSION", "STATE", "CALLS", "FROM"]);
    for component in components {
        for version in &component.versions {
            table.row([
                &component.name,
                &version.number.to_string(),
                &state(version),
                &version.running.to_string(),
                &version.label,
            ]);
            if let Some(reason) = &version.reason {
                table.note(&format!("rolled back: {reason}"));
            }
        }
    }
    table.to_string()
}

fn state(version: &Version) -> String {
    match version.percent {
        Some(percent) => format!("{} {percent} %", version.state),
        None if version.state == "live" && !version.loaded => "live, asleep".to_owned(),
        None => version.state.clone(),
    }
}

pub(super) async fn rollback(args: Rollback) -> Result<(), Failure> {
    change(args.change, "rollback", args.to, "is live again").await
}

pub(super) async fn promote(args: Change) -> Result<(), Failure> {
    change(args, "promote", None, "is live").await
}

pub(super) async fn drain(args: Change) -> Result<(), Failure> {
    change(args, "drain", None, "takes no more calls").await
}

async fn change(
    args: Change,
    action: &str,
    version: Option<u32>,
    what: &str,
) -> Result<(), Failure> {
    let rollout = Rollout {
        drain: Some(args.drain),
        version,
        ..Rollout::default()
    };
    let client = args.target.client()?;
    let placed = client.change(&args.component, action, &rollout).await?;
    if args.json {
        let line = serde_json::to_string(&placed).unwrap_or_default();
        return print(&format!("{line}\n"));
    }
    let (component, version) = (placed.component, placed.version);
    print(&format!("{component} version {version} {what}\n"))
}

fn print(text: &str) -> Result<(), Failure> {
    stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}
