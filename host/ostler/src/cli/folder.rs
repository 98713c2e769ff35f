//! The folder of a contract: WIT and, beside it, its lock.

use std::fs;
use std::io::{ErrorKind, Write as _, stdout};
use std::path::Path;

use ostler::Contract;
use ostler_wit::Package;

use super::exit::{Class, Failure};

/// Numbers and names of the contract, beside its WIT.
pub(super) const LOCK: &str = "ostler.lock";

/// The contract in a folder of WIT.
pub(super) fn contract(folder: &Path) -> Result<Contract, Failure> {
    let name = folder.display();
    if !folder.is_dir() {
        let text = format!("{name}: no such folder; name the one that has the *.wit files");
        return Err(Failure::new(Class::File, text));
    }
    let refused =
        |error: &dyn std::fmt::Display| Failure::new(Class::Component, format!("{name}: {error}"));
    let package = Package::from_dir(folder).map_err(|error| refused(&error))?;
    let lock = read(&folder.join(LOCK))?;
    Contract::from_wit(package.files().clone(), lock).map_err(|error| refused(&error))
}

/// The text of a file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Writes a file and the folders it is in, and says so.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    fs::write(path, text).map_err(|error| failed(path, &error))?;
    say(&format!("wrote {}", path.display()))
}

/// Prints a line.
pub(super) fn say(line: &str) -> Result<(), Failure> {
    writeln!(stdout(), "{line}").map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Class::File, format!("{}: {error}", path.display()))
}
