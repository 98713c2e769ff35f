//! HTTP/1.1 through the host and through the native peer, in turns.
//!
//! `http OSTLER GUESTS [--quick]`: the host's binary and the folder of
//! components. Writes what it sees to standard error and the figures as one
//! line of JSON to standard output.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use ostler_benches::cores::Cores;
use ostler_benches::figures::Figures;
use ostler_benches::load::{Call, Expected, Protocol, Report};
use ostler_benches::rounds::{Contender, Rounds, Width};
use ostler_benches::server::{Server, host, sibling};

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
    let (ostler, guests) = (Path::new(ostler), Path::new(guests));
    let mut command = host(ostler, guests, &["users", "blobs"]);
    let host = Server::start(&mut command, cores)?;
    let peer = Server::start(&mut Command::new(sibling("peer")?), cores)?;
    let compare = |about: &str, call: &Call, connections: usize| {
        let contender = |name, server| Contender { name, server, call };
        let contenders = [contender("ostler", &host), contender("axum", &peer)];
        let width = Width {
            connections,
            streams: 1,
        };
        Rounds::run(about, &contenders, width, quick)
    };
    let mut figures = Figures::new();

    let unary = compare("unary", &unary(), 64)?;
    let ratio = unary.ratio(1, Report::calls_per_second);
    figures.set("http_unary_ratio_axum", ratio);
    figures.set("http_unary_rps", unary.host(Report::calls_per_second));

    let stream = compare("stream", &stream(), 8)?;
    let ratio = stream.ratio(1, Report::items_per_second);
    figures.set("http_stream_ratio_axum", ratio);
    let items = stream.host(Report::items_per_second);
    figures.set("http_stream_items_per_s", items);

    let download = compare("download", &download(), 4)?;
    let ratio = download.ratio(1, Report::bytes_per_second);
    figures.set("http_download_ratio_axum", ratio);
    let bytes = download.host(Report::bytes_per_second);
    figures.set("http_download_gb_per_s", bytes / 1e9);

    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

fn unary() -> Call {
    Call {
        protocol: Protocol::Http,
        path: "/users/get_user".into(),
        body: br#"{"user_id":7}"#.into(),
        accept: "*/*",
        expected: Expected::Json,
    }
}

fn stream() -> Call {
    Call {
        protocol: Protocol::Http,
        path: "/users/list_users".into(),
        body: format!(r#"{{"limit":{ITEMS}}}"#).into(),
        accept: "*/*",
        expected: Expected::Lines(ITEMS),
    }
}

fn download() -> Call {
    Call {
        protocol: Protocol::Http,
        path: "/blobs/download".into(),
        body: format!(r#"{{"size":{DOWNLOAD}}}"#).into(),
        accept: "application/octet-stream",
        expected: Expected::Bytes(DOWNLOAD),
    }
}
