//! `ostler inspect`: what a component or a running host offers.

use std::io::{Write as _, stdout};
use std::path::Path;

use ostler::Contract;

use super::exit::{Class, Failure};
use super::listing::Listing;
use super::remote::{Peer, TlsArgs};

/// Show the services of a component or a running host.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component, or the URL of a host: http://, or grpc:// or connect+http://
    /// for others too, which are asked by reflection.
    #[arg(value_name = "FILE|URL")]
    target: String,

    /// Print them as one line of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tls: TlsArgs,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
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
    stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}

fn of_file(path: &str) -> Result<Listing, Failure> {
    let bytes = ostler::read_component(Path::new(path))?;
    let contract = Contract::from_component(&bytes)
        .map_err(|e| Failure::new(Class::Component, format!("{path}: {e}")))?;
    let mut listing = Listing::default();
    listing.add(Some(path), &contract, None);
    Ok(listing)
}
