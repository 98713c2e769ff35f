//! `ostler generate`: files for others, from a contract.

use std::path::{Path, PathBuf};

use ostler::Contract;

use super::exit::{Class, Failure};
use super::folder;
use super::remote::{Peer, TlsArgs};

/// Write files that are made of a contract.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The `.proto` files of a component, a running host or a folder of WIT.
    Proto(Proto),
}

#[derive(Debug, clap::Args)]
struct Proto {
    /// A component, the URL of a host, or a folder of WIT.
    #[arg(value_name = "FILE|URL|FOLDER")]
    target: String,

    /// Where they are written, in a folder for each package.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let What::Proto(Proto { target, out }) = args.what;
    for contract in contracts(&target).await? {
        for (path, text) in ostler_codegen::proto(&contract) {
            folder::write(&out.join(path), &text)?;
        }
    }
    Ok(())
}

async fn contracts(target: &str) -> Result<Vec<Contract>, Failure> {
    if target.contains("://") {
        let peer = Peer::new(target, false, &TlsArgs::default());
        return peer.contracts().await;
    }
    let path = Path::new(target);
    if path.is_dir() {
        return Ok(vec![folder::contract(path)?]);
    }
    let bytes = ostler::read_component(path)?;
    let contract = Contract::from_component(&bytes)
        .map_err(|error| Failure::new(Class::Component, format!("{target}: {error}")))?;
    Ok(vec![contract])
}
