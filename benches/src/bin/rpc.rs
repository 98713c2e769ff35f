//! gRPC and Connect through the host and through native peers, in turns.
//!
//! `rpc OSTLER GUESTS [--quick]`: the host's binary and the folder of
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

const ITEMS: u16 = 10_000;

/// As many calls at a time as over HTTP/1.1, on connections that clients share.
const UNARY: Width = Width {
    connections: 8,
    streams: 8,
};
/// Clients with a connection each, so that no two answers can go out together.
const APART: Width = Width {
    connections: 64,
    streams: 1,
};
const STREAM: Width = Width {
    connections: 8,
    streams: 1,
};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (ostler, guests, quick) = match args.as_slice() {
        [ostler, guests] => (ostler, guests, false),
        [ostler, guests, flag] if flag == "--quick" => (ostler, guests, true),
        _ => bail!("usage: rpc OSTLER GUESTS [--quick]"),
    };
    let cores = Cores::pick()?;
    let (ostler, guests) = (Path::new(ostler), Path::new(guests));
    let mut command = host(ostler, guests, &["users", "bench-load"]);
    let host = Server::start(&mut command, cores)?;
    let tonic = Server::start(&mut Command::new(sibling("peer-tonic")?), cores)?;
    let connectrpc = Server::start(&mut Command::new(sibling("peer-connectrpc")?), cores)?;
    let compare = |about: &str, call: &Call, width, peers: &[(&'static str, &Server)]| {
        let contender = |(name, server)| Contender { name, server, call };
        let servers = [("ostler", &host)].into_iter().chain(peers.iter().copied());
        let contenders: Vec<_> = servers.map(contender).collect();
        Rounds::run(about, &contenders, width, quick)
    };
    let tonic = ("tonic", &tonic);
    let connectrpc = ("connectrpc", &connectrpc);
    let mut figures = Figures::new();

    let grpc = compare(
        "grpc",
        &get_user(Protocol::Grpc),
        UNARY,
        &[connectrpc, tonic],
    )?;
    let ratio = grpc.ratio(1, Report::calls_per_second);
    figures.set("grpc_unary_ratio_connectrpc", ratio);
    let ratio = grpc.ratio(2, Report::calls_per_second);
    figures.set("grpc_unary_ratio_tonic", ratio);
    figures.set("grpc_unary_rps", grpc.host(Report::calls_per_second));

    let apart = compare(
        "apart",
        &get_user(Protocol::Grpc),
        APART,
        &[connectrpc, tonic],
    )?;
    let ratio = apart.ratio(1, Report::calls_per_second);
    figures.set("grpc_apart_ratio_connectrpc", ratio);
    let ratio = apart.ratio(2, Report::calls_per_second);
    figures.set("grpc_apart_ratio_tonic", ratio);

    let connect = compare(
        "connect",
        &get_user(Protocol::Connect),
        UNARY,
        &[connectrpc],
    )?;
    let ratio = connect.ratio(1, Report::calls_per_second);
    figures.set("connect_unary_ratio_connectrpc", ratio);
    figures.set("connect_unary_rps", connect.host(Report::calls_per_second));

    let each = compare("stream", &send("SendEach"), STREAM, &[tonic])?;
    let ratio = each.ratio(1, Report::items_per_second);
    figures.set("grpc_stream_ratio_tonic", ratio);
    let items = each.host(Report::items_per_second);
    figures.set("grpc_stream_items_per_s", items);

    let all = compare("batches", &send("SendAll"), STREAM, &[])?;
    let items = all.host(Report::items_per_second);
    figures.set("grpc_stream_batch_items_per_s", items);

    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

fn get_user(protocol: Protocol) -> Call {
    /// `username: "user-7", age: 25`
    const USER: usize = 10;
    Call {
        protocol,
        path: "/demo.users.v1.Users/GetUser".into(),
        // `user_id: 7`
        body: vec![0x08, 7],
        accept: "",
        expected: match protocol {
            Protocol::Grpc => Expected::Frames(1),
            Protocol::Http | Protocol::Connect => Expected::Bytes(USER),
        },
    }
}

/// Users one by one or in batches, as the guest sends them.
fn send(method: &str) -> Call {
    Call {
        protocol: Protocol::Grpc,
        path: format!("/bench.load.v1.Load/{method}"),
        // `count: 10000`, of two bytes as long as it is less than 16,384.
        body: vec![0x08, (ITEMS & 0x7f) as u8 | 0x80, (ITEMS >> 7) as u8],
        accept: "",
        expected: Expected::Frames(ITEMS.into()),
    }
}
