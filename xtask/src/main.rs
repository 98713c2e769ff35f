//! `cargo xtask <command>`: everything a person or a CI machine runs.
//!
//! Knows no crate of the host: it starts cargo, the host's binary and `curl`
//! as a person would.

mod bench;
mod clients;
mod conformance;
mod demo;
mod digest;
mod fuzz;
mod guests;
mod interop;
mod node;
mod process;
mod progress;
mod python;
mod setup;
mod swap;
mod test;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Usage: cargo xtask <command>

Commands:
  setup    make this machine able to build guests and to run all tests
  guests   build every example and test guest into target/guests/
  demo     set-up, host, examples, then one call of each pattern
  test     everything CI checks; the last line is `N passed, N failed`
  bench    measure against native peers
             --json FILE   also write the figures as flat JSON
             --quick       short rounds, to see that it works
  conformance
           run the Connect conformance suite against the host; needs Go
             --run PATTERN only these cases, such as `Basic/**`
  fuzz     throw hostile input at what reads it; needs cargo-fuzz
             [TARGET]      one of them
             --seconds N   for each; 60 unless said otherwise
  interop  run clients that are not on every machine against the host: grpcurl,
           and pages in Chromium; needs Go, Node and Chromium
  swap-test
           swap versions 100 times under 100,000 calls, and once more with guests
           in Python and JavaScript among them
  help     show this
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        eprint!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    let known = ["setup", "guests", "demo", "test", "interop", "swap-test"];
    if let Some(extra) = rest.first()
        && known.contains(&command.as_str())
    {
        bail!("`{command}` takes no arguments, found `{extra}`\n\n{HELP}");
    }
    match command.as_str() {
        "setup" => setup::run()
            .and_then(|_| clients::run())
            .map(|()| ExitCode::SUCCESS),
        "guests" => guests::run().map(|()| ExitCode::SUCCESS),
        "demo" => demo::run().map(|()| ExitCode::SUCCESS),
        "test" => test::run(),
        "bench" => bench::run(&bench::Options::parse(rest)?).map(|()| ExitCode::SUCCESS),
        "conformance" => conformance::run(&conformance::Options::parse(rest)?),
        conformance::SERVER => conformance::serve(rest).map(|()| ExitCode::SUCCESS),
        "interop" => interop::run(),
        "swap-test" => swap::run(),
        "fuzz" => fuzz::run(&fuzz::Options::parse(rest)?),
        "help" | "--help" | "-h" => {
            progress::say(HELP);
            Ok(ExitCode::SUCCESS)
        }
        unknown => bail!("unknown command `{unknown}`\n\n{HELP}"),
    }
}
