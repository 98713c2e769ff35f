//! Memory of open WebSockets, idle and with a stream, and their end when the
//! host is told to stop.
//!
//! `sockets OSTLER GUESTS [--quick]`: the client is this process, so that what
//! is measured is the host's memory alone.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use ostler_benches::config::Config;
use ostler_benches::cores::Cores;
use ostler_benches::figures::Figures;
use ostler_benches::server::Server;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

type Socket = WebSocketStream<TcpStream>;

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every limit that so many sockets and streams reach; the pings of the host
/// would wake up a client that is being measured.
const CONFIG: &str = "[server.http]\nconnections = 20000\nconnections-per-ip = 20000\nkeep-alive = \"10m\"\n[limits]\nconcurrency = 2100\ntimeout = \"10m\"\nstream-idle = \"10m\"\n";

const OPEN: &str =
    r#"{"type":"request","service":"users","method":"conversation","id":"1","payload":null}"#;
const TALK: &str = r#"{"type":"stream_push","id":"1","payload":{"text":"hello","user":"ada"}}"#;
const END: &str = r#"{"type":"stream_end","id":"1"}"#;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (ostler, guests, sockets) = match args.as_slice() {
        [ostler, guests] => (ostler, guests, 10_000),
        [ostler, guests, flag] if flag == "--quick" => (ostler, guests, 1_000),
        _ => bail!("usage: sockets OSTLER GUESTS [--quick]"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let figures = runtime.block_on(measure(Path::new(ostler), Path::new(guests), sockets))?;
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

/// Opens `sockets`, a fifth of them with a stream, and ends them.
async fn measure(ostler: &Path, guests: &Path, sockets: usize) -> Result<Figures> {
    let config = Config::write(CONFIG)?;
    let mut command = Command::new(ostler);
    command
        .arg("run")
        .arg(guests.join("users.wasm"))
        .args(["--listen", "127.0.0.1:0", "--json", "--config"])
        .arg(config.path())
        .stderr(Stdio::null());
    let mut server = Server::start(&mut command, Cores::pick()?)?;
    let address = server.address();
    // Pays for what is paid once: the first socket, the first instance.
    let mut first = open(address).await?;
    converse(&mut first).await?;
    let before = server.rss_kib()?;
    let mut idle = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        idle.push(open(address).await?);
    }
    let opened = server.rss_kib()?;
    let streaming = sockets / 5;
    let mut talking = idle.split_off(sockets - streaming);
    for socket in &mut talking {
        converse(socket).await?;
    }
    let after = server.rss_kib()?;
    let each = |from: u64, to: u64, of: usize| to.saturating_sub(from) as f64 / of as f64;
    let (socket, stream) = (
        each(before, opened, sockets),
        each(opened, after, streaming),
    );
    eprintln!(
        "  {sockets} sockets: {before} KiB before, {opened} KiB after, {socket:.1} KiB each; \
         {streaming} streams on them: {after} KiB, {stream:.1} KiB each"
    );
    talking.push(first);
    server.terminate();
    let (idle, talking) = (
        all_closed(idle, false).await?,
        all_closed(talking, true).await?,
    );
    ensure!(server.wait()?.success(), "the host did not stop in order");
    eprintln!("  stopped: {idle} idle sockets and {talking} with a stream were closed in order");
    let mut figures = Figures::new();
    figures.set("idle_socket_kib", socket);
    figures.set("socket_stream_kib", stream);
    figures.set("sockets_closed", (idle + talking) as f64);
    Ok(figures)
}

async fn open(address: SocketAddr) -> Result<Socket> {
    let mut request = format!("ws://{address}").into_client_request()?;
    let protocol = "ostler.v1".parse()?;
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let connection = TcpStream::connect(address).await?;
    connection.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(1 << 10);
    let (socket, _) = client_async_with_config(request, connection, Some(config)).await?;
    Ok(socket)
}

/// Opens a stream, and sees that it lives.
async fn converse(socket: &mut Socket) -> Result<()> {
    for text in [OPEN, TALK] {
        socket.send(Message::text(text)).await?;
    }
    let reply = tokio::time::timeout(PATIENCE, socket.next()).await?;
    let reply = reply.context("the socket was closed")??;
    let text = reply.to_text()?;
    ensure!(
        text.contains("ada, you said: hello"),
        "a stream says {text}"
    );
    Ok(())
}

/// How many were closed with 1001 after what they had open was finished.
async fn all_closed(sockets: Vec<Socket>, talking: bool) -> Result<usize> {
    let count = sockets.len();
    let mut closing = JoinSet::new();
    for mut socket in sockets {
        closing.spawn(async move {
            if talking {
                socket.send(Message::text(END)).await?;
                let end = socket.next().await.context("no end came")??;
                ensure!(end.to_text()?.contains("stream_end"), "a stream says {end}");
            }
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001 => {}
                other => bail!("a socket ended with {other:?}"),
            }
            // Answers the close.
            while socket.next().await.is_some() {}
            Ok(())
        });
    }
    let closed = async {
        while let Some(ended) = closing.join_next().await {
            ended??;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, closed).await??;
    Ok(count)
}
