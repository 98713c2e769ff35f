//! Components in `target/guests/`.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::progress::say;
use crate::workspace::Workspace;

/// Writes a component and says so. An unchanged one keeps its time, so that
/// nothing after it is redone.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(
    workspace: &Workspace,
    name: &str,
    component: &[u8],
    began: Instant,
) -> Result<()> {
    let folder = workspace.guests();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let changed = write_if_changed(&folder.join(format!("{name}.wasm")), component)?;
    let state = if changed { "written" } else { "unchanged" };
    say(format!(
        "    target/guests/{name}.wasm  {:>6.1} KiB  {state} ({:.0} ms)",
        component.len() as f64 / 1024.0,
        began.elapsed().as_secs_f64() * 1e3
    ));
    Ok(())
}

fn write_if_changed(file: &Path, bytes: &[u8]) -> Result<bool> {
    if std::fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    // Renamed into place: a host that is reading the old one keeps it whole.
    let fresh = file.with_extension(format!("wasm.{}", std::process::id()));
    std::fs::write(&fresh, bytes)
        .and_then(|()| std::fs::rename(&fresh, file))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(true)
}
