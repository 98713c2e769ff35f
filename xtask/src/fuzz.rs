//! Fuzzes the ways in that `fuzz/` lists, with libFuzzer.
//!
//! Nightly finds more (AddressSanitizer sees what unsafe code of dependencies
//! does); the toolchain in use does without. Findings are files, which belong
//! into `fuzz/regressions/`, where the tests run them for ever.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::progress::{now, say, step};
use crate::workspace::Workspace;

/// What `fuzz` was asked for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Options {
    /// One target; all of them when it is absent.
    target: Option<String>,
    /// How long each target runs.
    seconds: u32,
}

impl Options {
    /// Reads `[TARGET] [--seconds N]`.
    ///
    /// # Errors
    /// For anything else.
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self {
            target: None,
            seconds: 60,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--seconds" => {
                    let seconds = args.next().and_then(|n| n.parse().ok());
                    let seconds = seconds.filter(|n| *n > 0);
                    options.seconds = seconds.context("`--seconds` needs a number above 0")?;
                }
                name if options.target.is_none() && !name.starts_with('-') => {
                    options.target = Some(name.to_owned());
                }
                unknown => bail!("`fuzz` takes TARGET and --seconds N, found `{unknown}`"),
            }
        }
        Ok(options)
    }
}

/// How often a running target says how far it is.
const PERIOD: Duration = Duration::from_secs(10);

/// Lines of the engine shown with a finding.
const LINES: usize = 20;

/// Runs one target or all; the last line is `N targets, N findings`.
///
/// # Errors
/// When something it needs is missing, or a build fails.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let fuzzer = Fuzzer::find(Workspace::find()?)?;
    let targets = fuzzer.targets(options.target.as_deref())?;
    step("Targets and seeds", || fuzzer.build())?;
    let mut findings = 0;
    for target in &targets {
        let name = format!("{target}, {} s", options.seconds);
        let survived = step(&name, || fuzzer.fuzz(target, options.seconds))?;
        findings += usize::from(!survived);
    }
    say(format!("{} targets, {findings} findings", targets.len()));
    Ok(if findings == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `cargo fuzz` with a toolchain that can run it.
struct Fuzzer {
    workspace: Workspace,
    nightly: bool,
}

impl Fuzzer {
    /// Looks for what it takes.
    ///
    /// # Errors
    /// Naming what is missing.
    fn find(workspace: Workspace) -> Result<Self> {
        let succeeds = |command: &mut Command| process::output(command).is_ok();
        let nightly = succeeds(Command::new("rustup").args(["run", "nightly", "rustc", "-V"]));
        let fuzzer = Self { workspace, nightly };
        let mut missing = Vec::new();
        if !succeeds(fuzzer.cargo().args(["fuzz", "--version"])) {
            missing.push("cargo-fuzz (`cargo install cargo-fuzz`)");
        }
        // The engine is C++; this is what its build asks for.
        if std::env::var_os("CXX").is_none() && !process::exists("c++") {
            missing.push("a C++ compiler (such as Debian's `g++`)");
        }
        if !missing.is_empty() {
            bail!(
                "fuzzing needs {}; without it, `cargo test -p ostler-fuzz` tries the same entry points",
                missing.join(" and ")
            );
        }
        say(if nightly {
            "    with nightly and AddressSanitizer"
        } else {
            "    with the toolchain in use, without AddressSanitizer (`rustup toolchain install nightly` brings it)"
        });
        Ok(fuzzer)
    }

    fn cargo(&self) -> Command {
        let cargo = self.workspace.cargo();
        if !self.nightly {
            return cargo;
        }
        let mut rustup = Command::new("rustup");
        rustup
            .args(["run", "nightly", "cargo"])
            .current_dir(self.workspace.root());
        for (name, value) in cargo.get_envs() {
            if value.is_none() {
                rustup.env_remove(name);
            }
        }
        rustup
    }

    /// `cargo fuzz COMMAND` with what all its commands take.
    fn cargo_fuzz(&self, command: &str) -> Command {
        let mut cargo = self.cargo();
        cargo
            .args(["fuzz", command, "--fuzz-dir", "fuzz/libfuzzer"])
            .arg("--target-dir")
            .arg(self.folder("build"));
        if !self.nightly {
            cargo.args(["--sanitizer", "none"]);
        }
        cargo
    }

    /// Nothing of a run is committed.
    fn folder(&self, name: &str) -> PathBuf {
        self.workspace.root().join("target/fuzz").join(name)
    }

    /// The names of the targets, or of the one that is asked for.
    fn targets(&self, only: Option<&str>) -> Result<Vec<String>> {
        let folder = self.workspace.root().join("fuzz/libfuzzer/fuzz_targets");
        let files = folder
            .read_dir()
            .with_context(|| format!("cannot read {}", folder.display()))?;
        let names = files.flatten().filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            Some(name.strip_suffix(".rs")?.to_owned())
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        match only {
            None => Ok(names),
            Some(name) if names.iter().any(|n| n == name) => Ok(vec![name.to_owned()]),
            Some(name) => bail!("no target `{name}`; there are {}", names.join(", ")),
        }
    }

    fn build(&self) -> Result<()> {
        // The versions that are shipped, without a second file to keep.
        let root = self.workspace.root();
        std::fs::copy(
            root.join("Cargo.lock"),
            root.join("fuzz/libfuzzer/Cargo.lock"),
        )
        .context("cannot copy Cargo.lock to fuzz/libfuzzer/")?;
        process::run(&mut self.cargo_fuzz("build"))?;
        let mut seeds = self.workspace.cargo();
        seeds
            .args([
                "run",
                "--quiet",
                "--package",
                "ostler-fuzz",
                "--bin",
                "seeds",
            ])
            .arg("--")
            .arg(self.folder("corpus"));
        process::run(&mut seeds)?;
        let findings = self.folder("findings");
        std::fs::create_dir_all(&findings)
            .with_context(|| format!("cannot create {}", findings.display()))
    }

    /// Runs a target; says whether it survived.
    fn fuzz(&self, target: &str, seconds: u32) -> Result<bool> {
        let mut cargo = self.cargo_fuzz("run");
        let findings = self.folder("findings").join(target);
        cargo
            .arg(target)
            .arg(self.folder("corpus").join(target))
            .args(["--", "-timeout=10", "-rss_limit_mb=2048"])
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}-", findings.display()))
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = cargo
            .spawn()
            .with_context(|| format!("cannot start `{}`", process::shown(&cargo)))?;
        let output = child.stderr.take().context("the output is not piped")?;
        let mut shown = Shown::default();
        let mut reached = None;
        let mut told = now();
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            reached = progress(&line).or(reached);
            if let Some(reached) = &reached
                && told.elapsed() >= PERIOD
            {
                say(format!("    {reached}"));
                told = now();
            }
            shown.take(line);
        }
        let survived = child.wait()?.success();
        if let Some(reached) = reached {
            say(format!("    {reached}"));
        }
        if !survived {
            (shown.lines.iter()).for_each(|line| say(format!("    | {line}")));
            say(format!(
                "    FINDING: move {}-* to fuzz/regressions/{target}/, fix it, and `cargo test -p ostler-fuzz`",
                findings.display()
            ));
        }
        Ok(survived)
    }
}

/// What is shown of a finding: how it begins, else the last lines.
#[derive(Default)]
struct Shown {
    lines: VecDeque<String>,
    begun: bool,
}

impl Shown {
    fn take(&mut self, line: String) {
        if !self.begun && (line.contains("panicked at") || line.contains("ERROR: ")) {
            self.begun = true;
            self.lines.clear();
        }
        if self.lines.len() == LINES {
            if self.begun {
                return;
            }
            self.lines.pop_front();
        }
        // Inputs and values may be long.
        self.lines.push_back(line.chars().take(400).collect());
    }
}

/// What a line of the engine, such as `#2048  pulse  cov: 512 ft: 1200 corp:
/// 99/12Kb …`, says of how far it is.
fn progress(line: &str) -> Option<String> {
    let (inputs, rest) = line.strip_prefix('#')?.split_once(char::is_whitespace)?;
    let inputs: u64 = inputs.parse().ok()?;
    let value = |name: &str| rest.split(name).nth(1)?.split_whitespace().next();
    Some(format!(
        "{inputs} inputs, {} edges reached, corpus of {}",
        value("cov: ")?,
        value("corp: ")?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let parse = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            Options::parse(&args)
        };
        let options = |target: Option<&str>, seconds| Options {
            target: target.map(str::to_owned),
            seconds,
        };
        assert_eq!(parse(&[]).unwrap(), options(None, 60));
        assert_eq!(
            parse(&["--seconds", "5", "json"]).unwrap(),
            options(Some("json"), 5)
        );
        for bad in [
            &["--seconds"][..],
            &["--seconds", "0"],
            &["json", "wit"],
            &["--fast"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_finding_is_shown_from_its_beginning() {
        let mut shown = Shown::default();
        for i in 0..30 {
            shown.take(format!("before {i}"));
        }
        assert_eq!((shown.lines.len(), &*shown.lines[0]), (LINES, "before 10"));
        shown.take("thread 'main' panicked at x.rs:1:1:".to_owned());
        for i in 0..30 {
            shown.take(format!("after {i}"));
        }
        assert_eq!((shown.lines.len(), &*shown.lines[1]), (LINES, "after 0"));
    }

    #[test]
    fn what_the_engine_says() {
        let line = "#2048\tpulse  cov: 512 ft: 1200 corp: 99/12Kb lim: 100 exec/s: 51 rss: 45Mb";
        let said = "2048 inputs, 512 edges reached, corpus of 99/12Kb";
        assert_eq!(progress(line).as_deref(), Some(said));
        assert_eq!(progress("INFO: Loaded 1 modules"), None);
        assert_eq!(progress("#0 0x55d in main"), None);
    }
}
