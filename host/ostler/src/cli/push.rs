//! `ostler push`: puts a component into a registry.

use std::io::{Write as _, stdout};
use std::path::PathBuf;

use ostler::{Config, Contract};
use serde_json::json;

use super::deploy::upload;
use super::exit::{Class, Failure};

/// Put a component into an OCI registry, as a Wasm artifact that `run`, `deploy`
/// and other tools take from there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,

    /// Where to: oci://HOST/NAME:TAG.
    #[arg(value_name = "oci://…")]
    reference: String,

    /// Its detached ed25519 signature (default: FILE.wasm.sig, where it is
    /// there), which goes along as an annotation.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// Speak HTTP without TLS; on this machine it is spoken anyway.
    #[arg(long)]
    plain_http: bool,

    /// Print the reference with its digest as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let upload = upload(&args.file, args.signature.as_deref())?;
    // What no host could serve does not belong there.
    Contract::from_component(&upload.component).map_err(|e| {
        let file = args.file.display();
        Failure::new(Class::Component, format!("{file}: {e}"))
    })?;
    let config = Config::load(None).map_err(ostler::Error::from)?;
    let mut registries = config.registries;
    if args.plain_http {
        let host = args.reference.trim_start_matches("oci://");
        let host = host.split('/').next().unwrap_or_default();
        registries.plain_http.push(host.to_owned());
    }
    let (component, signature) = (upload.component, upload.signature);
    let pushed = registries
        .push(&args.reference, component, signature)
        .await?;
    let text = match args.json {
        true => json!({ "reference": pushed }).to_string(),
        false => pushed,
    };
    writeln!(stdout(), "{text}").map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}
