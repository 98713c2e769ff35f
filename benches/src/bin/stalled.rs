//! Memory of streams that nobody reads, on shared HTTP/2 connections.
//!
//! `stalled OSTLER GUESTS [--quick]`: the client is this process, so that what
//! is measured is the host's memory alone.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::Request;
use ostler_benches::config::Config;
use ostler_benches::cores::Cores;
use ostler_benches::figures::Figures;
use ostler_benches::server::Server;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Streams of one connection; the host allows 200.
const PER_CONNECTION: usize = 100;

/// What the client would take of each stream if it read: HTTP/2's own default.
const WINDOW: u32 = 65_535;

/// Limits that 1,000 streams reach.
const CONFIG: &str = "[limits]\nconcurrency = 1100\ntimeout = \"10m\"\nstream-idle = \"10m\"\n";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (ostler, guests, streams) = match args.as_slice() {
        [ostler, guests] => (ostler, guests, 1_000),
        [ostler, guests, flag] if flag == "--quick" => (ostler, guests, 200),
        _ => bail!("usage: stalled OSTLER GUESTS [--quick]"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (ostler, guests) = (Path::new(ostler), Path::new(guests));
    let down = runtime.block_on(measure(ostler, guests, streams, Direction::Down))?;
    let up = runtime.block_on(measure(ostler, guests, streams, Direction::Up))?;
    let mut figures = Figures::new();
    figures.set("stalled_download_kib", down);
    figures.set("stalled_upload_kib", up);
    figures.set("stalled_stream_kib", down.max(up));
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Direction {
    /// The guest sends without end, the client does not read.
    Down,
    /// The client sends without end, the guest does not read.
    Up,
}

impl Direction {
    fn path(self) -> &'static str {
        match self {
            Self::Down => "/blobs/download",
            Self::Up => "/load/hold",
        }
    }
}

/// KiB of the host a stream, in a host of its own: what one direction leaves
/// allocated must not be free for the other.
async fn measure(
    ostler: &Path,
    guests: &Path,
    streams: usize,
    direction: Direction,
) -> Result<f64> {
    let config = Config::write(CONFIG)?;
    let mut command = Command::new(ostler);
    command
        .arg("run")
        .args(["blobs.wasm", "users.wasm", "bench-load.wasm"].map(|file| guests.join(file)))
        .args(["--listen", "127.0.0.1:0", "--json", "--config"])
        .arg(config.path())
        .stderr(Stdio::null());
    let server = Server::start(&mut command, Cores::pick()?)?;
    let mut client = Client::default();
    // Pays for what is paid once: the first connection, the first instance.
    client.open(server.address(), direction, 10).await?;
    let before = server.rss_kib()?;
    client.open(server.address(), direction, streams).await?;
    let after = settled(&server).await?;
    ensure!(
        client.tasks.try_join_next().is_none(),
        "a connection ended early"
    );
    let each = (after.saturating_sub(before)) as f64 / streams as f64;
    eprintln!(
        "  {direction:?}: {streams} streams, {before} KiB before, {after} KiB after, {each:.1} KiB each"
    );
    Ok(each)
}

/// Memory once it no longer grows.
async fn settled(server: &Server) -> Result<u64> {
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = server.rss_kib()?;
        if now <= last + 64 {
            return Ok(now);
        }
        last = now;
    }
}

/// Connections and what keeps their streams open.
#[derive(Default)]
struct Client {
    tasks: JoinSet<()>,
    connections: Vec<SendRequest<Bytes>>,
    downloads: Vec<RecvStream>,
    uploads: Vec<(ResponseFuture, SendStream<Bytes>)>,
}

impl Client {
    async fn open(
        &mut self,
        address: SocketAddr,
        direction: Direction,
        streams: usize,
    ) -> Result<()> {
        let mut left = streams;
        while left > 0 {
            let mut connection = self.connect(address).await?;
            let here = left.min(PER_CONNECTION);
            for _ in 0..here {
                match direction {
                    Direction::Down => self.download(&mut connection, address).await?,
                    Direction::Up => self.upload(&mut connection, address).await?,
                }
            }
            self.connections.push(connection);
            left -= here;
        }
        Ok(())
    }

    async fn connect(&mut self, address: SocketAddr) -> Result<SendRequest<Bytes>> {
        let socket = TcpStream::connect(address).await?;
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(WINDOW)
            // One stream that is not read must not hold up the others.
            .initial_connection_window_size(WINDOW * (PER_CONNECTION as u32 + 1))
            .handshake(socket)
            .await?;
        self.tasks.spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("  a connection failed: {error}");
            }
        });
        sender.ready().await.context("the connection is not ready")
    }

    async fn download(
        &mut self,
        connection: &mut SendRequest<Bytes>,
        address: SocketAddr,
    ) -> Result<()> {
        let request = request(address, Direction::Down)
            .header("content-type", "application/json")
            .header("accept", "application/octet-stream")
            .body(())?;
        let (response, mut body) = connection.send_request(request, false)?;
        // More than any machine sends while this runs.
        body.send_data(Bytes::from_static(br#"{"size":1000000000000}"#), true)?;
        let response = response.await?;
        ensure!(
            response.status() == 200,
            "a download was answered {response:?}"
        );
        self.downloads.push(response.into_body());
        Ok(())
    }

    /// Sends until the host takes no more.
    async fn upload(
        &mut self,
        connection: &mut SendRequest<Bytes>,
        address: SocketAddr,
    ) -> Result<()> {
        let request = request(address, Direction::Up)
            .header("content-type", "application/octet-stream")
            .body(())?;
        let (response, mut body) = connection.send_request(request, false)?;
        let chunk = Bytes::from(vec![7; 16 * 1024]);
        loop {
            body.reserve_capacity(chunk.len());
            let granted = std::future::poll_fn(|cx| body.poll_capacity(cx));
            // No window for so long is none at all: it is granted when the
            // guest reads, which this one does not.
            let Ok(granted) = tokio::time::timeout(Duration::from_millis(20), granted).await else {
                break;
            };
            let room = granted.context("the host ended an upload")??;
            body.send_data(chunk.slice(..room.min(chunk.len())), false)?;
        }
        self.uploads.push((response, body));
        Ok(())
    }
}

fn request(address: SocketAddr, direction: Direction) -> http::request::Builder {
    Request::post(format!("http://{address}{}", direction.path()))
}
