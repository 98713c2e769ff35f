//! Loads one method of a running server: `load ADDRESS PATH BODY [KEY=VALUE…]`
//! with `connections`, `streams` and `seconds`. The body is JSON, and `lines` or
//! `bytes` say what a stream answers; or it is protobuf in hexadecimal digits,
//! and `grpc` says how many messages are answered, or `connect` how many bytes.
//! For profiles and experiments; `cargo xtask bench` does the measuring.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ostler_benches::load::{self, Call, Effort, Expected, Protocol};

const USAGE: &str = "usage: load ADDRESS PATH BODY [connections=64] [streams=1] [seconds=3] \
     [lines=N | bytes=N | grpc=N | connect=N]";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, body, options @ ..] = args.as_slice() else {
        bail!("{USAGE}");
    };
    let mut effort = Effort {
        connections: 64,
        streams: 1,
        warm_up: Duration::from_millis(500),
        measure: Duration::from_secs(3),
    };
    let mut call = Call {
        protocol: Protocol::Http,
        path: path.clone(),
        body: body.clone().into(),
        accept: "*/*",
        expected: Expected::Json,
    };
    for option in options {
        let (key, value) = option.split_once('=').context(USAGE)?;
        let value: usize = value.parse().with_context(|| format!("{key}: {value}"))?;
        match key {
            "connections" => effort.connections = value,
            "streams" => effort.streams = value,
            "seconds" => effort.measure = Duration::from_secs(value as u64),
            "lines" => call.expected = Expected::Lines(value),
            "bytes" => {
                call.expected = Expected::Bytes(value);
                call.accept = "application/octet-stream";
            }
            "grpc" => {
                call.protocol = Protocol::Grpc;
                call.expected = Expected::Frames(value);
                call.body = bytes(body)?;
            }
            "connect" => {
                call.protocol = Protocol::Connect;
                call.expected = Expected::Bytes(value);
                call.body = bytes(body)?;
            }
            _ => bail!("unknown option `{key}`\n{USAGE}"),
        }
    }
    let report = load::run(address.parse().context(USAGE)?, &call, effort)?;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// The bytes of hexadecimal digits.
fn bytes(digits: &str) -> Result<Vec<u8>> {
    let byte = |at: usize| {
        let pair = digits.get(at..at + 2).unwrap_or("an odd number of digits");
        u8::from_str_radix(pair, 16).with_context(|| format!("{digits}: {pair:?}"))
    };
    (0..digits.len()).step_by(2).map(byte).collect()
}
