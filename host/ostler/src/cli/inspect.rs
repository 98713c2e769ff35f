//! `ostler inspect`: what a component or a running host offers.

use std::io::{Write as _, stdout};
use std::path::Path;

use ostler::Contract;
use ostler_transport::http::client::Http;

use super::exit::{Class, Failure};
use super::listing::Listing;
use super::remote;

/// Show the services of a component or a running host.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component, or the URL of a host.
    #[arg(value_name = "FILE|URL")]
    target: String,

    /// Print them as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let listing = if args.target.contains("://") {
        let client = remote::connect(&args.target, Http::One).await?;
        let mut listing = Listing::default();
        for contract in remote::contracts(&client).await? {
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
