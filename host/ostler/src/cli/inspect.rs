//! `ostler inspect`: what a component, a running host or a component of it
//! offers.

use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};

use ostler::Contract;
use ostler::admin::Detail;

use super::admin::Target;
use super::exit::{Class, Failure};
use super::listing::{Listing, words};
use super::remote::{Peer, TlsArgs};
use super::table::Table;

/// Show the services of a component or a running host, or what a host knows of
/// a component it serves.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component, or the URL of a host: http://, or grpc:// or connect+http://
    /// for others too, which are asked by reflection.
    /// With --admin, what a host deployed a component as.
    #[arg(value_name = "FILE|URL|NAME")]
    target: String,

    /// Print them as one line of JSON.
    #[arg(long)]
    json: bool,

    /// The admin API of the host that has the component of this name.
    #[arg(long, env = "OSTLER_ADMIN", value_name = "URL")]
    admin: Option<String>,

    /// The file of its token (default: the user's own, as for the host).
    #[arg(long, env = "OSTLER_ADMIN_TOKEN", value_name = "FILE")]
    token: Option<PathBuf>,

    #[command(flatten)]
    tls: TlsArgs,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let is_name = !args.target.contains("://") && !Path::new(&args.target).exists();
    if let (Some(admin), true) = (&args.admin, is_name) {
        let target = Target::new(admin.clone(), args.token.clone());
        let detail = target.client()?.inspect(&args.target).await?;
        return print(&match args.json {
            true => format!("{}\n", serde_json::to_string(&detail).unwrap_or_default()),
            false => of_detail(&detail),
        });
    }
    let listing = if args.target.contains("://") {
        let peer = Peer::new(&args.target, false, &args.tls);
        let mut listing = Listing::default();
        for contract in peer.contracts().await? {
            listing.add(None, &contract, None);
        }
        listing
    } else {
        of_file(&args.target)?
    };
    let text = if args.json {
        format!("{}\n", listing.json())
    } else {
        listing.table()
    };
    print(&text)
}

fn print(text: &str) -> Result<(), Failure> {
    stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}

/// A component of a host: its methods, its versions, what it is held to.
fn of_detail(detail: &Detail) -> String {
    let mut methods = Table::new(["SERVICE", "METHOD", "PATTERN"]);
    for method in &detail.methods {
        methods.row([&method.service, &method.name, words(&method.pattern)]);
    }
    let mut versions = Table::new(["VERSION", "STATE", "CALLS", "DIGEST", "FROM"]);
    for version in &detail.component.versions {
        versions.row([
            &version.number.to_string(),
            &version.state,
            &version.running.to_string(),
            version
                .digest
                .as_deref()
                .map_or("", |digest| digest.get(..12).unwrap_or(digest)),
            &version.label,
        ]);
    }
    let limits = detail
        .limits
        .iter()
        .map(|(key, value)| format!("{key} {value}"));
    let limits: Vec<_> = limits.collect();
    let services = detail.component.services.join(", ");
    let probe = detail.probe.as_deref();
    let probe = probe.map_or(String::new(), |probe| format!("probe: {probe}\n"));
    format!(
        "{}: {services}\n\n{methods}\n{versions}\nlimits: {}\n{probe}",
        detail.component.name,
        limits.join(", ")
    )
}

fn of_file(path: &str) -> Result<Listing, Failure> {
    let bytes = ostler::read_component(Path::new(path))?;
    let contract = Contract::from_component(&bytes)
        .map_err(|e| Failure::new(Class::Component, format!("{path}: {e}")))?;
    let mut listing = Listing::default();
    listing.add(Some(path), &contract, None);
    Ok(listing)
}
