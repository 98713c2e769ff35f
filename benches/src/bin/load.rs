//! Loads one method of a running server: `load ADDRESS PATH JSON [KEY=VALUE…]`
//! with `connections`, `seconds`, and `lines` or `bytes` for a stream. For
//! profiles and experiments; `cargo xtask bench` does the measuring.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ostler_benches::load::{self, Call, Effort, Expected};

const USAGE: &str =
    "usage: load ADDRESS PATH JSON [connections=64] [seconds=3] [lines=N | bytes=N]";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, body, options @ ..] = args.as_slice() else {
        bail!("{USAGE}");
    };
    let mut effort = Effort {
        connections: 64,
        warm_up: Duration::from_millis(500),
        measure: Duration::from_secs(3),
    };
    let mut call = Call {
        path: path.clone(),
        body: body.clone(),
        accept: "*/*",
        expected: Expected::Json,
    };
    for option in options {
        let (key, value) = option.split_once('=').context(USAGE)?;
        let value: usize = value.parse().with_context(|| format!("{key}: {value}"))?;
        match key {
            "connections" => effort.connections = value,
            "seconds" => effort.measure = Duration::from_secs(value as u64),
            "lines" => call.expected = Expected::Lines(value),
            "bytes" => {
                call.expected = Expected::Bytes(value);
                call.accept = "application/octet-stream";
            }
            _ => bail!("unknown option `{key}`\n{USAGE}"),
        }
    }
    let report = load::run(address.parse().context(USAGE)?, &call, effort)?;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}
