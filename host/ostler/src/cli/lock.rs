//! `ostler lock`: writes down what a contract is called on the wires.

use std::path::PathBuf;

use ostler_schema::proto::extend_lock;

use super::exit::{Class, Failure};
use super::folder::{self, LOCK};

/// Write `ostler.lock` beside the WIT, or extend it by what is new.
///
/// It keeps the numbers and names that protobuf has for the parts of a
/// contract: nothing gets another number, and those of what was removed are
/// not used again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the *.wit files.
    #[arg(value_name = "FOLDER", default_value = "wit")]
    folder: PathBuf,

    /// Write nothing; fail if something would be written.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let path = args.folder.join(LOCK);
    let contract = folder::contract(&args.folder)?;
    let text = extend_lock(&contract)
        .map_err(|error| Failure::new(Class::Component, error.to_string()))?;
    match (contract.lock.as_deref() == Some(&*text), args.check) {
        (true, _) => folder::say(&format!("{} has everything", path.display())),
        (false, false) => folder::write(&path, &text),
        (false, true) => Err(Failure::new(
            Class::Component,
            format!(
                "{} lacks a part of the contract; run `ostler lock`",
                path.display()
            ),
        )),
    }
}
