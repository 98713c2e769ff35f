//! HTTP/1.1 through the host and through the native peer, in turns.
//!
//! `http OSTLER GUESTS [--quick]`: the host's binary and the folder of
//! components. Writes what it sees to standard error and the figures as one
//! line of JSON to standard output.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use ostler_benches::cores::Cores;
use ostler_benches::figures::{Figures, median};
use ostler_benches::load::{self, Call, Effort, Expected, Report};
use ostler_benches::server::Server;

const ITEMS: usize = 10_000;
const DOWNLOAD: usize = 8 << 20;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (ostler, guests, quick) = match args.as_slice() {
        [ostler, guests] => (ostler, guests, false),
        [ostler, guests, flag] if flag == "--quick" => (ostler, guests, true),
        _ => bail!("usage: http OSTLER GUESTS [--quick]"),
    };
    let cores = Cores::pick()?;
    let host = Server::start(&mut host(Path::new(ostler), Path::new(guests)), cores)?;
    let peer = Server::start(&mut Command::new(sibling("peer")?), cores)?;
    let bench = Bench { host, peer, quick };
    let mut figures = Figures::new();

    let unary = bench.compare("unary", &unary(), 64)?;
    figures.set(
        "http_unary_ratio_axum",
        unary.ratio(Report::calls_per_second),
    );
    figures.set("http_unary_rps", unary.host(Report::calls_per_second));

    let stream = bench.compare("stream", &stream(), 8)?;
    figures.set(
        "http_stream_ratio_axum",
        stream.ratio(Report::items_per_second),
    );
    figures.set(
        "http_stream_items_per_s",
        stream.host(Report::items_per_second),
    );

    let download = bench.compare("download", &download(), 4)?;
    figures.set(
        "http_download_ratio_axum",
        download.ratio(Report::bytes_per_second),
    );
    figures.set(
        "http_download_gb_per_s",
        download.host(Report::bytes_per_second) / 1e9,
    );

    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

/// The host as a person starts it: nothing is tuned for the measurement.
fn host(ostler: &Path, guests: &Path) -> Command {
    let mut command = Command::new(ostler);
    command
        .arg("run")
        .arg(guests.join("users.wasm"))
        .arg(guests.join("blobs.wasm"))
        .args(["--listen", "127.0.0.1:0", "--json"])
        .stderr(Stdio::null());
    command
}

/// A program built beside this one.
fn sibling(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let folder = me.parent().context("this program is in no folder")?;
    Ok(folder.join(name))
}

fn unary() -> Call {
    Call {
        path: "/users/get_user".into(),
        body: r#"{"user_id":7}"#.into(),
        accept: "*/*",
        expected: Expected::Json,
    }
}

fn stream() -> Call {
    Call {
        path: "/users/list_users".into(),
        body: format!(r#"{{"limit":{ITEMS}}}"#),
        accept: "*/*",
        expected: Expected::Lines(ITEMS),
    }
}

fn download() -> Call {
    Call {
        path: "/blobs/download".into(),
        body: format!(r#"{{"size":{DOWNLOAD}}}"#),
        accept: "application/octet-stream",
        expected: Expected::Bytes(DOWNLOAD),
    }
}

struct Bench {
    host: Server,
    peer: Server,
    quick: bool,
}

/// What host and peer did, round by round.
struct Rounds(Vec<(Report, Report)>);

impl Bench {
    /// Host and peer in turns, so that what else the machine does hits both.
    fn compare(&self, name: &str, call: &Call, connections: usize) -> Result<Rounds> {
        let (rounds, measure) = if self.quick { (3, 400) } else { (9, 1_500) };
        let effort = Effort {
            connections,
            warm_up: Duration::from_millis(300),
            measure: Duration::from_millis(measure),
        };
        let host = call.once(self.host.address())?;
        let peer = call.once(self.peer.address())?;
        ensure!(
            host == peer,
            "{}: host and peer answer differently",
            call.path
        );
        let mut reports = Vec::with_capacity(rounds);
        for round in 1..=rounds {
            let host = load::run(self.host.address(), call, effort).context("the host")?;
            eprintln!("  {name} {round}/{rounds}  ostler {host}");
            let peer = load::run(self.peer.address(), call, effort).context("the peer")?;
            eprintln!("  {name} {round}/{rounds}  axum   {peer}");
            reports.push((host, peer));
        }
        Ok(Rounds(reports))
    }
}

impl Rounds {
    fn ratio(&self, figure: fn(&Report) -> f64) -> f64 {
        let ratios = self
            .0
            .iter()
            .map(|(host, peer)| figure(host) / figure(peer));
        median(ratios.collect())
    }

    fn host(&self, figure: fn(&Report) -> f64) -> f64 {
        median(self.0.iter().map(|(host, _)| figure(host)).collect())
    }
}
