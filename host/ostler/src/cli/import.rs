//! `ostler import`: `.proto` files as WIT.

use std::io::{Write as _, stderr};
use std::path::PathBuf;

use super::exit::{Class, Failure};
use super::folder::{self, LOCK};

/// Make WIT of `.proto` files, with a lock that keeps their names and numbers,
/// so that clients of them go on unchanged.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The files that have the services.
    #[arg(value_name = "FILE.proto", required = true)]
    files: Vec<PathBuf>,

    /// Folders in which imports are looked for; that of the first file if none
    /// is given.
    #[arg(short = 'I', long = "include", value_name = "FOLDER")]
    includes: Vec<PathBuf>,

    /// Where the WIT and `ostler.lock` are written.
    #[arg(long, value_name = "FOLDER", default_value = "wit")]
    out: PathBuf,

    /// Write over files that say something else.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let imported = ostler_codegen::import(&args.files, &args.includes)
        .map_err(|error| Failure::new(Class::Component, error.to_string()))?;
    let files = [(&*imported.file, &imported.wit), (LOCK, &imported.lock)];
    let files = files.map(|(name, text)| (args.out.join(name), text));
    for (path, text) in files.iter().filter(|_| !args.force) {
        if folder::read(path)?.is_some_and(|known| known != **text) {
            return Err(Failure::new(
                Class::File,
                format!(
                    "{} is there and says something else; --force writes over it, --out FOLDER \
                     writes elsewhere",
                    path.display()
                ),
            ));
        }
    }
    for (path, text) in &files {
        folder::write(path, text)?;
    }
    for note in &imported.notes {
        // Nowhere is left to say it when stderr is closed.
        let _closed = writeln!(stderr(), "{note}");
    }
    Ok(())
}
