//! Measures the host against native peers. The measuring is done by programs
//! of `benches/`; this builds and runs them and gathers their figures.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::progress::{say, step};
use crate::workspace::Workspace;
use crate::{guests, process};

/// What `bench` was asked for.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Options {
    /// Where the figures go as JSON.
    json: Option<String>,
    /// Short rounds.
    quick: bool,
}

impl Options {
    /// Reads `[--json FILE] [--quick]`.
    ///
    /// # Errors
    /// For anything else.
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--json" => {
                    let file = args.next().context("`--json` needs a file")?;
                    options.json = Some(file.clone());
                }
                unknown => bail!("`bench` takes --json FILE and --quick, found `{unknown}`"),
            }
        }
        Ok(options)
    }
}

/// The programs of `benches/` that measure, and what each is about.
const PROGRAMS: [(&str, &str); 5] = [
    ("http", "HTTP/1.1 against axum"),
    ("rpc", "gRPC and Connect against connectrpc and tonic"),
    ("in_process", "Without sockets"),
    ("stalled", "Stalled streams"),
    ("sockets", "Open WebSockets"),
];

/// What is built for them.
const PACKAGES: [&str; 3] = ["ostler", "ostler-benches", "ostler-bench-peers"];

/// Runs all benches.
///
/// # Errors
/// When a build or a bench fails, or an answer is wrong.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::find()?;
    guests::run_rust()?;
    step("Release build", || {
        let packages = PACKAGES.into_iter().flat_map(|name| ["--package", name]);
        process::run(
            workspace
                .cargo()
                .args(["build", "--release"])
                .args(packages),
        )
    })?;
    let mut figures = Map::new();
    for (program, about) in PROGRAMS {
        step(about, || {
            figures.append(&mut measure(&workspace, program, options.quick)?);
            Ok(())
        })?;
    }
    show(&figures);
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&figures)?;
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {file}"))?;
    }
    Ok(())
}

/// Runs one program; its last line is a JSON object of figures.
fn measure(workspace: &Workspace, program: &str, quick: bool) -> Result<Map<String, Value>> {
    let mut command = Command::new(workspace.binary("release", program));
    if program != "in_process" {
        command.arg(workspace.binary("release", "ostler"));
    }
    command.arg(workspace.guests()).stderr(Stdio::inherit());
    if quick {
        command.arg("--quick");
    }
    let output = process::output(&mut command)?;
    let line = output.lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("`{program}` ended with {line:?}"))
}

/// Ratios first: they hold on any machine.
fn show(figures: &Map<String, Value>) {
    let (ratios, others): (Vec<_>, Vec<_>) =
        figures.iter().partition(|(name, _)| name.contains("ratio"));
    say("");
    for (name, value) in ratios.into_iter().chain(others) {
        say(format!("{name:<32} {value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        Options::parse(&args)
    }

    #[test]
    fn options_are_read_in_any_order() {
        let both = Options {
            json: Some("out.json".into()),
            quick: true,
        };
        assert_eq!(parse(&["--quick", "--json", "out.json"]).unwrap(), both);
        assert_eq!(parse(&["--json", "out.json", "--quick"]).unwrap(), both);
        assert_eq!(parse(&[]).unwrap(), Options::default());
    }

    #[test]
    fn other_options_are_refused() {
        assert!(parse(&["--json"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
